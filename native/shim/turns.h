/*
 * turns.h - waits that look again once in a while: poll(), select() and epoll_wait() for urgent bytes, which come with a packet. The
 * kernel tells of the packet while other bytes lie there, too, and so there is nothing else to wait for.
 */
#ifndef RINGFENCE_SHIM_TURNS_H
#define RINGFENCE_SHIM_TURNS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "critical.h"

#define TURNS_FOREVER INT64_MAX

/* False if the kernel is to say what is wrong with the limit. NULL is none. */
bool turns_fit(const struct timespec *limit);
/* When a wait that begins now has to end: nanoseconds of CLOCK_MONOTONIC. */
int64_t turns_end(const struct timespec *limit);
int64_t turns_end_after(int milliseconds); /* less than 0: TURNS_FOREVER */
/* What is left until then. False if that is for ever. */
bool turns_left(int64_t end, struct timespec *left);

struct turns {
    int64_t end;
    const sigset_t *mask; /* the program's for this wait, or NULL */
    bool blocks; /* not in a process that has confined itself, which may be ended for calls that it does not make itself */
    struct critical section;
};

/* Between the first look and the last, the program's handlers run in turns_next() alone, where they end the wait as the kernel's does. */
struct turns turns_begin(int64_t end, const sigset_t *mask);
/* Sleeps for a moment. 1: look again; 0: the time is over; -1: EINTR. */
int turns_next(const struct turns *turns);
/* Does not change errno. */
void turns_over(const struct turns *turns);

#endif
