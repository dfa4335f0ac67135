/* System calls made by the executable's own code. */
#include "own_calls.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "dispatch.h"
#include "entry.h"
#include "kernel.h"
#include "loan.h"
#include "namespace.h"
#include "real.h"
#include "sandbox.h"
#include "table.h"
#include "within.h"

#undef p_type /* resolv.h */

#define NOTE_NAME "Go" /* of the linker's note with the build's id: cmd/internal/buildid/note.go */
#define NOTE_TYPE 4
/* Of a child: a completed environment lies there, and the largest that the kernel takes has 6 MB. */
#define STACK ((size_t)8 << 20)
#define GUARD ((size_t)4096)

bool own_calls;

/* Code whose calls the kernel does not hand over: on the libraries' side of the executable. */
static struct {
    uintptr_t start;
    size_t bytes;
} libraries;

/* ---- the executable ---- */

static bool has_note(const char *notes, size_t length) {
    for (size_t at = 0; length - at >= sizeof(ElfW(Nhdr));) {
        ElfW(Nhdr) note;
        memcpy(&note, notes + at, sizeof note);
        size_t name = at + sizeof note, next = name + ((note.n_namesz + 3) & ~3u) + ((note.n_descsz + 3) & ~3u);
        if (next > length || next < name) return false;
        if (note.n_type == NOTE_TYPE && note.n_namesz == sizeof NOTE_NAME + 1 &&
            memcmp(notes + name, NOTE_NAME "\0", sizeof NOTE_NAME + 1) == 0)
            return true;
        at = next;
    }
    return false;
}

/* Without any library the program starts its threads itself, and they have nothing that the shim could run with. */
static bool has_libraries(const ElfW(Dyn) *entry) {
    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_NEEDED) return true;
    return false;
}

void own_calls_begin(void) {
    const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    uintptr_t base = 0, from = UINTPTR_MAX, to = 0, here = (uintptr_t)&own_calls_begin;
    bool found = false, with_libraries = false;
    for (unsigned long i = 0; headers != NULL && i < count; i++)
        if (headers[i].p_type == PT_PHDR) base = (uintptr_t)headers - headers[i].p_vaddr;
    for (unsigned long i = 0; headers != NULL && i < count; i++) {
        uintptr_t start = base + headers[i].p_vaddr, end = start + headers[i].p_memsz;
        if (headers[i].p_type == PT_NOTE) found |= has_note((const char *)start, headers[i].p_memsz);
        if (headers[i].p_type == PT_DYNAMIC) with_libraries = has_libraries((const void *)start);
        if (headers[i].p_type != PT_LOAD) continue;
        if (start < from) from = start;
        if (end > to) to = end;
    }
    if (!found) return;
    if (!with_libraries) {
        static const char line[] = "ringfence: this program makes all its system calls itself, without libc: it is not behind the "
                                   "gateway\n";
        raw_call(SYS_write, STDERR_FILENO, line, sizeof line - 1);
        return;
    }
    /* Libraries lie above; below, if the stack is unlimited. */
    libraries.start = here > to ? to : 1;
    libraries.bytes = (here > to ? (uintptr_t)INT64_MAX : from) - libraries.start;
    own_calls = true;
    within_install();
    own_calls_dispatch();
}

static __thread volatile char always = DISPATCH; /* the selector */

void own_calls_dispatch(void) {
    uint64_t sigsys = SIGNAL_BIT(SIGSYS);
    if (sandbox_confined) return;
    raw_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &sigsys, NULL, sizeof sigsys);
    /* Linux older than 5.11: the program has what its empty namespace has. */
    raw_call(SYS_prctl, SET_DISPATCH, DISPATCH_ON, libraries.start, libraries.bytes, &always);
}

/* ---- the calls ---- */

static bool readable_or_null(const void *pointer, size_t length) { return pointer == NULL || readable(pointer, length); }
static bool writable_or_null(const void *pointer, size_t length) { return pointer == NULL || writable(pointer, length); }

