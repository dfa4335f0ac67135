/* The send family and sendfile(): bytes from the program's buffers, or from a file, into a socket's out
 * ring. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "buffers.h"
#include "critical.h"
#include "datagram.h"
#include "entry.h"
#include "loan.h"
#include "netlink.h"
#include "real.h"
#include "sandbox.h"
#include "socket.h"

/* A socket of Linux's own takes this much at once when nothing is under way, and programs that do not wait have come to
 * count on it. A ring is smaller at first, but the gateway empties it in a moment: so much patience a call has that
 * found the ring empty, in milliseconds without progress. A slow reader's socket is not found empty. */
#define AT_ONCE 49152u
#define PATIENCE 50

/* Where the bytes come from: buffers, or a file if their vector is NULL. */
struct source {
    struct buffers buffers;
    int file;
    off_t *position; /* in the file; NULL: its own */
};

/* Fills at most `length` bytes of the ring. Bytes, 0 at the end of the file, or -errno. */
static ssize_t fill(struct source *from, struct iovec span[2], size_t length) {
    span[0].iov_len = length < span[0].iov_len ? length : span[0].iov_len;
    span[1].iov_len = length - span[0].iov_len;
    if (from->buffers.vector != NULL) {
        if (!buffers_reach(&from->buffers, length, false)) return -EFAULT;
        buffers_gather(&from->buffers, span[0].iov_base, span[0].iov_len);
        buffers_gather(&from->buffers, span[1].iov_base, span[1].iov_len);
        return (ssize_t)length;
    }
    /* libc's are points of cancellation, which sendfile() is not, and the lock is held. */
    ssize_t got = from->position != NULL ? syscall(SYS_preadv, from->file, span, 2, *from->position, 0L)
                                         : syscall(SYS_readv, from->file, span, 2);
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

/* Under TCP_CORK that is said of all bytes. */
static void more_follows(struct rf_slot *slot, uint64_t end) {
    uint64_t is = atomic_load_explicit(&slot->out_more, memory_order_relaxed);
    while ((is & RF_MORE_ALL) == 0 && !atomic_compare_exchange_weak(&slot->out_more, &is, (is & RF_MORE_IN_STACK) | end)) continue;
}

/* One turn under send_lock: moves what fits into the ring. Bytes; 0: try again; -ENODATA: the file has
 * ended; -EAGAIN: no room until the descriptor is writable; or -errno. Of `flags` MSG_OOB and MSG_MORE are about the last of the
 * wanted bytes. */
static ssize_t put(const struct ring_socket *s, struct source *from, size_t wanted, bool sent_some, int flags, bool *ring) {
    struct rf_ring out = rf_out_ring(s->slot);
    struct iovec span[2];
    int error = may_send(s, sent_some);
    if (error != 0 || wanted == 0) return error;
    size_t room = rf_produce_span(s->region, &out, span);
    if (room == 0 && !table_holds(s)) return -EBADF; /* nothing may be sent into what the number has become */
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
    size_t most = room < wanted ? room : wanted;
    if (!sandbox_confined) rf_ring_warm(s->region, &out, &s->slot->out_warm, span, most, true);
    ssize_t length = fill(from, span, most);
    /* While a file came slowly the last descriptor was closed, and the slot is free, or another's. */
    if (from->buffers.vector == NULL && atomic_load(&s->slot->generation) != s->generation) return -EBADF;
    if (length <= 0) {
        rf_produce(&out, 0);
        return length == 0 ? -ENODATA : length;
    }
    /* Before the bytes: who sees them knows that the last one is urgent, or that others are to follow. */
    uint64_t end = atomic_load_explicit(out.tail, memory_order_relaxed) + (uint64_t)length;
    if ((size_t)length == wanted && (flags & MSG_OOB) != 0)
        atomic_store_explicit(&s->slot->out_urgent, rf_urgent(end - 1, 0), memory_order_relaxed);
    if ((size_t)length == wanted && (flags & MSG_MORE) != 0) more_follows(s->slot, end);
    rf_order_stamp_out(s->region, s->slot);
    rf_produce(&out, (uint64_t)length);
    *ring = rf_notify(s->region, s->number);
    return length;
}

int socket_await_room(const struct ring_socket *s) {
    loan_awaited(s);
    if (!table_holds(s)) return -EBADF;
    /* Room there is when the gateway has read the stuffing away. */
    long sent = sandbox_confined ? syscall(SYS_sendto, s->fd, NULL, 0, MSG_NOSIGNAL, NULL, 0)
                                 : real.send(s->fd, NULL, 0, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return -errno;
    if (sent >= 0) loan_keep_socket(s); /* what was sent lies there, if the room was made before */
    return socket_marks(s) == 0 && !attachment_alive(s->attachment) ? -ECONNRESET : 0;
}

static bool nothing_under_way(const struct ring_socket *s) {
    return atomic_load_explicit(&s->slot->out_tail, memory_order_relaxed) ==
           atomic_load_explicit(&s->slot->out_head, memory_order_relaxed);
}

/* True if there is room after a moment. */
static bool room_soon(const struct ring_socket *s) {
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};
    return table_holds(s) && syscall(SYS_poll, &p, 1, PATIENCE) > 0;
}

/* The slot tells of a reset before the descriptor does. Who has been told of it by this call finds it with his next poll(),
 * as natively: so it waits for the descriptor, which the gateway is about to shut. */
static void await_hang_up(const struct ring_socket *s) {
    struct pollfd p = {.fd = s->fd, .events = 0};
    bool reset = socket_state(s) == RF_STATE_FAILED || (socket_marks(s) & RF_MARK_RESET) != 0;
    if (reset && table_holds(s)) syscall(SYS_poll, &p, 1, PATIENCE);
}

static ssize_t send_from(const struct ring_socket *s, struct source *from, size_t wanted, int flags) {
    size_t sent = 0;
    ssize_t result;
    int kept = errno;
    bool patient = nothing_under_way(s);
    do {
        bool ring = false;
        struct critical section = critical_enter();
        rf_lock(&s->slot->send_lock);
        result = put(s, from, wanted - sent, sent > 0, flags, &ring);
        rf_unlock(&s->slot->send_lock);
        critical_leave(section);
        if (ring) attachment_ring(s->attachment);
        if (result > 0) sent += (size_t)result;
        if (result == -EAGAIN && (flags & MSG_DONTWAIT) == 0) result = socket_await_room(s);
        if (result == -EAGAIN && patient && sent > 0 && sent < AT_ONCE && room_soon(s)) result = 0;
    } while (result >= 0 && sent < wanted);
    if (result < 0 && result != -EAGAIN && result != -ENODATA) await_hang_up(s);
    errno = kept;
    if (sent > 0) return (ssize_t)sent;
    if (result == -ENODATA || result >= 0) return 0;
    if (result == -EPIPE && (flags & MSG_NOSIGNAL) == 0) critical_broken_pipe();
    errno = (int)-result;
    return -1;
}

/* Ancillary data has nothing to say to a stream, but it is looked at as Linux does. */
static bool is_control(const struct msghdr *message) {
    struct msghdr copy = *message;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c != NULL; c = CMSG_NXTHDR(&copy, c)) {
        size_t left = copy.msg_controllen - (size_t)((uint8_t *)c - (uint8_t *)copy.msg_control);
        if (c->cmsg_len < sizeof *c || c->cmsg_len > left) return false;
    }
    return true;
}

