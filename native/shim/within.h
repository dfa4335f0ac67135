/*
 * within.h - functions of libc that make system calls of their own, which pass no interposer: its resolver above all.
 *
 * While such a function runs, the kernel hands each system call of its thread to the shim (syscall user dispatch,
 * Linux 5.11: Documentation/admin-guide/syscall-user-dispatch.rst), which takes it for what syscall() with the same
 * number would be: sockets are those behind the gateway. So nsswitch, /etc/hosts, name servers, time-outs, sorting and
 * error codes are libc's own. docs/decisions/0011 has the alternatives.
 *
 * The functions are the RF_CALL_WITHIN of calls.def.
 */
#ifndef RINGFENCE_SHIM_WITHIN_H
#define RINGFENCE_SHIM_WITHIN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Not 0 while system calls of this thread come to the shim. The kernel reads it at each of them. */
extern __thread volatile char within_selector;

struct within {
    bool entered;
    uint64_t mask; /* kept for whoever was within before: a signal handler may look a name up, too */
};
/* Not in programs without a gateway, nor in a child of vfork, nor where a filter may forbid it, nor again. */
struct within within_enter(void);
void within_leave(struct within *within);
#define WITHIN __attribute__((cleanup(within_leave), unused)) struct within within = within_enter()

/* A function that the shim interposes may be called from within: by a module of nsswitch. It is the shim that runs then,
 * and its system calls are its own. */
static inline char within_pause(void) {
    char was = within_selector;
    if (__builtin_expect(was, 0)) within_selector = 0;
    return was;
}
static inline void within_resume(const char *was) {
    if (__builtin_expect(*was, 0)) within_selector = *was;
}
#define WITHIN_PAUSED __attribute__((cleanup(within_resume), unused)) char paused = within_pause()

/* SIGSYS is how the kernel hands them over. The program's own action for it is kept, and taken for what is not the
 * shim's. True if sigaction() is answered here. */
bool within_sigaction(int number, const struct sigaction *action, struct sigaction *old);

#endif
