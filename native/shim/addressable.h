/*
 * addressable.h - whether a pointer that a program gave can be what it says: the kernel would answer EFAULT
 * where the shim, copying itself, would end the program.
 *
 * A page is looked at by a system call the first time and remembered: a program that gives its buffers again costs no
 * further call. One that takes a page away which it has given before, and then gives it again, is ended by it.
 */
#ifndef RINGFENCE_SHIM_ADDRESSABLE_H
#define RINGFENCE_SHIM_ADDRESSABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* x86-64: the first page is never mapped, and programs end below 2^47 less a page. */
#define ADDRESSABLE_FROM 4096u
#define ADDRESSABLE_TO UINT64_C(0x7ffffffff000)
#define ADDRESSABLE_PAGE_BITS 12
#define ADDRESSABLE_KNOWN 4096u /* pages remembered, by their lowest bits */

/* page << 1 | written to; 0: none */
extern _Atomic(uint64_t) addressable_known[ADDRESSABLE_KNOWN];

/* Asks the kernel, and remembers the answer if it is yes. Does not change errno. */
bool addressable_probe(uint64_t at, bool written);

/* False if the bytes lie where no program has memory: NULL, -1 and their neighbours. Costs nothing. */
static inline bool addressable(const void *pointer, size_t length) {
    uint64_t at = (uintptr_t)pointer;
    return length == 0 || (at >= ADDRESSABLE_FROM && at < ADDRESSABLE_TO && length <= ADDRESSABLE_TO - at);
}

/* False for what the kernel refuses before it looks whether there is anything to copy. */
static inline bool addressable_range(const void *pointer, size_t length) {
    uint64_t at = (uintptr_t)pointer;
    return length == 0 || (at < ADDRESSABLE_TO && length <= ADDRESSABLE_TO - at);
}

static inline bool addressable_page(uint64_t at, bool written) {
    uint64_t page = at >> ADDRESSABLE_PAGE_BITS;
    uint64_t known = atomic_load_explicit(&addressable_known[page % ADDRESSABLE_KNOWN], memory_order_relaxed);
    return (known | !written) == (page << 1 | 1) || addressable_probe(at, written);
}

/* The first and the last page are looked at: what a program has between them is of one piece, as a rule. */
static inline bool addressable_ends(const void *pointer, size_t length, bool written) {
    uint64_t first = (uintptr_t)pointer, last = first + length - 1;
    if (length == 0) return true;
    if (!addressable(pointer, length) || !addressable_page(first, written)) return false;
    return first >> ADDRESSABLE_PAGE_BITS == last >> ADDRESSABLE_PAGE_BITS || addressable_page(last, written);
}

/* False if the bytes cannot be read, or be written to. */
static inline bool readable(const void *pointer, size_t length) { return addressable_ends(pointer, length, false); }
static inline bool writable(const void *pointer, size_t length) { return addressable_ends(pointer, length, true); }

#endif
