/* Critical sections and signals.
 *
 * A handler must not run inside a section. Blocking signals there costs two system calls, more than all else that a call on a
 * socket does; so the shim puts a function of its own, `arrived`, before the program's handlers. Inside a section it has the
 * kernel queue the signal once more, blocked from then on, and the end of the section lets it come again. Signals are blocked
 * instead where that is not possible: for handlers set by other means than sigaction() and signal(), or for one signal only; in
 * programs that are behind a filter of system calls, or that make their own and keep their masks themselves. */
#include "critical.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "entry.h"
#include "kernel.h"
#include "own_calls.h"
#include "real.h"
#include "sandbox.h"
#include "table.h"
#include "within.h"

static _Atomic bool handlers;  /* there are some */
static _Atomic bool impatient; /* and among them some that cannot be made to wait */

/* Not the signals of a thread's own faults: blocked, they would kill a program that handles them, and
 * copying to and from its buffers may well fault. */
#define BIT(number) (UINT64_C(1) << ((number)-1))
#define BLOCKABLE \
    ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS) | BIT(SIGABRT))

struct critical critical_enter_always(void) {
    struct critical section = {.blocked = true};
    uint64_t all = BLOCKABLE;
    int kept = errno;
    raw_call(SYS_rt_sigprocmask, SIG_BLOCK, &all, &section.mask, sizeof all);
    errno = kept;
    return section;
}

/* ---- handlers that wait ---- */

/* The program's handlers that `arrived` stands for, and whether they want more than the number. */
static struct {
    _Atomic(sighandler_t) handler;
    _Atomic bool informed;
} programs[NSIG];

/* How many sections deep the thread is; whether signals wait for the end of the outermost, and the thread's mask before they did.
 * Nobody but the thread itself, and handlers on it, looks at them. */
static _Thread_local volatile unsigned depth;
static _Thread_local volatile bool waiting;
static _Thread_local volatile uint64_t mask_before;

static void arrived(int number, siginfo_t *info, void *context) {
    if (depth == 0) {
        /* Whether it takes one argument or three. */
        void *handler = (void *)atomic_load_explicit(&programs[number].handler, memory_order_acquire);
        ((void (*)(int, siginfo_t *, void *))handler)(number, info, context);
        return;
    }
    /* Another handler may have interrupted this one, and gone through here before it; from here on none can. What it has kept is
     * replaced: this one's mask is the older. Its own signal is in the queue. */
    int kept = errno;
    uint64_t all = BLOCKABLE, mask;
    raw_call(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof all);
    /* As it came, for the kernel takes any from the process itself; and by its number alone if its queue has no room. */
    if (raw_call(SYS_rt_tgsigqueueinfo, getpid(), gettid(), number, info) != 0) raw_call(SYS_tgkill, getpid(), gettid(), number);
    sigset_t *after = &((ucontext_t *)context)->uc_sigmask;
    memcpy(&mask, after, sizeof mask);
    mask_before = mask;
    waiting = true;
    mask |= all;
    memcpy(after, &mask, sizeof mask); /* in force when this returns into the section */
    errno = kept;
}

struct critical critical_enter(void) {
    bool block = atomic_load_explicit(&impatient, memory_order_relaxed) ||
                 ((sandbox_confined || own_calls) && atomic_load_explicit(&handlers, memory_order_relaxed));
    if (__builtin_expect(block, 0)) return critical_enter_always();
    depth++;
    atomic_signal_fence(memory_order_seq_cst); /* the thread's own handlers see it before anything of the section */
    return (struct critical){.blocked = false};
}

static void unblock(uint64_t mask) {
    int kept = errno;
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
    errno = kept;
}

void critical_leave(struct critical section) {
    if (section.blocked) {
        unblock(section.mask);
        return;
    }
    atomic_signal_fence(memory_order_seq_cst);
    depth--;
    /* A signal that comes here finds no section, and its handler runs at once. If one came before, none comes until unblock(). */
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(depth != 0 || !waiting, 1)) return;
    waiting = false;
    unblock(mask_before);
}

void critical_broken_pipe(void) { syscall(SYS_tgkill, getpid(), gettid(), SIGPIPE); }

static bool is_handler(sighandler_t handler) {
    return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR && handler != SIG_HOLD;
}

