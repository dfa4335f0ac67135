/* Datagrams of NetBSD's sockets: one system call each, with the ancillary data a record has room for, in NetBSD's types. */
#include <string.h>

#include "netbsd.h"

static bool interrupted(ssize_t bytes) { return bytes < 0 && (errno == NETBSD_EINTR || errno <= 0); }

static ssize_t failed(void) { return errno == NETBSD_EAGAIN ? RF_STACK_AGAIN : bsd_result(-1); }

/* ---- in ---- */

/* An address of an interface, in the layout the gateway expects names in. */
static void take_pktinfo(struct rf_record *record, uint8_t family, const void *address, uint32_t index) {
    uint32_t length = family == NETBSD_AF_INET6 ? NETBSD_SIZE_sockaddr_in6 : NETBSD_SIZE_sockaddr_in;
    uint8_t *to = record->via.address;
    memset(to, 0, sizeof record->via.address);
    to[0] = (uint8_t)length;
    to[1] = family;
    if (family == NETBSD_AF_INET6) {
        memcpy(to + NETBSD_AT_sockaddr_in6_sin6_addr, address, NETBSD_SIZE_in6_addr);
        /* fe80::/10: the interface is part of the address */
        if (to[8] == 0xfe && (to[9] & 0xc0) == 0x80) memcpy(to + NETBSD_AT_sockaddr_in6_sin6_scope_id, &index, sizeof index);
    } else {
        memcpy(to + NETBSD_AT_sockaddr_in_sin_addr, address, NETBSD_SIZE_in_addr);
    }
    record->via.length = length;
    record->interface_index = index;
    record->flags |= RF_RECORD_PKTINFO;
}

static void take_number(struct rf_record *record, const uint8_t *data, size_t size, int32_t *number, uint32_t flag) {
    *number = 0;
    if (size >= sizeof(int)) memcpy(number, data, sizeof(int));
    else if (size >= 1) *number = *data;
    record->flags |= flag;
}

static void take(struct rf_record *record, const struct bsd_cmsghdr *c, const uint8_t *data, size_t size) {
    uint32_t index;
    if (c->level == NETBSD_IPPROTO_IP && c->type == NETBSD_IP_RECVTTL)
        take_number(record, data, size, &record->ttl, RF_RECORD_TTL);
    if (c->level == NETBSD_IPPROTO_IP && (c->type == NETBSD_IP_RECVPKTINFO || c->type == NETBSD_IP_PKTINFO) &&
        size >= NETBSD_SIZE_in_pktinfo) {
        memcpy(&index, data + NETBSD_AT_in_pktinfo_ipi_ifindex, sizeof index);
        take_pktinfo(record, NETBSD_AF_INET, data + NETBSD_AT_in_pktinfo_ipi_addr, index);
    }
    if (c->level == NETBSD_IPPROTO_IPV6 && c->type == NETBSD_IPV6_HOPLIMIT)
        take_number(record, data, size, &record->ttl, RF_RECORD_TTL);
    if (c->level == NETBSD_IPPROTO_IPV6 && c->type == NETBSD_IPV6_TCLASS)
        take_number(record, data, size, &record->tos, RF_RECORD_TOS);
    if (c->level == NETBSD_IPPROTO_IPV6 && c->type == NETBSD_IPV6_PKTINFO && size >= NETBSD_SIZE_in6_pktinfo) {
        memcpy(&index, data + NETBSD_AT_in6_pktinfo_ipi6_ifindex, sizeof index);
        take_pktinfo(record, NETBSD_AF_INET6, data + NETBSD_AT_in6_pktinfo_ipi6_addr, index);
    }
    if (c->level == NETBSD_SOL_SOCKET && c->type == NETBSD_SCM_TIMESTAMP && size >= sizeof(struct bsd_timeval)) {
        struct bsd_timeval time;
        memcpy(&time, data, sizeof time);
        record->seconds = time.seconds;
        record->nanoseconds = time.microseconds * INT64_C(1000);
        record->flags |= RF_RECORD_TIMESTAMP;
    }
}

static void take_all(struct rf_record *record, const uint8_t *control, uint32_t length) {
    struct bsd_cmsghdr c;
    for (uint32_t at = 0; at <= length && length - at >= sizeof c;) {
        memcpy(&c, control + at, sizeof c);
        if (c.length < BSD_CMSG_LEN(0) || c.length > length - at) return;
        take(record, &c, control + at + BSD_CMSG_LEN(0), c.length - BSD_CMSG_LEN(0));
        at += BSD_ALIGN(c.length);
    }
}