/* What the end of the handler brings back is in its frame: masks and stacks are changed there. SIGSYS is never blocked:
 * the next call would kill the program. */
static long change_mask(ucontext_t *u, int how, const uint64_t *set, uint64_t *old) {
    uint64_t now, next;
    memcpy(&now, &u->uc_sigmask, sizeof now);
    next = now;
    if (!readable_or_null(set, sizeof *set)) return -EFAULT;
    if (set != NULL) {
        if (how == SIG_BLOCK) next |= *set;
        else if (how == SIG_UNBLOCK) next &= ~*set;
        else if (how == SIG_SETMASK) next = *set;
        else return -EINVAL;
    }
    next &= ~SIGNAL_BIT(SIGSYS);
    memcpy(&u->uc_sigmask, &next, sizeof next);
    if (!writable_or_null(old, sizeof *old)) return -EFAULT; /* it is changed all the same */
    if (old != NULL) *old = now;
    return 0;
}

/* By the kernel at once: it may refuse to exchange the stack at the handler's end, as long as that is where the handler runs
 * (Linux 6.12 and later). For this call alone `elsewhere` is the stack pointer, with nothing behind it, and no handler comes
 * between. */
static long set_stack(const stack_t *stack, uintptr_t elsewhere) {
    uint64_t all = UINT64_MAX, mask;
    long result;
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof all);
    __asm__ volatile("movq %%rsp, %%rbx\n"
                     "movq %[elsewhere], %%rsp\n"
                     "syscall\n"
                     "movq %%rbx, %%rsp\n"
                     : "=a"(result)
                     : "a"((long)SYS_sigaltstack), "D"(stack), "S"(NULL), [elsewhere] "r"(elsewhere)
                     : "rbx", "rcx", "r11", "memory");
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
    return result;
}

static long change_stack(ucontext_t *u, const stack_t *stack, stack_t *old) {
    stack_t before = u->uc_stack;
    if (before.ss_size == 0) before.ss_flags = SS_DISABLE; /* as the kernel answers, but not in the frame */
    uintptr_t sp = (uintptr_t)u->uc_mcontext.gregs[REG_RSP];
    bool on_it = (before.ss_flags & SS_DISABLE) == 0 && sp - (uintptr_t)before.ss_sp < before.ss_size;
    if (!readable_or_null(stack, sizeof *stack)) return -EFAULT;
    if (stack != NULL) {
        stack_t next = *stack;
        long error = on_it ? -EPERM : set_stack(&next, sp);
        if (error != 0) return error;
        u->uc_stack = next;
    }
    if (!writable_or_null(old, sizeof *old)) return -EFAULT;
    if (old != NULL) {
        *old = before;
        if (on_it) old->ss_flags |= SS_ONSTACK;
    }
    return 0;
}

/* The handler of SIGSYS stays the shim's, whatever the program sets for every signal there is; and no other one runs with
 * SIGSYS blocked. */
static long change_action(long number, const struct kernel_sigaction *action, struct kernel_sigaction *old, size_t mask_bytes) {
    static struct kernel_sigaction kept;
    struct kernel_sigaction changed = {0};
    if (mask_bytes != sizeof changed.mask) return -EINVAL;
    if (!readable_or_null(action, sizeof *action)) return -EFAULT;
    if (action != NULL) changed = *action;
    if (number == SIGSYS) {
        if (!writable_or_null(old, sizeof *old)) return -EFAULT;
        if (old != NULL) *old = kept;
        /* What a child that shares the memory sets is its own, and over when it becomes another program. */
        if (action == NULL || process_is_borrowed()) return 0;
        kept = changed;
        struct sigaction for_libc = {.sa_sigaction = changed.handler, .sa_flags = (int)changed.flags};
        within_sigaction(SIGSYS, &for_libc, NULL);
        return 0;
    }
    changed.mask &= ~SIGNAL_BIT(SIGSYS);
    long result = syscall_of_socket(SYS_rt_sigaction, number, action == NULL ? 0 : (long)&changed, (long)old, (long)mask_bytes, 0, 0);
    return result == -1 ? -errno : result;
}

