/*
 * dispatch.h - syscall user dispatch: what within.c and own_calls.c take of the kernel's interface.
 */
#ifndef RINGFENCE_SHIM_DISPATCH_H
#define RINGFENCE_SHIM_DISPATCH_H

#include <signal.h>
#include <stdint.h>

/* From linux/prctl.h and asm-generic/siginfo.h of Linux 5.11; older headers have neither. */
#define SET_DISPATCH 59
#define DISPATCH_OFF 0
#define DISPATCH_ON 1
#define CODE_DISPATCH 2 /* si_code SYS_USER_DISPATCH */

/* What a thread's selector says. */
#define PASS 0
#define DISPATCH 1

#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))

/* What the kernel takes; libc's sigaction() would put its own restorer there. */
struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* Returns from a handler. The kernel does not dispatch what is called from here. */
void within_restorer(void);
/* The shim's handler of SIGSYS. Any thread. */
void within_install(void);

#endif
