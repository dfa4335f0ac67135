/*
 * addressable.h - whether a pointer that a program gave can be what it says: the kernel would answer EFAULT
 * where the shim, copying itself, would end the program.
 */
#ifndef RINGFENCE_SHIM_ADDRESSABLE_H
#define RINGFENCE_SHIM_ADDRESSABLE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* x86-64: the first page is never mapped, and programs end below 2^47 less a page. */
#define ADDRESSABLE_FROM 4096u
#define ADDRESSABLE_TO UINT64_C(0x7ffffffff000)

/* False if the bytes lie where no program has memory: NULL, -1 and their neighbours. Costs nothing. */
static inline bool addressable(const void *pointer, size_t length) {
    uint64_t at = (uintptr_t)pointer;
    return length == 0 || (at >= ADDRESSABLE_FROM && at < ADDRESSABLE_TO && length <= ADDRESSABLE_TO - at);
}

/* False as well if there is no memory at the pointer. A system call, which reads eight bytes there and then finds
 * that it has nothing to do. May change errno. */
static inline bool readable_at(const void *pointer) {
    uint64_t at = (uintptr_t)pointer & ~UINT64_C(7); /* not beyond the page */
    if (!addressable(pointer, 1)) return false;
    return syscall(SYS_rt_sigprocmask, -1, at, NULL, sizeof(uint64_t)) == 0 || errno != EFAULT;
}

#endif
