/* The receive family: bytes from a socket's in ring into the program's buffers. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <sys/time.h>
#include <time.h>

#include "../region/readiness.h"
#include "buffers.h"
#include "critical.h"
#include "datagram.h"
#include "entry.h"
#include "inherit.h"
#include "loan.h"
#include "netlink.h"
#include "real.h"
#include "sandbox.h"
#include "socket.h"
#include "urgent.h"
#include "watch.h"

bool socket_settle(const struct ring_socket *s) {
    return table_holds(s) && rf_readable_settle(s->region, s->number, s->fd);
}

/* Takes what is in the ring, at most `wanted` bytes. Bytes, also if none are wanted, or -EAGAIN with the descriptor settled: there
 * are none and more may come; or 0 at the end; or -errno. Under receive_lock. */
static ssize_t take(const struct ring_socket *s, struct buffers *to, size_t wanted, int flags, bool *ring) {
    struct rf_ring in = rf_in_ring(s->slot);
    struct iovec span[2];
    /* Before the ring: what follows a mark is nothing, what precedes it has been published. */
    uint32_t marks = socket_marks(s);
    int64_t filled = rf_consume_span(s->region, &in, span);
    if (filled < 0) return -ECONNRESET;
    if (atomic_load_explicit(&s->slot->in_urgent, memory_order_relaxed) != 0) {
        if (urgent_step(s)) filled = rf_consume_span(s->region, &in, span);
        if (filled < 0) return -ECONNRESET;
        filled = (int64_t)urgent_stop(s, (uint64_t)filled, (flags & MSG_PEEK) != 0);
    }
    if (filled > 0 && wanted == 0) return 0;
    if (filled > 0) {
        size_t length = (size_t)filled < wanted ? (size_t)filled : wanted;
        size_t first = length < span[0].iov_len ? length : span[0].iov_len;
        if ((flags & MSG_TRUNC) == 0) {
            if (!buffers_reach(to, length, true)) return -EFAULT;
            buffers_scatter(to, span[0].iov_base, first);
            buffers_scatter(to, span[1].iov_base, length - first);
        }
        if ((flags & MSG_PEEK) != 0) return (ssize_t)length;
        rf_consume(&in, length);
        if (atomic_load_explicit(&s->slot->in_urgent, memory_order_relaxed) != 0) urgent_step(s);
        if (rf_unblock(&s->slot->in_blocked)) *ring |= rf_notify(s->region, s->number);
        *ring |= socket_settle(s);
        return (ssize_t)length;
    }
    uint32_t state = socket_state(s);
    /* Linux's name for a reset that comes behind the peer's end: a reader sees the end, and the error stays for those
     * who send and for SO_ERROR. */
    if ((atomic_load_explicit(&s->slot->error, memory_order_acquire) & 0xffff) == EPIPE) return 0;
    if (state != RF_STATE_OPEN && state != RF_STATE_LISTENING) {
        int error = socket_take_error(s);
        if (error != 0) return -error;
    }
    if ((marks & (RF_MARK_IN_EOF | RF_MARK_RESET)) != 0 || state == RF_STATE_FAILED) return 0;
    if (state == RF_STATE_OPEN || state == RF_STATE_LISTENING) return -ENOTCONN;
    if (attachment_dead(s->attachment)) return -ECONNRESET;
    *ring |= socket_settle(s);
    return -EAGAIN;
}

int socket_await_packet(const struct ring_socket *s, unsigned waits) {
    loan_awaited(s);
    if (!table_holds(s)) return -EBADF;
    watch_socket_unsure(s); /* it waits for a packet */
    char byte;
    if ((sandbox_confined ? syscall(SYS_recvfrom, s->fd, &byte, 1, MSG_PEEK, NULL, NULL)
                          : real.recv(s->fd, &byte, 1, MSG_PEEK)) < 0)
        return -errno;
    /* A packet, or end of file; the latter has set a mark, unless the gateway died. */
    if (waits > 1 && socket_marks(s) == 0 && !attachment_alive(s->attachment)) return -ECONNRESET;
    return 0;
}