static ssize_t receive(int s, struct rf_record *record, const struct iovec *pieces, int count, int flags) {
    _Alignas(8) uint8_t control[512];
    struct bsd_msghdr message = {
        .name = record->name.address,
        .name_length = sizeof record->name.address,
        .pieces = (struct iovec *)pieces,
        .piece_count = count,
        .control = control,
        .control_length = sizeof control,
    };
    ssize_t bytes;
    do bytes = bsd_recvmsg(s, &message, flags | NETBSD_MSG_DONTWAIT);
    while (interrupted(bytes));
    if (bytes < 0) return failed();
    record->name.length =
        message.name_length < sizeof record->name.address ? message.name_length : (uint32_t)sizeof record->name.address;
    /* The kernel gives back the flags it was called with, too: only those that are not among them say something. */
    if ((message.flags & NETBSD_MSG_TRUNC) != 0) record->flags |= RF_RECORD_TRUNCATED;
    take_all(record, control, message.control_length < sizeof control ? message.control_length : (uint32_t)sizeof control);
    return bytes;
}

ssize_t netbsd_receive_datagram(int s, struct rf_record *record, const struct iovec *pieces, int count) {
    return receive(s, record, pieces, count, 0);
}

/* MSG_TRUNC tells no length on NetBSD, and FIONREAD tells that of all datagrams together: so it is read, and stays. */
ssize_t netbsd_next_datagram(int s) {
    static uint8_t bytes[RF_MAX_DATAGRAM];
    const struct iovec piece = {bytes, sizeof bytes};
    struct rf_record record = {0};
    return receive(s, &record, &piece, 1, NETBSD_MSG_PEEK);
}

/* ---- out ---- */

struct outgoing {
    _Alignas(8) uint8_t room[128];
    uint32_t length;
};

static void put(struct outgoing *out, int level, int type, const void *data, uint32_t length) {
    struct bsd_cmsghdr c = {BSD_CMSG_LEN(length), level, type};
    memset(out->room + out->length, 0, BSD_CMSG_SPACE(length));
    memcpy(out->room + out->length, &c, sizeof c);
    memcpy(out->room + out->length + BSD_CMSG_LEN(0), data, length);
    out->length += BSD_CMSG_SPACE(length);
}

static ssize_t send_message(int s, const struct rf_record *record, const struct iovec *pieces, int count,
                            const struct outgoing *out) {
    struct bsd_msghdr message = {
        .name = record->name.length != 0 ? (void *)record->name.address : NULL,
        .name_length = record->name.length,
        .pieces = (struct iovec *)pieces,
        .piece_count = count,
        .control = out->length != 0 ? (void *)out->room : NULL,
        .control_length = out->length,
    };
    ssize_t bytes;
    do bytes = bsd_sendmsg(s, &message, NETBSD_MSG_NOSIGNAL | NETBSD_MSG_DONTWAIT);
    while (interrupted(bytes));
    return bytes < 0 ? failed() : bytes;
}

static void set_int(int s, int level, int name, int value) { bsd_setsockopt(s, level, name, &value, sizeof value); }

/* A connected socket sends to its peer alone (EISCONN); Linux's sends anywhere, from the name it has. Without its peer for the time it
 * takes it would lose its address, and the peer, too, if it could not be connected again. So another socket of its name sends the
 * datagram. What others send to that one, natively nobody would get, either. */
static ssize_t send_past_peer(int s, const struct rf_record *record, const struct iovec *pieces, int count,
                              const struct outgoing *out) {
    uint8_t name[sizeof record->name.address];
    uint32_t length = sizeof name, size = sizeof(int);
    int shares = 0;
    ssize_t bytes = bsd_result(bsd_getsockname(s, name, &length));
    if (bytes < 0 || (bytes = netbsd_twin(s)) < 0) return bytes;
    int other = (int)bytes;
    bsd_getsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT, &shares, &size);
    set_int(s, NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT, 1);
    set_int(other, NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT, 1);
    if ((record->flags & RF_RECORD_TTL) != 0) set_int(other, NETBSD_IPPROTO_IP, NETBSD_IP_TTL, record->ttl);
    if ((record->flags & RF_RECORD_TOS) != 0) set_int(other, NETBSD_IPPROTO_IP, NETBSD_IP_TOS, record->tos);
    bytes = bsd_result(bsd_bind(other, name, length));
    if (bytes == 0) bytes = send_message(other, record, pieces, count, out);
    bsd_close(other);
    set_int(s, NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT, shares != 0);
    return bytes;
}

static bool is_ipv6(int s, const struct rf_record *record) {
    uint8_t local[sizeof record->name.address];
    uint32_t length = sizeof local;
    if (record->name.length >= 2) return record->name.address[1] == NETBSD_AF_INET6;
    return bsd_getsockname(s, local, &length) == 0 && length >= 2 && local[1] == NETBSD_AF_INET6;
}

static void put_ipv6(struct outgoing *out, const struct rf_record *record) {
    uint8_t info[NETBSD_SIZE_in6_pktinfo] = {0};
    if ((record->flags & RF_RECORD_PKTINFO) != 0) {
        if (record->via.length == NETBSD_SIZE_sockaddr_in6)
            memcpy(info, record->via.address + NETBSD_AT_sockaddr_in6_sin6_addr, NETBSD_SIZE_in6_addr);
        memcpy(info + NETBSD_AT_in6_pktinfo_ipi6_ifindex, &record->interface_index, sizeof record->interface_index);
        put(out, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_PKTINFO, info, sizeof info);
    }
    if ((record->flags & RF_RECORD_TTL) != 0)
        put(out, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_HOPLIMIT, &record->ttl, sizeof record->ttl);
    if ((record->flags & RF_RECORD_TOS) != 0)
        put(out, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_TCLASS, &record->tos, sizeof record->tos);
}

