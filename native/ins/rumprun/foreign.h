/* foreign.h - read before every file of the rumprun build: what a region has of the application's machine. */
#ifndef RINGFENCE_INS_FOREIGN_H
#define RINGFENCE_INS_FOREIGN_H

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Nobody dumps a unikernel's core. */
#ifndef MADV_DONTDUMP
#define MADV_DONTDUMP MADV_NORMAL
#endif

/* Only to begin at different cells, in calls that a backend does not make. */
static inline int gettid(void) { return 1; }

#endif
