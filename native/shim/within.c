/* Syscall user dispatch around functions of libc. */
#include "within.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "attach.h"
#include "dispatch.h"
#include "entry.h"
#include "kernel.h"
#include "own_calls.h"
#include "real.h"
#include "sandbox.h"
#include "table.h"

#define RESTORER 0x04000000 /* SA_RESTORER, asm/signal.h */
#define SYSCALL_BYTES 2     /* of the instruction */

/* Handlers of the program run where its call waits, and nowhere else: its handlers' own system calls are theirs, and one
 * that blocks SIGSYS would be killed by the next. Not the signals of a thread's own faults. */
#define HELD ~(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGABRT))
/* libc's pthread_cancel(): it would unwind through the shim. The function ends first. */
#define CANCEL SIGNAL_BIT(32)

__thread volatile char within_selector;
static __thread uint64_t program_mask; /* the thread's signal mask as the program has it */

static struct sigaction program_action; /* for SIGSYS */
static _Atomic int installed;           /* 1: being done, 2: done */

/* Unwinders know it by its bytes. */
__asm__(".pushsection .text\n.globl within_restorer\n.hidden within_restorer\n.type within_restorer, @function\n"
        "nop\n" /* unwinders look up the address before */
        "within_restorer:\nmovq $15, %rax\nsyscall\nnop\n.size within_restorer, .-within_restorer\n.popsection\n");
#define RESTORER_BYTES 10 /* the kernel looks at the address behind the instruction */

/* ---- the handler ---- */

static bool may_wait(long number) {
    switch (number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_connect:
    case SYS_accept:
    case SYS_accept4:
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_flock:
        return true;
    default:
        return false;
    }
}

/* The program's mask, which the kernel does not know at the moment. */
static long change_mask(int how, const uint64_t *set, uint64_t *old) {
    uint64_t now = program_mask;
    if (set != NULL) {
        if (how == SIG_BLOCK) program_mask |= *set;
        else if (how == SIG_UNBLOCK) program_mask &= ~*set;
        else if (how == SIG_SETMASK) program_mask = *set;
        else return -EINVAL;
    }
    if (old != NULL) *old = now;
    return 0;
}

/* libc's resolver wants ICMP errors in full, and does not go on without; a connected socket tells them anyway. */
static bool is_icmp(const greg_t *r) {
    return (r[REG_RSI] == IPPROTO_IP && r[REG_RDX] == IP_RECVERR) ||
           (r[REG_RSI] == IPPROTO_IPV6 && r[REG_RDX] == IPV6_RECVERR);
}

static long call(const greg_t *r) {
    long number = r[REG_RAX], result;
    uint64_t held, mask = program_mask | CANCEL;
    if (number == SYS_rt_sigprocmask) return change_mask((int)r[REG_RDI], (void *)r[REG_RSI], (void *)r[REG_RDX]);
    if (number == SYS_setsockopt && is_icmp(r) && table_get((int)r[REG_RDI]) != RF_ENTRY_NONE) return 0;
    bool waits = may_wait(number);
    if (waits) raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &held, sizeof mask);
    result = syscall_of_socket(number, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
    if (result == -1) result = -errno;
    if (waits) raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &held, NULL, sizeof held);
    return result;
}

/* A SIGSYS that is not ours: a filter's, or somebody sent it. */
static void pass_on(int number, siginfo_t *info, void *context) {
    struct sigaction action = program_action;
    if (action.sa_handler == SIG_IGN && info->si_code <= 0) return;
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
        if ((action.sa_flags & SA_SIGINFO) != 0) action.sa_sigaction(number, info, context);
        else action.sa_handler(number);
        return;
    }
    action.sa_handler = SIG_DFL;
    real.sigaction(SIGSYS, &action, NULL);
    raw_call(SYS_tgkill, getpid(), raw_call(SYS_gettid), SIGSYS);
}

static void trapped(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    greg_t *r = u->uc_mcontext.gregs;
    if (info->si_code != CODE_DISPATCH) {
        pass_on(number, info, context);
        return;
    }
    if (within_selector == PASS) {
        own_calls_trapped(context);
        return;
    }
    within_selector = PASS;
    int kept = errno;
    switch (r[REG_RAX]) {
    /* What starts or ends a process or a thread does so from where it was called: the rest of the function goes on as
     * if it had not been entered. */
    case SYS_clone:
    case SYS_clone3:
    case SYS_fork:
    case SYS_vfork:
    case SYS_execve:
    case SYS_execveat:
    case SYS_exit:
    case SYS_exit_group:
        memcpy(&u->uc_sigmask, &program_mask, sizeof program_mask);
        r[REG_RIP] -= SYSCALL_BYTES;
        return;
    /* The end of a handler that ran in spite of all: of a fault. From where it is let through. */
    case SYS_rt_sigreturn:
        r[REG_RIP] = (greg_t)within_restorer;
        break;
    default:
        r[REG_RAX] = call(r);
    }
    errno = kept;
    within_selector = DISPATCH;
}