/* A kernel of before August 2017 takes no ancillary data with IPv4: its routes choose the address to leave from. */
static bool takes_pktinfo = true;

static void put_ip(struct outgoing *out, const struct rf_record *record) {
    uint8_t info[NETBSD_SIZE_in_pktinfo] = {0};
    if ((record->flags & RF_RECORD_PKTINFO) == 0 || !takes_pktinfo) return;
    if (record->via.length == NETBSD_SIZE_sockaddr_in)
        memcpy(info + NETBSD_AT_in_pktinfo_ipi_addr, record->via.address + NETBSD_AT_sockaddr_in_sin_addr, NETBSD_SIZE_in_addr);
    memcpy(info + NETBSD_AT_in_pktinfo_ipi_ifindex, &record->interface_index, sizeof record->interface_index);
    put(out, NETBSD_IPPROTO_IP, NETBSD_IP_PKTINFO, info, sizeof info);
}

/* TTL and TOS of one IPv4 datagram: NetBSD has no ancillary data for them, but the socket's options. `saved` is what they
 * were, or negative. */
static void borrow(int s, int name, int value, int *saved) {
    uint32_t length = sizeof *saved;
    *saved = -1;
    if (bsd_getsockopt(s, NETBSD_IPPROTO_IP, name, saved, &length) != 0 || length != sizeof *saved) *saved = -1;
    else bsd_setsockopt(s, NETBSD_IPPROTO_IP, name, &value, sizeof value);
}

static void give_back(int s, int name, int saved) {
    if (saved >= 0) bsd_setsockopt(s, NETBSD_IPPROTO_IP, name, &saved, sizeof saved);
}

/* A socket of loopback sends itself a datagram. Where there is no loopback nothing is learnt. */
void netbsd_messages_open(void) {
    struct rf_record record = {.flags = RF_RECORD_PKTINFO};
    const struct bsd_sockaddr here = {.length = NETBSD_SIZE_sockaddr_in, .family = NETBSD_AF_INET};
    const struct iovec piece = {NULL, 0};
    struct outgoing out = {.length = 0};
    uint32_t length = sizeof record.name.address;
    int s = bsd_socket(NETBSD_AF_INET, BSD_SOCK_DGRAM | NETBSD_SOCK_NONBLOCK, 0);
    if (s < 0) return;
    memcpy(record.name.address, &here, sizeof here);
    memcpy(record.name.address + NETBSD_AT_sockaddr_in_sin_addr, (const uint8_t[]){127, 0, 0, 1}, NETBSD_SIZE_in_addr);
    if (bsd_bind(s, record.name.address, NETBSD_SIZE_sockaddr_in) == 0 && bsd_getsockname(s, record.name.address, &length) == 0) {
        record.name.length = record.via.length = NETBSD_SIZE_sockaddr_in;
        memcpy(record.via.address, record.name.address, NETBSD_SIZE_sockaddr_in);
        put_ip(&out, &record);
        takes_pktinfo = send_message(s, &record, &piece, 1, &out) != -NETBSD_EINVAL;
    }
    bsd_close(s);
}

/* As Linux has it: ip_cmsg_send(). A socket's own option takes more here. */
static bool can_be_borrowed(const struct rf_record *record) {
    bool ttl = (record->flags & RF_RECORD_TTL) == 0 || (record->ttl >= 1 && record->ttl <= 255);
    return ttl && ((record->flags & RF_RECORD_TOS) == 0 || (record->tos >= 0 && record->tos <= 255));
}

ssize_t netbsd_send_datagram(int s, const struct rf_record *record, const struct iovec *pieces, int count) {
    struct outgoing out = {.length = 0};
    int ttl = -1, tos = -1;
    if ((record->flags & (RF_RECORD_PKTINFO | RF_RECORD_TTL | RF_RECORD_TOS)) != 0) {
        if (is_ipv6(s, record)) {
            put_ipv6(&out, record);
        } else {
            if (!can_be_borrowed(record)) return -NETBSD_EINVAL;
            put_ip(&out, record);
            if ((record->flags & RF_RECORD_TTL) != 0) borrow(s, NETBSD_IP_TTL, record->ttl, &ttl);
            if ((record->flags & RF_RECORD_TOS) != 0) borrow(s, NETBSD_IP_TOS, record->tos, &tos);
        }
    }
    ssize_t bytes = send_message(s, record, pieces, count, &out);
    give_back(s, NETBSD_IP_TTL, ttl);
    give_back(s, NETBSD_IP_TOS, tos);
    if (bytes == -NETBSD_EISCONN && record->name.length != 0) bytes = send_past_peer(s, record, pieces, count, &out);
    return bytes == -NETBSD_EHOSTUNREACH ? -NETBSD_ENETUNREACH : bytes; /* no route: see stack.c */
}