static ssize_t send_message(const struct ring_socket *s, const struct msghdr *message, int flags) {
    if (socket_is_datagram(s)) return datagram_send(s, message, flags);
    if (!is_control(message)) {
        errno = EINVAL;
        return -1;
    }
    /* A connected stream ignores the address. With MSG_FASTOPEN it may be what connects it: as by a stack that has not
     * yet got a cookie from this peer, its first bytes go out when the connection is there. */
    if ((flags & MSG_FASTOPEN) != 0 && shim_connect(s->fd, message->msg_name, message->msg_namelen) != 0) return -1;
    struct source from = {.buffers = {.vector = message->msg_iov}};
    ssize_t length = buffers_total(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    if (length >= 0) return send_from(s, &from, (size_t)length, flags);
    errno = (int)-length;
    return -1;
}

static ssize_t send_one(const struct ring_socket *s, const void *buffer, size_t length, int flags,
                        const struct sockaddr *address, socklen_t address_length) {
    struct iovec vector = {(void *)buffer, length < BUFFERS_MAX ? length : BUFFERS_MAX};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = address_length, .msg_iov = &vector, .msg_iovlen = 1};
    return send_message(s, &message, flags);
}

ssize_t shim_write(int fd, const void *buffer, size_t length) {
    struct ring_socket s;
    if (table_find(fd, &s)) return send_one(&s, buffer, length, 0, NULL, 0);
    return netlink_is(fd) ? netlink_send(fd, buffer, length) : real.write(fd, buffer, length);
}

/* writev() and its kin, which do nothing if they are to write nothing. */
static ssize_t send_buffers(const struct ring_socket *s, const struct msghdr *message, int flags) {
    ssize_t wanted = message->msg_iovlen > IOV_MAX ? -EINVAL : buffers_total(message->msg_iov, message->msg_iovlen, EINVAL);
    if (wanted > 0) return send_message(s, message, flags);
    if (wanted == 0) return 0;
    errno = (int)-wanted;
    return -1;
}

ssize_t shim_writev(int fd, const struct iovec *vector, int count) {
    struct ring_socket s;
    struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)(unsigned)count};
    if (!table_find(fd, &s)) return netlink_is(fd) ? netlink_sendmsg(fd, &message) : real.writev(fd, vector, count);
    return send_buffers(&s, &message, 0);
}

