/* locks.h - what the tests of locks stand on: three of them that processes share, beside two mutexes of the program's own. */
#ifndef RINGFENCE_TEST_LOCKS_H
#define RINGFENCE_TEST_LOCKS_H

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

enum { LOCKS = 3, BOUND = 5000 };

static struct shared {
    struct rf_lock locks[LOCKS];
    pthread_mutex_t programs[2]; /* robust, the program's own */
    _Atomic int step;
    long count; /* under locks[0] */
} *shared;

static void begin(void) {
    pthread_mutexattr_t attributes;
    shared = check_shared(sizeof *shared);
    for (int i = 0; i < LOCKS; i++) rf_lock_init(&shared->locks[i]);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (int i = 0; i < 2; i++) pthread_mutex_init(&shared->programs[i], &attributes);
}

static void end(void) { munmap(shared, sizeof *shared); }

/* What the kernel knows of the thread's list. */
static void *first_of_list(void) {
    void **head;
    size_t length;
    return syscall(SYS_get_robust_list, 0, &head, &length) == 0 ? *head : NULL;
}

/* How another process finds the locks: a bit for each that it can take, and 256 times the bit if the holder had died. */
static int look(void *argument) {
    (void)argument;
    int found = 0;
    for (int i = 0; i < LOCKS; i++) {
        bool died = (atomic_load(&shared->locks[i].word) & 0x40000000) != 0;
        if (rf_trylock(&shared->locks[i]) == 0) found |= (died ? 8 : 1) << i;
    }
    for (int i = 0; i < LOCKS; i++)
        if ((found & 9 << i) != 0) rf_unlock(&shared->locks[i]);
    return found;
}

static int found(void) { return check_wait(check_spawn(look, NULL), BOUND); }

#endif