/* Waits for more than the `have` bytes that MSG_PEEK has found, for MSG_WAITALL. Rare enough to look for it once in
 * a while: the descriptor is readable all the time. False if there will be no more, or nobody waits any longer. */
static bool await_more(const struct ring_socket *s, uint64_t have, int flags) {
    struct rf_ring in = rf_in_ring(s->slot);
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    if ((flags & MSG_DONTWAIT) != 0 || (real.fcntl(s->fd, F_GETFL) & O_NONBLOCK) != 0) return false;
    real.getsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &length);
    int64_t left = limit.tv_sec == 0 && limit.tv_usec == 0 ? INT64_MAX : limit.tv_sec * 1000 + limit.tv_usec / 1000;
    while (rf_available(&in) <= have) {
        uint64_t used = atomic_load_explicit(&s->slot->in_used, memory_order_relaxed);
        if (have >= rf_grant_size(used) || socket_marks(s) != 0 || left-- <= 0) return false;
        if (left % 256 == 0 && (!table_holds(s) || !attachment_alive(s->attachment))) return false;
        if (nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL) != 0) return false;
    }
    return true;
}

static ssize_t receive(const struct ring_socket *s, const struct iovec *vector, size_t wanted, int flags) {
    struct buffers to = {.vector = vector};
    size_t received = 0;
    ssize_t result = 0;
    unsigned waits = 0;
    int kept = errno;
    if ((flags & MSG_ERRQUEUE) != 0) result = -EAGAIN;
    else if ((flags & MSG_OOB) != 0) {
        result = urgent_receive(s, vector, wanted, flags);
        received = result > 0 ? (size_t)result : 0;
    } else while (result == 0) {
        bool ring = false;
        struct critical section = critical_enter();
        rf_lock(&s->slot->receive_lock);
        result = take(s, &to, wanted - received, flags, &ring);
        /* The packet woke only this one of perhaps many waiters: have another one sent for the rest. */
        if (result > 0 && waits > 0 && (flags & MSG_PEEK) == 0) {
            struct rf_ring in = rf_in_ring(s->slot);
            if (rf_available(&in) > 0) ring |= rf_readable_kick(s->region, s->number);
        }
        rf_unlock(&s->slot->receive_lock);
        critical_leave(section);
        if (ring) attachment_ring(s->attachment);
        if (result > 0) {
            received += (size_t)result;
            if ((flags & MSG_WAITALL) == 0 || received == wanted || rf_urgent_at_mark(s->slot)) break;
            if ((flags & MSG_PEEK) != 0) {
                if (!await_more(s, received, flags)) break;
                to = (struct buffers){.vector = vector};
                received = 0;
            }
            result = 0;
            waits = 0;
            continue;
        }
        if (result != -EAGAIN || (flags & MSG_DONTWAIT) != 0) break;
        if (received > 0 && (flags & MSG_WAITALL) == 0) break;
        result = socket_await_packet(s, ++waits);
    }
    errno = kept;
    if (received > 0) return (ssize_t)received;
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return 0;
}

static ssize_t receive_message(const struct ring_socket *s, struct msghdr *message, int flags) {
    if (socket_is_datagram(s)) return datagram_receive(s, message, flags);
    ssize_t wanted = message->msg_name != NULL && (int)message->msg_namelen < 0
                         ? -EINVAL
                         : buffers_total(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    if (wanted < 0) {
        errno = (int)-wanted;
        return -1;
    }
    ssize_t got = receive(s, message->msg_iov, (size_t)wanted, flags);
    if (got >= 0) {
        /* A stream names no sender. */
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        message->msg_flags = flags & (MSG_CMSG_CLOEXEC | MSG_OOB);
    }
    return got;
}

/* read() and its kin, which take nothing if they are to read nothing. */
static ssize_t receive_buffers(const struct ring_socket *s, const struct iovec *vector, size_t count, int flags) {
    struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = count};
    ssize_t wanted = buffers_total(vector, count, EINVAL);
    if (wanted > 0) return receive_message(s, &message, flags);
    if (wanted == 0) return 0;
    errno = (int)-wanted;
    return -1;
}