/* ---- entering and leaving ---- */

void within_install(void) {
    int state = 0;
    if (atomic_load_explicit(&installed, memory_order_acquire) == 2) return;
    if (!atomic_compare_exchange_strong(&installed, &state, 1)) {
        while (atomic_load(&installed) != 2) raw_call(SYS_sched_yield);
        return;
    }
    real.sigaction(SIGSYS, NULL, &program_action);
    struct kernel_sigaction action = {
        .handler = trapped, .flags = SA_SIGINFO | SA_NODEFER | RESTORER, .restorer = within_restorer};
    if (own_calls) action.flags |= SA_ONSTACK; /* Go's own stacks are small, and its handlers' are large */
    raw_call(SYS_rt_sigaction, SIGSYS, &action, NULL, sizeof action.mask);
    atomic_store(&installed, 2);
}

bool within_sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    if (number != SIGSYS || atomic_load_explicit(&installed, memory_order_relaxed) != 2) return false;
    struct sigaction before = program_action;
    if (action != NULL) program_action = *action;
    if (old != NULL) *old = before;
    return true;
}

struct within within_enter(void) {
    struct within within = {.mask = program_mask};
    if (!attachment_configured() || within_selector != PASS || sandbox_confined || process_is_borrowed()) return within;
    int kept = errno;
    uint64_t held = HELD;
    within_install();
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &held, &program_mask, sizeof held);
    /* An older kernel: libc asks the program's empty namespace, and knows what is in files. */
    within.entered =
        raw_call(SYS_prctl, SET_DISPATCH, DISPATCH_ON, within_restorer, RESTORER_BYTES, &within_selector) == 0;
    if (within.entered) within_selector = DISPATCH;
    else raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &program_mask, NULL, sizeof program_mask);
    errno = kept;
    return within;
}

void within_leave(struct within *within) {
    if (!within->entered) return;
    int kept = errno;
    within_selector = PASS;
    raw_call(SYS_prctl, SET_DISPATCH, DISPATCH_OFF, 0, 0, 0);
    if (own_calls) own_calls_dispatch();
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &program_mask, NULL, sizeof program_mask);
    program_mask = within->mask;
    errno = kept;
}

/* ---- the functions ---- */

#define RF_CALL(type, name, parameters, arguments)
#define RF_CALL_WORD(type, name, second)
#define RF_CALL_APART(name)
#define RF_CALL_WITHIN(type, name, parameters, arguments) \
    type shim_##name parameters {                         \
        WITHIN;                                           \
        return real.name arguments;                       \
    }
#include "calls.def"

/* The names that programs linked with a libc before 2.34 know the resolver's functions by. */
#define OLDER(name, parameters, arguments)                                                               \
    __attribute__((visibility("default"), used)) int older_##name parameters __asm__("__" #name);        \
    int older_##name parameters { return shim_##name arguments; }
OLDER(res_query, (const char *name, int class, int type, unsigned char *answer, int length),
      (name, class, type, answer, length))
OLDER(res_search, (const char *name, int class, int type, unsigned char *answer, int length),
      (name, class, type, answer, length))
OLDER(res_querydomain,
      (const char *name, const char *domain, int class, int type, unsigned char *answer, int length),
      (name, domain, class, type, answer, length))
OLDER(res_send, (const unsigned char *query, int query_length, unsigned char *answer, int length),
      (query, query_length, answer, length))
OLDER(res_nquery, (res_state state, const char *name, int class, int type, unsigned char *answer, int length),
      (state, name, class, type, answer, length))
OLDER(res_nsearch, (res_state state, const char *name, int class, int type, unsigned char *answer, int length),
      (state, name, class, type, answer, length))
OLDER(res_nquerydomain,
      (res_state state, const char *name, const char *domain, int class, int type, unsigned char *answer, int length),
      (state, name, domain, class, type, answer, length))
OLDER(res_nsend, (res_state state, const unsigned char *query, int query_length, unsigned char *answer, int length),
      (state, query, query_length, answer, length))
