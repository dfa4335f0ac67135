/* For ../../../region/command.c on a machine without futexes. The frontend of region B finds its answers by their bits and
 * waits on no futex (docs/protocol.md), so there is nobody to wake; and rumprun's C library has no syscall(), which its <unistd.h> declares. */
#ifndef RINGFENCE_INS_FUTEX_H
#define RINGFENCE_INS_FUTEX_H

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define SYS_futex 0
#define syscall(number, word, operation, value, time, ...) ((void)(word), (void)(operation), (void)(value), (void)(time), 0L)

#endif
