/*
 * own_calls.h - programs whose own code makes system calls, past libc: those that Go compiles.
 *
 * In such a program the kernel hands each system call made from the executable's own code to the shim, in every thread
 * and for good (syscall user dispatch, as in within.h), which takes it for what syscall() with the same number would be.
 * Calls made from libraries, the shim's among them, go to the kernel directly: they have come past the shim already.
 * Such a call costs one signal, some two microseconds.
 *
 * A child by which such a program starts another is handed over, too, and counts as one of vfork (process.c).
 *
 * Threads must come from pthread_create(), as they do in a program of Go's that uses libc.
 */
#ifndef RINGFENCE_SHIM_OWN_CALLS_H
#define RINGFENCE_SHIM_OWN_CALLS_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* The program is such a one: set before main(), for good. */
extern bool own_calls;

/* Looks at the executable. Constructor. */
void own_calls_begin(void);
/* This thread's calls come to the shim from now on: a new thread's, or those of one that has left within.h's functions. */
void own_calls_dispatch(void);
/* SIGSYS has brought one. */
void own_calls_trapped(ucontext_t *context);

#endif