/* fork() and vfork() by number, as Go starts programs.
 *
 * A child that shares the memory must not touch the frames of its parent, which waits for it in the handler: it leaves the
 * handler by what is in registers, and has a signal stack of its own for the calls that follow, beside its parent's. The
 * kernel does not pass dispatch on: the child asks for it. No signal comes until it has left the handler. */
struct child {
    greg_t *result;          /* 0: its own, in the frame */
    ucontext_t *frame;       /* 8 */
    unsigned long *depth;    /* 16: one vfork deeper */
    uintptr_t dispatched;    /* 24: not where a filter may forbid it */
    uintptr_t start, bytes;  /* 32, 40: of the libraries */
    volatile char *selector; /* 48 */
    const stack_t *stack;    /* 56: NULL if it has its parent's, in memory of its own */
    char *stack_end;         /* 64 */
};

static long start_process(const struct child *child) {
    const greg_t *r = child->frame->uc_mcontext.gregs;
    register long r10 __asm__("r10") = r[REG_R10];
    register long r8 __asm__("r8") = r[REG_R8];
    long result;
    __asm__ volatile("syscall\n"
                     "testq %%rax, %%rax\njnz 1f\n"
                     "movq (%[child]), %%rax\nmovq $0, (%%rax)\n"
                     "movq 16(%[child]), %%rax\nincq (%%rax)\n"
                     "cmpq $0, 24(%[child])\nje 2f\n"
                     "movl %[set], %%edi\nmovl %[on], %%esi\n"
                     "movq 32(%[child]), %%rdx\nmovq 40(%[child]), %%r10\nmovq 48(%[child]), %%r8\n"
                     "movl %[prctl], %%eax\nsyscall\n"
                     "movq 56(%[child]), %%rdi\ntestq %%rdi, %%rdi\njz 2f\n"
                     "xorl %%esi, %%esi\nmovq 64(%[child]), %%rsp\n"
                     "movl %[stack], %%eax\nsyscall\n"
                     "2:\n"
                     "movq 8(%[child]), %%rsp\n"
                     "movl %[sigreturn], %%eax\nsyscall\n"
                     "1:\n"
                     : "=a"(result)
                     : "a"(r[REG_RAX]), "D"(r[REG_RDI]), "S"(r[REG_RSI]), "d"(r[REG_RDX]), "r"(r10), "r"(r8), [child] "b"(child),
                       [set] "i"(SET_DISPATCH), [on] "i"(DISPATCH_ON), [prctl] "i"(SYS_prctl), [sigreturn] "i"(SYS_rt_sigreturn), [stack] "i"(SYS_sigaltstack)
                     : "rcx", "r11", "memory");
    return result;
}

/* Without a page that can be touched, at its lower end. NULL if there is no memory. */
static void *make_stack(void) {
    char *stack = mmap(NULL, STACK + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return NULL;
    if (mprotect(stack + GUARD, STACK, PROT_READ | PROT_WRITE) == 0) return stack;
    munmap(stack, STACK + GUARD);
    return NULL;
}

static bool is_thread(const greg_t *r) {
    return r[REG_RAX] == SYS_clone && r[REG_RSI] != 0; /* clone3() is answered ENOSYS, upon which clone() is called */
}

static long start(ucontext_t *u) {
    greg_t *r = u->uc_mcontext.gregs;
    const int borrows = CLONE_VM | CLONE_VFORK;
    int flags = r[REG_RAX] == SYS_clone ? (int)r[REG_RDI] : r[REG_RAX] == SYS_vfork ? borrows : 0;
    unsigned long unused = 0, depth = process_depth;
    bool borrowed = (flags & borrows) == borrows;
    if (is_thread(r)) return -EAGAIN;
    /* Two that run at the same time on one stack have only themselves to blame. */
    bool dispatched = !sandbox_confined && (borrowed || (flags & CLONE_VM) == 0);
    struct child child = {.result = &r[REG_RAX], .frame = u, .depth = borrowed ? &process_depth : &unused, .dispatched = dispatched,
                          .start = libraries.start, .bytes = libraries.bytes, .selector = &always};
    stack_t before = u->uc_stack;
    char *stack = NULL;
    if (borrowed && dispatched) {
        stack = make_stack();
        if (stack == NULL) return -ENOMEM;
        u->uc_stack = (stack_t){.ss_sp = stack + GUARD, .ss_size = STACK};
        child.stack = &u->uc_stack;
        child.stack_end = stack + GUARD + STACK;
    }
    namespace_leaving(flags);
    uint64_t all = UINT64_MAX, mask;
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof all);
    loan_suspend();
    long result = start_process(&child);
    loan_resume();
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
    process_depth = depth;
    u->uc_stack = before;
    if (stack != NULL) munmap(stack, STACK + GUARD);
    return result;
}

