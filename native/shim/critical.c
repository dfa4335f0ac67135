/* Critical sections and signals. */
#include "critical.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entry.h"
#include "own_calls.h"
#include "real.h"
#include "within.h"

static _Atomic bool handlers;

/* Not the signals of a thread's own faults: blocked, they would kill a program that handles them, and
 * copying to and from its buffers may well fault. */
#define BIT(number) (UINT64_C(1) << ((number)-1))
#define BLOCKABLE \
    ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS) | BIT(SIGABRT))

struct critical critical_enter_always(void) {
    struct critical section = {.blocked = true};
    uint64_t all = BLOCKABLE;
    int kept = errno;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &section.mask, sizeof all);
    errno = kept;
    return section;
}

struct critical critical_enter(void) {
    if (!atomic_load_explicit(&handlers, memory_order_relaxed)) return (struct critical){.blocked = false};
    return critical_enter_always();
}

void critical_leave(struct critical section) {
    if (!section.blocked) return;
    int kept = errno;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &section.mask, NULL, sizeof section.mask);
    errno = kept;
}

void critical_broken_pipe(void) { syscall(SYS_tgkill, getpid(), gettid(), SIGPIPE); }

void critical_note(void (*handler)(int)) {
    if (handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR) atomic_store(&handlers, true);
}

int shim_sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    /* sa_handler and sa_sigaction are one word. Before the call: the signal may come at once. */
    if (action != NULL) critical_note(action->sa_handler);
    if (within_sigaction(number, action, old)) return 0;
    struct sigaction changed;
    if (own_calls && action != NULL) {
        changed = *action;
        sigdelset(&changed.sa_mask, SIGSYS); /* no handler may run with it blocked */
        action = &changed;
    }
    return real.sigaction(number, action, old);
}

static sighandler_t within_signal(int number, sighandler_t handler, sighandler_t (*set)(int, sighandler_t)) {
    struct sigaction action = {.sa_handler = handler}, old;
    return within_sigaction(number, &action, &old) ? old.sa_handler : set(number, handler);
}

sighandler_t shim_signal(int number, sighandler_t handler) {
    critical_note(handler);
    return within_signal(number, handler, real.signal);
}

sighandler_t shim___sysv_signal(int number, sighandler_t handler) {
    critical_note(handler);
    return within_signal(number, handler, real.__sysv_signal);
}