static ssize_t receive_one(const struct ring_socket *s, void *buffer, size_t length, int flags,
                           struct sockaddr *address, socklen_t *address_length) {
    struct iovec vector = {buffer, length < BUFFERS_MAX ? length : BUFFERS_MAX};
    struct rf_name from = {.length = 0};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (address != NULL) {
        message.msg_name = from.address;
        message.msg_namelen = sizeof from.address;
    }
    ssize_t got = receive_message(s, &message, flags);
    if (got < 0 || address == NULL) return got;
    /* As in Linux what has come is lost to a call that has no place for the name. */
    from.length = message.msg_namelen;
    int error = socket_copy_name(&from, address, address_length);
    if (error == 0) return got;
    errno = error;
    return -1;
}

ssize_t shim_read(int fd, void *buffer, size_t length) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.read(fd, buffer, length);
    if (!addressable_range(buffer, length)) {
        errno = EFAULT;
        return -1;
    }
    return length == 0 ? 0 : receive_one(&s, buffer, length, 0, NULL, NULL);
}

ssize_t shim_readv(int fd, const struct iovec *vector, int count) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.readv(fd, vector, count);
    return receive_buffers(&s, vector, (size_t)(unsigned)count, 0);
}

/* Sockets have no place to read at: -1 is the only one. */
ssize_t shim_preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags) {
    struct ring_socket s;
    if (offset != -1 || !table_find(fd, &s)) return real.preadv2(fd, vector, count, offset, flags);
    if ((flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return receive_buffers(&s, vector, (size_t)(unsigned)count, (flags & RWF_NOWAIT) != 0 ? MSG_DONTWAIT : 0);
}

ssize_t shim_preadv64v2(int fd, const struct iovec *vector, int count, off_t offset, int flags) {
    return shim_preadv2(fd, vector, count, offset, flags);
}

ssize_t shim_recv(int fd, void *buffer, size_t length, int flags) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.recv(fd, buffer, length, flags);
    return receive_one(&s, buffer, length, flags, NULL, NULL);
}

ssize_t shim_recvfrom(int fd, void *buffer, size_t length, int flags, struct sockaddr *address,
                      socklen_t *address_length) {
    struct ring_socket s;
    if (!table_find(fd, &s))
        return (address != NULL && netlink_is(fd) ? netlink_recvfrom : real.recvfrom)(fd, buffer, length, flags, address,
                                                                                      address_length);
    return receive_one(&s, buffer, length, flags, address, address_length);
}

ssize_t shim_recvmsg(int fd, struct msghdr *message, int flags) {
    struct ring_socket s;
    if (table_find(fd, &s)) {
        errno = EINVAL;
        if ((flags & MSG_CMSG_COMPAT) != 0) return -1;
        errno = EFAULT;
        return writable(message, sizeof *message) ? receive_message(&s, message, flags) : -1;
    }
    if (netlink_is(fd)) return netlink_recvmsg(fd, message, flags);
    ssize_t got = real.recvmsg(fd, message, flags);
    /* Another process of the program may have passed a socket of the region on. */
    if (got >= 0 && message->msg_controllen != 0) inherit_from_message(message);
    return got;
}

/* Buffers too small for the length: libc's own forms end the program. */
ssize_t shim___read_chk(int fd, void *buffer, size_t length, size_t size) {
    return length > size ? real.__read_chk(fd, buffer, length, size) : shim_read(fd, buffer, length);
}

ssize_t shim___recv_chk(int fd, void *buffer, size_t length, size_t size, int flags) {
    return length > size ? real.__recv_chk(fd, buffer, length, size, flags) : shim_recv(fd, buffer, length, flags);
}

ssize_t shim___recvfrom_chk(int fd, void *buffer, size_t length, size_t size, int flags, struct sockaddr *address,
                            socklen_t *address_length) {
    if (length > size) return real.__recvfrom_chk(fd, buffer, length, size, flags, address, address_length);
    return shim_recvfrom(fd, buffer, length, flags, address, address_length);
}
