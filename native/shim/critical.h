/*
 * critical.h - keeps the program's signal handlers out of the shim's critical sections: a handler
 * that calls send() while its own thread holds a socket's lock would wait for ever.
 */
#ifndef RINGFENCE_SHIM_CRITICAL_H
#define RINGFENCE_SHIM_CRITICAL_H

#include <stdbool.h>
#include <stdint.h>

struct critical {
    uint64_t mask; /* the thread's, as the kernel writes it */
    bool blocked;
};

/* The program's handlers wait until the section is over; as a rule without a system call. Short sections only; they may be nested. */
struct critical critical_enter(void);
/* Signals are blocked. */
struct critical critical_enter_always(void);
/* Does not change errno. */
void critical_leave(struct critical section);

/* A handler is about to be installed that cannot be made to wait: from now on signals are blocked in sections. */
void critical_note(void (*handler)(int));

/* Sends SIGPIPE to the calling thread, as a write to a closed connection does. */
void critical_broken_pipe(void);

#endif
