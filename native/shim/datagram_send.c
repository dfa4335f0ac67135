/* Sending datagrams: one record of the out ring for each call. */
#include <errno.h>
#include <netinet/in.h>

#include "../region/readiness.h"
#include "buffers.h"
#include "call.h"
#include "critical.h"
#include "datagram.h"
#include "socket.h"
#include "unfinished.h"

/* The largest payloads: 65,535 bytes less the headers of UDP and, in IPv4, of IP. */
#define IPV4_MAX 65507
#define IPV6_MAX 65527

static bool is_mapped(const struct rf_name *name) {
    struct sockaddr_in6 in6;
    memcpy(&in6, name->address, sizeof in6);
    return name->length == sizeof in6 && in6.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
}

static void set_name(struct rf_name *name, const void *address, uint32_t length) {
    name->length = length;
    memcpy(name->address, address, length);
}

static int name_ipv4(const struct sockaddr_in *in, struct rf_name *name) {
    struct sockaddr_in plain = {.sin_family = AF_INET, .sin_port = in->sin_port, .sin_addr = in->sin_addr};
    if (plain.sin_port == 0) return EINVAL;
    set_name(name, &plain, sizeof plain);
    return 0;
}

/* The destination, checked as udp_sendmsg() and udpv6_sendmsg() of Linux check it. 0 or an errno. */
static int take_name(const struct ring_socket *s, const void *address, socklen_t length, struct rf_name *name) {
    struct sockaddr_in in;
    struct sockaddr_in6 in6 = {.sin6_family = 0};
    sa_family_t family;
    if (length < sizeof family) return EINVAL;
    memcpy(&family, address, sizeof family);
    if (family == AF_INET || s->slot->domain == AF_INET) {
        if (length < sizeof in) return EINVAL;
        memcpy(&in, address, sizeof in);
        if (s->slot->domain == AF_INET)
            return family == AF_INET || family == AF_UNSPEC ? name_ipv4(&in, name) : EAFNOSUPPORT;
        in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = in.sin_port};
        in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
        memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, sizeof in.sin_addr);
    } else if (family == AF_UNSPEC) {
        return 0; /* as if there were no name */
    } else if (family != AF_INET6 || length < offsetof(struct sockaddr_in6, sin6_scope_id)) {
        return EINVAL;
    } else {
        memcpy(&in6, address, length < sizeof in6 ? length : sizeof in6);
    }
    if (in6.sin6_port == 0) return EINVAL;
    set_name(name, &in6, sizeof in6);
    return 0;
}

/* A socket that sends gets an address, if it has none, and getsockname() has to tell it at once. */
static int bind_unbound(const struct ring_socket *s) {
    struct rf_command command = {.op = RF_OP_BIND};
    struct answer answer;
    uint16_t port = 0; /* at the same place in both families */
    memcpy(&port, s->slot->local.address + offsetof(struct sockaddr_in, sin_port), sizeof port);
    if (s->slot->local.length != 0 && port != 0) return 0;
    sa_family_t family = (sa_family_t)s->slot->domain;
    memcpy(command.payload, &family, sizeof family);
    command.payload_length = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    /* Refused by somebody, or another thread was first: the stack binds as it sends. */
    return call_backend(s, &command, &answer) == ENETDOWN ? ENETDOWN : 0;
}

/* The most that goes to a name, or, if that is empty, to the peer. */
static ssize_t largest(const struct ring_socket *s, const struct rf_name *name) {
    struct rf_name to = name->length != 0 ? *name : s->slot->peer;
    return s->slot->domain == AF_INET || is_mapped(&to) ? IPV4_MAX : IPV6_MAX;
}

/* To everybody only with SO_BROADCAST: the stack would say so too late. Broadcast addresses of networks it alone knows. */
static int check_broadcast(const struct ring_socket *s, const struct rf_name *name) {
    struct sockaddr_in in;
    struct rf_command command = {.op = RF_OP_GETSOCKOPT, .args = {SOL_SOCKET, SO_BROADCAST, sizeof(int)}};
    struct answer answer;
    int on = 0;
    memcpy(&in, name->address, sizeof in);
    if (name->length != sizeof in || in.sin_family != AF_INET || in.sin_addr.s_addr != htonl(INADDR_BROADCAST)) return 0;
    if (call_backend(s, &command, &answer) != 0) return 0;
    memcpy(&on, answer.payload, sizeof on);
    return on != 0 ? 0 : EACCES;
}

/* What the datagram is to say, but for the bytes: 0 or an errno. */
static int prepare(const struct ring_socket *s, const struct msghdr *message, ssize_t length, int flags,
                   struct rf_record *record) {
    if (length < 0) return (int)-length;
    if (length > RF_MAX_DATAGRAM) return EMSGSIZE;
    if ((flags & MSG_OOB) != 0) return EOPNOTSUPP;
    int error = message->msg_name == NULL ? 0 : take_name(s, message->msg_name, message->msg_namelen, &record->name);
    if (error != 0) return error;
    if (record->name.length == 0 && socket_state(s) != RF_STATE_CONNECTED) return EDESTADDRREQ;
    error = datagram_get_control(s, message, record);
    if (error == 0) error = check_broadcast(s, &record->name);
    if (error != 0) return error;
    return length > largest(s, &record->name) ? EMSGSIZE : bind_unbound(s);
}