void critical_note(void (*handler)(int)) {
    if (!is_handler(handler)) return;
    atomic_store(&handlers, true);
    atomic_store(&impatient, true);
}

/* ---- setting them ---- */

static bool is_arrived(sighandler_t handler) { return (void *)handler == (void *)arrived; }

static bool is_blockable(int number) { return number > 0 && number < NSIG && (BLOCKABLE & BIT(number)) != 0; }

/* True if the handler is to wait. What is there only once would be gone when the signal comes again; and a child of vfork must not
 * write here. Of a thread's own faults nothing can be held up, neither so nor by blocking. */
static bool waits(int number, sighandler_t handler, int flags) {
    if (!is_handler(handler) || !is_blockable(number)) return false;
    atomic_store(&handlers, true);
    if (is_arrived(handler)) return true;
    if (!own_calls && (flags & SA_RESETHAND) == 0 && !process_is_borrowed()) return true;
    atomic_store(&impatient, true);
    return false;
}

/* What the program is told of its handler of before. Under critical_enter_always(), as what follows. */
static void tell(struct sigaction *old, sighandler_t handler, bool informed) {
    if (old == NULL || !is_arrived(old->sa_handler)) return;
    old->sa_handler = handler;
    if (!informed) old->sa_flags &= ~SA_SIGINFO;
}

static int set_action(int number, const struct sigaction *action, struct sigaction *old) {
    if (action != NULL && own_calls) {
        struct sigaction changed = *action;
        sigdelset(&changed.sa_mask, SIGSYS); /* no handler may run with it blocked */
        return real.sigaction(number, &changed, old);
    }
    bool known = is_blockable(number);
    sighandler_t handler = known ? atomic_load(&programs[number].handler) : SIG_DFL;
    bool informed = known && atomic_load(&programs[number].informed);
    struct sigaction changed;
    if (action != NULL && waits(number, action->sa_handler, action->sa_flags)) {
        changed = *action;
        if (!is_arrived(action->sa_handler)) { /* somebody has asked the kernel, and brings back what he was told */
            atomic_store(&programs[number].informed, (action->sa_flags & SA_SIGINFO) != 0);
            atomic_store(&programs[number].handler, action->sa_handler);
        }
        changed.sa_sigaction = arrived;
        changed.sa_flags |= SA_SIGINFO;
        action = &changed;
    }
    int result = real.sigaction(number, action, old);
    if (result == 0) tell(old, handler, informed);
    return result;
}

int shim_sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    if (within_sigaction(number, action, old)) return 0;
    if (process_is_borrowed()) { /* only its own table in the kernel is changed */
        int result = real.sigaction(number, action, old);
        if (result == 0 && old != NULL && is_blockable(number)) tell(old, programs[number].handler, programs[number].informed);
        return result;
    }
    struct critical section = critical_enter_always(); /* one's own signals find either the old or the new */
    int result = set_action(number, action, old);
    critical_leave(section);
    return result;
}

/* By way of libc's own, which knows what siginterrupt() said; `flags` are those that it sets. */
static sighandler_t set_signal(int number, sighandler_t handler, sighandler_t (*set)(int, sighandler_t), int flags) {
    struct sigaction action = {.sa_handler = handler}, old;
    if (within_sigaction(number, &action, &old)) return old.sa_handler;
    struct critical section = critical_enter_always();
    sighandler_t before = is_blockable(number) ? atomic_load(&programs[number].handler) : SIG_DFL, was;
    if (!waits(number, handler, flags) || is_arrived(handler)) {
        was = set(number, handler);
    } else {
        atomic_store(&programs[number].informed, false);
        atomic_store(&programs[number].handler, handler);
        was = set(number, (sighandler_t)(void *)arrived);
    }
    if (was != SIG_ERR && real.sigaction(number, NULL, &action) == 0 && is_arrived(action.sa_handler)) {
        action.sa_flags |= SA_SIGINFO;
        real.sigaction(number, &action, NULL);
    }
    critical_leave(section);
    return is_arrived(was) ? before : was;
}

sighandler_t shim_signal(int number, sighandler_t handler) { return set_signal(number, handler, real.signal, 0); }

/* Its handlers are there once. */
sighandler_t shim___sysv_signal(int number, sighandler_t handler) { return set_signal(number, handler, real.__sysv_signal, SA_RESETHAND); }