/* Sockets have no place to write at: -1 is the only one. */
ssize_t shim_pwritev2(int fd, const struct iovec *vector, int count, off_t offset, int flags) {
    struct ring_socket s;
    if (offset != -1 || !table_find(fd, &s)) return real.pwritev2(fd, vector, count, offset, flags);
    if ((flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)(unsigned)count};
    return send_buffers(&s, &message, (flags & RWF_NOWAIT) != 0 ? MSG_DONTWAIT : 0);
}

ssize_t shim_pwritev64v2(int fd, const struct iovec *vector, int count, off_t offset, int flags) {
    return shim_pwritev2(fd, vector, count, offset, flags);
}

ssize_t shim_send(int fd, const void *buffer, size_t length, int flags) {
    struct ring_socket s;
    if (table_find(fd, &s)) return send_one(&s, buffer, length, flags, NULL, 0);
    return netlink_is(fd) ? netlink_send(fd, buffer, length) : real.send(fd, buffer, length, flags);
}

ssize_t shim_sendto(int fd, const void *buffer, size_t length, int flags, const struct sockaddr *address,
                    socklen_t address_length) {
    struct ring_socket s;
    if (!table_find(fd, &s))
        return netlink_is(fd) ? netlink_send(fd, buffer, length)
                              : real.sendto(fd, buffer, length, flags, address, address_length);
    int error = address == NULL ? 0 : socket_check_name(address, address_length);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return send_one(&s, buffer, length, flags, address, address_length);
}

ssize_t shim_sendmsg(int fd, const struct msghdr *message, int flags) {
    struct ring_socket s;
    if (!table_find(fd, &s)) {
        if (netlink_is(fd)) return netlink_sendmsg(fd, message);
        loan_keep_passed(message);
        return real.sendmsg(fd, message, flags);
    }
    errno = EINVAL;
    if ((flags & MSG_CMSG_COMPAT) != 0) return -1;
    errno = EFAULT;
    if (!readable(message, sizeof *message)) return -1;
    struct msghdr copy = *message;
    if (copy.msg_namelen == 0) copy.msg_name = NULL;
    if (copy.msg_name == NULL) copy.msg_namelen = 0;
    errno = EINVAL;
    if ((int)copy.msg_namelen < 0) return -1;
    if (copy.msg_namelen > sizeof(struct sockaddr_storage)) copy.msg_namelen = sizeof(struct sockaddr_storage);
    errno = EFAULT;
    if (!readable(copy.msg_name, copy.msg_namelen)) return -1;
    errno = ENOBUFS;
    if (copy.msg_controllen > INT_MAX) return -1;
    errno = EFAULT;
    if (!readable(copy.msg_control, copy.msg_controllen)) return -1;
    return send_message(&s, &copy, flags);
}

/* A datagram of what is in the file. */
static ssize_t send_file_datagram(const struct ring_socket *s, struct source *from, size_t count) {
    struct iovec vector[2] = {{malloc(RF_MAX_DATAGRAM), count < RF_MAX_DATAGRAM ? count : RF_MAX_DATAGRAM}};
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = 1};
    errno = ENOMEM;
    if (vector[0].iov_base == NULL) return -1;
    off_t start = from->position != NULL ? *from->position : 0;
    ssize_t got = fill(from, vector, vector[0].iov_len), sent = got;
    if (got > 0) {
        vector[0].iov_len = (size_t)got;
        sent = datagram_send(s, &message, 0);
        if (sent < 0 && from->position != NULL) *from->position = start;
        if (sent < 0 && from->position == NULL) lseek(from->file, -got, SEEK_CUR);
    } else if (got < 0) {
        errno = (int)-got;
        sent = -1;
    }
    free(vector[0].iov_base);
    return sent;
}

ssize_t shim_sendfile(int out, int in, off_t *offset, size_t count) {
    struct ring_socket s, other;
    struct stat status;
    if (!table_find(out, &s)) return real.sendfile(out, in, offset, count);
    struct source from = {.file = in, .position = offset};
    int kept = errno;
    errno = EFAULT;
    if (offset != NULL && !writable(offset, sizeof *offset)) return -1;
    /* Not from what has no place, least of all if a place is given: then the file itself says so when it is read. */
    bool looks = offset == NULL || count == 0;
    if (looks && fstat(in, &status) != 0) return -1;
    errno = offset != NULL ? ESPIPE : EINVAL;
    if (table_find(in, &other) || (looks && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)))) return -1;
    errno = EINVAL;
    if (looks && S_ISDIR(status.st_mode)) return -1;
    if (count > SSIZE_MAX || (offset != NULL && *offset < 0)) return -1;
    errno = kept;
    if (count > BUFFERS_MAX) count = BUFFERS_MAX;
    ssize_t sent = socket_is_datagram(&s) ? send_file_datagram(&s, &from, count) : send_from(&s, &from, count, 0);
    if (sent < 0 && errno == EISDIR) errno = EINVAL;
    return sent;
}

ssize_t shim_sendfile64(int out, int in, off_t *offset, size_t count) {
    return shim_sendfile(out, in, offset, count);
}