/* Makes the descriptor unwritable because the datagram did not fit. 0 if it may fit by now, or -errno. */
static int block(const struct ring_socket *s, uint32_t length, bool *ring) {
    struct rf_ring out = rf_out_ring(s->slot);
    struct rf_record *header;
    struct iovec bytes[2];
    if (!table_holds(s)) return -EBADF; /* nothing may be sent into what the number has become */
    /* Stuffing comes before the flag: the gateway reads away what it finds after it has cleared it. */
    if (rf_stuff(s->fd) != 0) return attachment_alive(s->attachment) ? -EPIPE : -ENETDOWN;
    atomic_store_explicit(&s->slot->out_blocked, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rf_record_reserve(s->region, &out, length, &header, bytes) == 0) return -EAGAIN;
    *ring |= rf_notify(s->region, s->number);
    return 0;
}

/* One turn under send_lock. 1: it is in the ring; 0: try again; -EAGAIN: when the descriptor is writable; or
 * -errno. */
static int put(const struct ring_socket *s, const struct rf_record *record, struct buffers from, uint32_t length,
               bool *ring) {
    struct rf_ring out = rf_out_ring(s->slot);
    struct rf_record *header;
    struct iovec bytes[2];
    uint32_t marks = socket_marks(s);
    if ((marks & RF_MARK_RESET) != 0 || attachment_dead(s->attachment)) return -ENETDOWN;
    if ((marks & RF_MARK_OUT_SHUT) != 0) return -EPIPE;
    int room = rf_record_reserve(s->region, &out, length, &header, bytes);
    if (room < 0) return -ENETDOWN;
    if (room == 0) return block(s, length, ring);
    *header = *record;
    buffers_gather(&from, bytes[0].iov_base, bytes[0].iov_len);
    buffers_gather(&from, bytes[1].iov_base, bytes[1].iov_len);
    rf_order_stamp_out(s->region, s->slot);
    rf_record_commit(&out, header, length);
    *ring = rf_notify(s->region, s->number);
    return 1;
}

static int send_record(const struct ring_socket *s, const struct rf_record *record, struct buffers from, uint32_t length,
                       int flags) {
    for (;;) {
        bool ring = false;
        int error = datagram_take_error(s);
        if (error != 0) return -error;
        struct critical section = critical_enter();
        rf_lock(&s->slot->send_lock);
        int result = put(s, record, from, length, &ring);
        rf_unlock(&s->slot->send_lock);
        critical_leave(section);
        if (ring) attachment_ring(s->attachment);
        if (result == 1 || (result < 0 && (result != -EAGAIN || (flags & MSG_DONTWAIT) != 0))) return result;
        if (result == -EAGAIN && (result = socket_await_room(s)) < 0) return result;
    }
}

/* A part of a datagram: its beginning or more of it, if `flags` say that there is more to come, or its end. 0, or
 * -errno; 1 if it is to be sent whole after all. */
static int send_part(const struct ring_socket *s, const struct rf_record *record, struct buffers from, uint32_t length,
                     int flags) {
    bool more = (flags & MSG_MORE) != 0;
    struct critical section = critical_enter();
    rf_lock(&s->slot->send_lock);
    struct unfinished *datagram = more ? unfinished_begin(s, record) : unfinished_find(s);
    uint32_t before = datagram != NULL ? datagram->length : 0;
    int result = datagram == NULL ? 1 : unfinished_append(datagram, from, length) ? 0 : -EMSGSIZE;
    if (result == 0 && datagram->length > largest(s, &datagram->record.name)) result = -EMSGSIZE;
    if (result < 0) unfinished_end(datagram);
    rf_unlock(&s->slot->send_lock);
    critical_leave(section);
    if (result != 0 || more) return result;
    struct iovec whole = {datagram->bytes, datagram->length};
    result = send_record(s, &datagram->record, (struct buffers){.vector = &whole}, datagram->length, flags);
    if (result == -EAGAIN) datagram->length = before;
    else unfinished_end(datagram);
    return result < 0 ? result : 0;
}

ssize_t datagram_send(const struct ring_socket *s, const struct msghdr *message, int flags) {
    struct rf_record record = {.length = 0};
    struct buffers from = {.vector = message->msg_iov};
    int kept = errno;
    ssize_t length = buffers_total(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    int result = -prepare(s, message, length, flags, &record);
    if (result == 0 && !buffers_reach(&from, (size_t)length, false)) result = -EFAULT;
    bool whole = result == 0;
    if (whole && ((flags & MSG_MORE) != 0 || unfinished_find(s) != NULL)) {
        result = send_part(s, &record, from, (uint32_t)length, flags);
        whole = result == 1;
    }
    if (whole) result = send_record(s, &record, from, (uint32_t)length, flags);
    /* No SIGPIPE: Linux sends none for a datagram. */
    errno = result < 0 ? -result : kept;
    return result < 0 ? -1 : length;
}
