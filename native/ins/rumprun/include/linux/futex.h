/* For ../../../region/command.c on a machine without futexes. The frontend of region B finds its answers by their bits and
 * waits on no futex (docs/protocol.md), so there is nobody to wake. */
#ifndef RINGFENCE_INS_FUTEX_H
#define RINGFENCE_INS_FUTEX_H

#include <sys/syscall.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define SYS_futex SYS_getpid

#endif
