/*
 * kernel.h - system calls by number: syscall.c.
 */
#ifndef RINGFENCE_SHIM_KERNEL_H
#define RINGFENCE_SHIM_KERNEL_H

/* The system call itself, as libc's syscall() makes it. */
long raw_call(long number, ...);
/* Of the numbers that are about sockets, descriptors and programs: what the shim makes of them. All others: the call
 * itself. */
long syscall_of_socket(long number, long a, long b, long c, long d, long e, long f);

#endif
