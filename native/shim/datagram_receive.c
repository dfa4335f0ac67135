/* Receiving datagrams: one record of the in ring for each call. */
#include <errno.h>
#include <netinet/in.h>

#include "../region/readiness.h"
#include "buffers.h"
#include "critical.h"
#include "datagram.h"
#include "socket.h"

static bool error_waits(const struct ring_socket *s) {
    uint32_t error = atomic_load_explicit(&s->slot->error, memory_order_acquire);
    return (error & 0xffff) != 0 && error >> 16 != (atomic_load(&s->slot->error_taken) & 0xffff);
}

/* Makes the descriptor as readable as the socket is: the packet that tells an error may be read away with
 * those that told datagrams. Under receive_lock. True: the caller has to ring. */
static bool settle(const struct ring_socket *s) {
    bool ring = socket_settle(s);
    if (error_waits(s)) ring |= rf_readable_kick(s->region, s->number);
    return ring;
}

int datagram_take_error(const struct ring_socket *s) {
    int error = socket_take_error(s);
    if (error == 0) return 0;
    struct critical section = critical_enter();
    rf_lock(&s->slot->receive_lock);
    bool ring = settle(s);
    rf_unlock(&s->slot->receive_lock);
    critical_leave(section);
    if (ring) attachment_ring(s->attachment);
    return error;
}

int datagram_next(const struct ring_socket *s) {
    struct rf_ring in = rf_in_ring(s->slot);
    struct rf_record record;
    struct iovec bytes[2];
    struct critical section = critical_enter();
    rf_lock(&s->slot->receive_lock);
    int got = rf_record_peek(s->region, &in, &record, bytes);
    rf_unlock(&s->slot->receive_lock);
    critical_leave(section);
    return got == 1 ? (int)record.length : 0;
}

/* What recvmsg() tells of the end of a socket, or of its gateway. `marks` were read before the ring was found
 * empty. */
static ssize_t nothing(const struct ring_socket *s, uint32_t marks, bool *ring) {
    if ((marks & RF_MARK_RESET) != 0 || attachment_dead(s->attachment)) return -ENETDOWN;
    if ((marks & RF_MARK_IN_EOF) != 0) return 0;
    *ring |= settle(s);
    return -EAGAIN;
}

/* Copies the next datagram out, and takes it unless it is only looked at. Its length, or as `nothing`, with
 * record->flags all ones; or -errno. Under receive_lock. */
static ssize_t take(const struct ring_socket *s, const struct msghdr *message, size_t wanted, int flags,
                    struct rf_record *record, bool *ring) {
    struct rf_ring in = rf_in_ring(s->slot);
    struct iovec bytes[2];
    struct buffers to = {.vector = message->msg_iov};
    int error = socket_take_error(s);
    if (error != 0) {
        *ring |= settle(s);
        return -error;
    }
    uint32_t marks = socket_marks(s);
    int got = rf_record_peek(s->region, &in, record, bytes);
    if (got < 0) return -ENETDOWN;
    if (got == 0) {
        record->flags = UINT32_MAX;
        return nothing(s, marks, ring);
    }
    size_t length = record->length < wanted ? record->length : wanted;
    size_t first = length < bytes[0].iov_len ? length : bytes[0].iov_len;
    /* As in Linux a datagram is lost to a call that has no place for it. */
    bool placed = buffers_reach(&to, length, true);
    if (placed) {
        buffers_scatter(&to, bytes[0].iov_base, first);
        buffers_scatter(&to, bytes[1].iov_base, length - first);
    }
    if ((flags & MSG_PEEK) == 0) {
        rf_record_consume(&in, record);
        if (rf_unblock(&s->slot->in_blocked)) *ring |= rf_notify(s->region, s->number);
        *ring |= settle(s);
    }
    return placed ? (ssize_t)record->length : -EFAULT;
}

/* 0 or an errno. */
static int tell(const struct ring_socket *s, const struct rf_record *record, size_t wanted, struct msghdr *message,
                 int flags) {
    message->msg_flags = flags & MSG_CMSG_CLOEXEC;
    if (record->flags == UINT32_MAX) {
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        return 0;
    }
    if (record->length > wanted || (record->flags & RF_RECORD_TRUNCATED) != 0) message->msg_flags |= MSG_TRUNC;
    int error = 0;
    if (message->msg_name != NULL) error = socket_copy_name(&record->name, message->msg_name, &message->msg_namelen);
    else message->msg_namelen = 0;
    datagram_put_control(s, record, message);
    return error;
}

ssize_t datagram_receive(const struct ring_socket *s, struct msghdr *message, int flags) {
    struct rf_record record;
    unsigned waits = 0;
    int kept = errno;
    ssize_t wanted = buffers_total(message->msg_iov, message->msg_iovlen, EMSGSIZE), result = 0;
    if (wanted < 0) result = wanted;
    else if (message->msg_name != NULL && (int)message->msg_namelen < 0) result = -EINVAL;
    else if ((flags & MSG_ERRQUEUE) != 0) result = -EAGAIN;
    while (result == 0) {
        bool ring = false;
        struct critical section = critical_enter();
        rf_lock(&s->slot->receive_lock);
        result = take(s, message, (size_t)wanted, flags, &record, &ring);
        /* The packet woke only this one of perhaps many waiters: have another one sent for the rest. */
        if (result != -EAGAIN && waits > 0 && (flags & MSG_PEEK) == 0) {
            struct rf_ring in = rf_in_ring(s->slot);
            if (rf_available(&in) > 0) ring |= rf_readable_kick(s->region, s->number);
        }
        rf_unlock(&s->slot->receive_lock);
        critical_leave(section);
        if (ring) attachment_ring(s->attachment);
        if (result != -EAGAIN || (flags & MSG_DONTWAIT) != 0) break;
        result = socket_await_packet(s, ++waits);
        if (result == -ECONNRESET) result = -ENETDOWN;
    }
    if (result >= 0) {
        int error = tell(s, &record, (size_t)wanted, message, flags);
        if (error != 0) result = -error;
    }
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    errno = kept;
    return (flags & MSG_TRUNC) != 0 || result < wanted ? result : wanted;
}