void own_calls_trapped(ucontext_t *u) {
    greg_t *r = u->uc_mcontext.gregs;
    int kept = errno;
    long result;
    switch (r[REG_RAX]) {
    /* From where it is let through. */
    case SYS_rt_sigreturn:
        r[REG_RIP] = (greg_t)within_restorer;
        errno = kept;
        return;
    case SYS_rt_sigprocmask:
        result = change_mask(u, (int)r[REG_RDI], (void *)r[REG_RSI], (void *)r[REG_RDX]);
        break;
    case SYS_sigaltstack:
        result = change_stack(u, (void *)r[REG_RDI], (void *)r[REG_RSI]);
        break;
    case SYS_clone3:
        result = -ENOSYS;
        break;
    case SYS_clone:
    case SYS_fork:
    case SYS_vfork:
        result = start(u);
        break;
    case SYS_rt_sigaction:
        result = change_action(r[REG_RDI], (void *)r[REG_RSI], (void *)r[REG_RDX], (size_t)r[REG_R10]);
        break;
    default:
        result = syscall_of_socket(r[REG_RAX], r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
        if (result == -1) result = -errno;
    }
    r[REG_RAX] = result;
    errno = kept;
}

/* ---- threads, and masks by way of libc ---- */

struct beginning {
    void *(*start)(void *);
    void *argument;
};

static void *begin_thread(void *given) {
    struct beginning beginning = *(struct beginning *)given;
    free(given);
    own_calls_dispatch();
    return beginning.start(beginning.argument);
}

int shim_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    if (real.pthread_create == NULL) real_resolve();
    if (!own_calls) return real.pthread_create(thread, attributes, start, argument);
    struct beginning *beginning = malloc(sizeof *beginning);
    if (beginning == NULL) return EAGAIN;
    *beginning = (struct beginning){start, argument};
    int error = real.pthread_create(thread, attributes, begin_thread, beginning);
    if (error != 0) free(beginning);
    return error;
}

/* By the kernel itself: sanitizers call this before anything of libc's was looked up. Nobody blocks libc's own two signals. */
static int change_kernels_mask(int how, const sigset_t *set, sigset_t *old) {
    uint64_t mask = 0, kept = SIGNAL_BIT(32) | SIGNAL_BIT(33) | (own_calls ? SIGNAL_BIT(SIGSYS) : 0);
    if (set != NULL) memcpy(&mask, set, sizeof mask);
    mask &= how == SIG_UNBLOCK ? UINT64_MAX : ~kept;
    return (int)raw_call(SYS_rt_sigprocmask, how, set == NULL ? NULL : &mask, old, sizeof mask);
}

int shim_sigprocmask(int how, const sigset_t *set, sigset_t *old) { return change_kernels_mask(how, set, old); }

int shim_pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    int before = errno, error = change_kernels_mask(how, set, old) == 0 ? 0 : errno;
    errno = before;
    return error;
}
