/* The send family and sendfile(): bytes from the program's buffers, or from a file, into a socket's out
 * ring. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "critical.h"
#include "entry.h"
#include "real.h"
#include "socket.h"

#define SENDFILE_MAX 0x7ffff000u /* what Linux transfers at most in one call: sendfile(2) */

/* Where the bytes come from: buffers, or a file if `vector` is NULL. */
struct source {
    const struct iovec *vector;
    size_t offset; /* in the first of the buffers */
    int file;
    off_t *position; /* in the file; NULL: its own */
};

static void gather(struct source *from, uint8_t *to, size_t length) {
    while (length > 0) {
        size_t left = from->vector->iov_len - from->offset;
        if (left == 0) {
            from->vector++;
            from->offset = 0;
            continue;
        }
        size_t n = length < left ? length : left;
        memcpy(to, (const uint8_t *)from->vector->iov_base + from->offset, n);
        from->offset += n;
        to += n;
        length -= n;
    }
}

/* Fills at most `length` bytes of the ring. Bytes, 0 at the end of the file, or -errno. */
static ssize_t fill(struct source *from, struct iovec span[2], size_t length) {
    span[0].iov_len = length < span[0].iov_len ? length : span[0].iov_len;
    span[1].iov_len = length - span[0].iov_len;
    if (from->vector != NULL) {
        gather(from, span[0].iov_base, span[0].iov_len);
        gather(from, span[1].iov_base, span[1].iov_len);
        return (ssize_t)length;
    }
    ssize_t got = from->position != NULL ? preadv(from->file, span, 2, *from->position)
                                         : real.readv(from->file, span, 2);
    if (got < 0) return -errno;
    if (from->position != NULL) *from->position += got;
    return got;
}

/* 0 if the socket can send, -EAGAIN while it is still connecting, or the error of the call. An error is
 * taken only if the call can report it. */
static int may_send(const struct ring_socket *s, bool sent_some) {
    uint32_t marks = socket_marks(s), state = socket_state(s);
    if (state == RF_STATE_CONNECTED && (marks & (RF_MARK_OUT_SHUT | RF_MARK_RESET)) == 0)
        return attachment_dead(s->attachment) ? -ECONNRESET : 0;
    if (state == RF_STATE_CONNECTING && marks == 0) return attachment_dead(s->attachment) ? -ECONNRESET : -EAGAIN;
    int error = sent_some || state == RF_STATE_OPEN || state == RF_STATE_LISTENING ? 0 : socket_take_error(s);
    return error != 0 ? -error : -EPIPE;
}

/* One turn under send_lock: moves what fits into the ring. Bytes; 0: try again; -ENODATA: the file has
 * ended; -EAGAIN: no room until the descriptor is writable; or -errno. */
static ssize_t put(const struct ring_socket *s, struct source *from, size_t wanted, bool sent_some, bool *ring) {
    struct rf_ring out = rf_out_ring(s->slot);
    struct iovec span[2];
    int error = may_send(s, sent_some);
    if (error != 0 || wanted == 0) return error;
    size_t room = rf_produce_span(s->region, &out, span);
    if (room == 0) {
        switch (rf_writable_block(s->region, s->number, s->fd)) {
        case RF_ROOM:
            return 0;
        case RF_ROOM_RING:
            *ring = true;
            return 0;
        case RF_ROOM_NONE:
            return -EAGAIN;
        default:
            /* No mark yet, but the pair is shut: the gateway is about to set one, or is gone. */
            error = may_send(s, sent_some);
            return error != 0 ? error : attachment_alive(s->attachment) ? -EPIPE : -ECONNRESET;
        }
    }
    ssize_t length = fill(from, span, room < wanted ? room : wanted);
    if (length <= 0) return length == 0 ? -ENODATA : length;
    rf_produce(&out, (uint64_t)length);
    *ring = rf_notify(s->region, s->number);
    return length;
}

