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

/* The sum of the lengths; or what is wrong with them: -errno. `too_many` is the errno for more buffers than a call
 * takes. `touched`: they are to be written to or read from. */
static inline ssize_t buffers_sum(const struct iovec *vector, size_t count, int too_many, bool touched) {
    size_t sum = 0;
    if (count > IOV_MAX) return -too_many;
    if (!addressable(vector, count * sizeof *vector)) return -EFAULT;
    for (size_t i = 0; i < count; i++) {
        if (vector[i].iov_len > (size_t)SSIZE_MAX - sum) return -EINVAL;
        if (touched && !addressable(vector[i].iov_base, vector[i].iov_len)) return -EFAULT;
        sum += vector[i].iov_len;
    }
    return (ssize_t)sum;
}

static inline ssize_t buffers_total(const struct iovec *vector, size_t count, int too_many) {
    return buffers_sum(vector, count, too_many, true);
}

#endif
