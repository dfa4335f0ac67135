/*
 * foreign.h - read before every file of the rumprun build: what a region has of the application's machine.
 *
 * The locks in a region are glibc's, 40 bytes each. NetBSD's have another size, and nobody here takes them: they are bytes.
 */
#ifndef RINGFENCE_INS_FOREIGN_H
#define RINGFENCE_INS_FOREIGN_H

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    uint64_t words[5];
} rf_foreign_lock;
#define pthread_mutex_t rf_foreign_lock

/* Nobody dumps a unikernel's core. */
#ifndef MADV_DONTDUMP
#define MADV_DONTDUMP MADV_NORMAL
#endif

/* Only to begin at different cells, in calls that a backend does not make. */
static inline int gettid(void) { return 1; }

#endif
