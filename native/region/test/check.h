/*
 * check.h - what the tests of the region library stand on: verdicts, a bound on their time,
 * children that never outlive them, regions to work in, and reproducible chance.
 *
 * A test program prints one line per behaviour and exits with the number of failures, at most 99.
 */
#ifndef RINGFENCE_CHECK_H
#define RINGFENCE_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../region.h"

/* Starts a test program: a failure if it takes longer than `seconds`. `scale` is the first argument
 * of the program in percent of the full number of rounds, 100 if there is none. */
void check_start(int argc, char **argv, unsigned seconds);
/* `full` rounds, scaled; at least 1. */
long check_rounds(long full);

/* One verdict: "ok - SENTENCE", or "not ok - SENTENCE: WHY" with WHY as printf makes it. */
void check(bool holds, const char *sentence, const char *why, ...) __attribute__((format(printf, 3, 4)));
void check_skip(const char *sentence, const char *reason);
/* A figure worth reading that no verdict hangs on. */
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the whole program as failed if the preparation of a test does not work. */
void check_need(bool holds, const char *what);
int check_end(void);

/* A child process that runs `run` and exits with its result; it dies with the test. */
pid_t check_spawn(int (*run)(void *argument), void *argument);
/* Kills and reaps a child. */
void check_kill(pid_t child);
/* True if a child ends within `milliseconds`; it remains to be reaped. */
bool check_ends(pid_t child, int milliseconds);
/* Waits until a process sleeps in the kernel. False if it does not within 5 s. */
bool check_sleeps(pid_t process);
/* Waits for a child to end, killing it after `milliseconds`. Its exit status; -1 if it had to be
 * killed, or was by a signal. */
int check_wait(pid_t child, int milliseconds);

/* Monotonic time in seconds. */
double check_now(void);
/* A new region, formatted and mapped shared. */
struct rf_region check_region(const struct rf_geometry *geometry);
/* Zeroed memory shared with children. */
void *check_shared(size_t bytes);

/* xorshift: the same for the same seed, which must not be 0. */
static inline uint64_t check_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}
/* The byte of a test stream at a position: tells positions apart across any ring's size. */
static inline uint8_t check_byte(uint64_t position) {
    return (uint8_t)((position * UINT64_C(0x9e3779b97f4a7c15)) >> 56 ^ position >> 9);
}

#endif