static ssize_t send_from(const struct ring_socket *s, struct source *from, size_t wanted, int flags) {
    size_t sent = 0;
    ssize_t result;
    int kept = errno;
    if ((flags & (MSG_OOB | MSG_FASTOPEN)) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    do {
        bool ring = false;
        struct critical section = critical_enter();
        rf_lock(&s->slot->send_lock);
        result = put(s, from, wanted - sent, sent > 0, &ring);
        rf_unlock(&s->slot->send_lock);
        critical_leave(section);
        if (ring) attachment_ring(s->attachment);
        if (result > 0) sent += (size_t)result;
        if (result == -EAGAIN && (flags & MSG_DONTWAIT) == 0) {
            /* Room there is when the gateway has read the stuffing away. An error other than a time-out
             * or a signal shows, with its reason, in the next turn. */
            if (real.send(s->fd, NULL, 0, MSG_NOSIGNAL) == 0 || (errno != EAGAIN && errno != EINTR)) result = 0;
            else result = -errno;
            if (result == 0 && socket_marks(s) == 0 && !attachment_alive(s->attachment)) result = -ECONNRESET;
        }
    } while (result >= 0 && sent < wanted);
    errno = kept;
    if (sent > 0) return (ssize_t)sent;
    if (result == -ENODATA || result >= 0) return 0;
    if (result == -EPIPE && (flags & MSG_NOSIGNAL) == 0) critical_broken_pipe();
    errno = (int)-result;
    return -1;
}

static ssize_t send_buffers(const struct ring_socket *s, const struct iovec *vector, size_t count, int flags,
                            int too_many) {
    struct source from = {.vector = vector};
    size_t sum = 0;
    errno = too_many;
    if (count > IOV_MAX) return -1;
    for (size_t i = 0; i < count; i++) {
        errno = EINVAL;
        if (vector[i].iov_len > (size_t)SSIZE_MAX - sum) return -1;
        sum += vector[i].iov_len;
    }
    return send_from(s, &from, sum, flags);
}

static ssize_t send_one(const struct ring_socket *s, const void *buffer, size_t length, int flags) {
    struct iovec vector = {(void *)buffer, length < SSIZE_MAX ? length : SSIZE_MAX};
    struct source from = {.vector = &vector};
    return send_from(s, &from, vector.iov_len, flags);
}

ssize_t shim_write(int fd, const void *buffer, size_t length) {
    struct ring_socket s;
    return table_find(fd, &s) ? send_one(&s, buffer, length, 0) : real.write(fd, buffer, length);
}

ssize_t shim_writev(int fd, const struct iovec *vector, int count) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.writev(fd, vector, count);
    return send_buffers(&s, vector, (size_t)(unsigned)count, 0, EINVAL);
}

ssize_t shim_send(int fd, const void *buffer, size_t length, int flags) {
    struct ring_socket s;
    return table_find(fd, &s) ? send_one(&s, buffer, length, flags) : real.send(fd, buffer, length, flags);
}

/* A connected stream ignores the address. */
ssize_t shim_sendto(int fd, const void *buffer, size_t length, int flags, const struct sockaddr *address,
                    socklen_t address_length) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.sendto(fd, buffer, length, flags, address, address_length);
    return send_one(&s, buffer, length, flags);
}

ssize_t shim_sendmsg(int fd, const struct msghdr *message, int flags) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.sendmsg(fd, message, flags);
    return send_buffers(&s, message->msg_iov, message->msg_iovlen, flags, EMSGSIZE);
}

ssize_t shim_sendfile(int out, int in, off_t *offset, size_t count) {
    struct ring_socket s, other;
    if (!table_find(out, &s)) return real.sendfile(out, in, offset, count);
    struct source from = {.file = in, .position = offset};
    if (table_find(in, &other)) {
        errno = EINVAL;
        return -1;
    }
    return send_from(&s, &from, count < SENDFILE_MAX ? count : SENDFILE_MAX, 0);
}

ssize_t shim_sendfile64(int out, int in, off_t *offset, size_t count) {
    return shim_sendfile(out, in, offset, count);
}

/* There is no pipe to splice to: programs fall back to read and write when they are told so. */
ssize_t shim_splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t count, unsigned flags) {
    struct ring_socket s;
    if (!table_find(in, &s) && !table_find(out, &s)) return real.splice(in, in_offset, out, out_offset, count, flags);
    errno = EINVAL;
    return -1;
}
