/*
 * buffers.h - walks over a program's vector of buffers as bytes are copied into it or out of it.
 */
#ifndef RINGFENCE_SHIM_BUFFERS_H
#define RINGFENCE_SHIM_BUFFERS_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "addressable.h"

#define BUFFERS_MAX 0x7ffff000u /* what Linux transfers at most in one call: read(2) */

/* Where the walk stands. */
struct buffers {
    const struct iovec *vector;
    size_t offset; /* in the first of them */
};

/* The rest of the buffer in which the walk stands, skipping those that are used up. */
static inline size_t buffers_left(struct buffers *walk) {
    while (walk->offset == walk->vector->iov_len) {
        walk->vector++;
        walk->offset = 0;
    }
    return walk->vector->iov_len - walk->offset;
}

/* Into the program's buffers; there is room for `length` bytes. */
static inline void buffers_scatter(struct buffers *to, const uint8_t *from, size_t length) {
    while (length > 0) {
        size_t left = buffers_left(to), n = length < left ? length : left;
        memcpy((uint8_t *)to->vector->iov_base + to->offset, from, n);
        to->offset += n;
        from += n;
        length -= n;
    }
}

/* Out of the program's buffers, which hold `length` bytes more. */
static inline void buffers_gather(struct buffers *from, uint8_t *to, size_t length) {
    while (length > 0) {
        size_t left = buffers_left(from), n = length < left ? length : left;
        memcpy(to, (const uint8_t *)from->vector->iov_base + from->offset, n);
        from->offset += n;
        to += n;
        length -= n;
    }
}

/* False if there is no memory for the next `length` bytes: where the kernel's copy would fail. */
static inline bool buffers_reach(const struct buffers *from, size_t length, bool written) {
    struct buffers walk = *from;
    while (length > 0) {
        size_t left = buffers_left(&walk), n = length < left ? length : left;
        if (!addressable_ends((uint8_t *)walk.vector->iov_base + walk.offset, n, written)) return false;
        walk.offset += n;
        length -= n;
    }
    return true;
}

/* The sum of the lengths, which a call cuts to BUFFERS_MAX; or what is wrong with them: -errno. `too_many` is the errno
 * for more buffers than a call takes. */
static inline ssize_t buffers_total(const struct iovec *vector, size_t count, int too_many) {
    size_t sum = 0;
    if (count > IOV_MAX) return -too_many;
    if (!readable(vector, count * sizeof *vector)) return -EFAULT;
    for (size_t i = 0; i < count; i++) {
        size_t length = vector[i].iov_len, left = BUFFERS_MAX - sum;
        if (length > (size_t)SSIZE_MAX) return -EINVAL;
        if (length > left) length = left;
        if (!addressable_range(vector[i].iov_base, length)) return -EFAULT;
        sum += length;
    }
    return (ssize_t)sum;
}

#endif
