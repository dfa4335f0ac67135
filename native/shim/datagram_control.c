/* Ancillary data of datagrams: control messages of Linux on the program's side, fields of a record on the
 * ring's. */
#include <errno.h>
#include <linux/socket.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "addressable.h"
#include "call.h"
#include "datagram.h"
#include "notes.h"

/* From asm-generic/socket.h; libc's headers may map the names to other numbers. */
#define TIMESTAMPNS 35

/* ---- to the program ---- */

/* Where the next control message goes. */
struct control {
    uint8_t *at;
    size_t left;
    bool truncated;
};

static void put(struct control *to, int level, int type, const void *data, size_t length) {
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    if (to->left < sizeof header) {
        to->truncated = true;
        return;
    }
    if (header.cmsg_len > to->left) {
        header.cmsg_len = to->left;
        to->truncated = true;
    }
    memcpy(to->at, &header, sizeof header);
    memcpy(to->at + CMSG_LEN(0), data, header.cmsg_len - CMSG_LEN(0));
    size_t space = CMSG_SPACE(length) < to->left ? CMSG_SPACE(length) : to->left;
    to->at += space;
    to->left -= space;
}

/* Which of its two forms the program has asked for; another process of it may have. */
static bool in_nanoseconds(const struct ring_socket *s) {
    unsigned notes = notes_of(s) & (NOTE_TIMEVAL | NOTE_TIMESPEC);
    if (notes == 0) {
        struct rf_command command = {.op = RF_OP_GETSOCKOPT, .args = {SOL_SOCKET, TIMESTAMPNS, sizeof(int)}};
        struct answer answer;
        bool on = call_backend(s, &command, &answer) == 0 && answer.length >= 1 && answer.payload[0] != 0;
        notes_change(s, notes = on ? NOTE_TIMESPEC : NOTE_TIMEVAL, 0);
    }
    return (notes & NOTE_TIMESPEC) != 0;
}

static void put_timestamp(const struct ring_socket *s, const struct rf_record *record, struct control *to) {
    if (in_nanoseconds(s)) {
        struct timespec stamp = {record->seconds, record->nanoseconds};
        put(to, SOL_SOCKET, SCM_TIMESTAMPNS, &stamp, sizeof stamp);
    } else {
        struct timeval stamp = {record->seconds, record->nanoseconds / 1000};
        put(to, SOL_SOCKET, SCM_TIMESTAMP, &stamp, sizeof stamp);
    }
}

static void put_pktinfo(const struct rf_record *record, struct control *to) {
    sa_family_t family;
    memcpy(&family, record->via.address, sizeof family);
    if (family == AF_INET6) {
        struct sockaddr_in6 via;
        memcpy(&via, record->via.address, sizeof via);
        struct in6_pktinfo info = {.ipi6_addr = via.sin6_addr, .ipi6_ifindex = record->interface_index};
        put(to, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        struct sockaddr_in via;
        memcpy(&via, record->via.address, sizeof via);
        struct in_pktinfo info = {
            .ipi_ifindex = (int)record->interface_index, .ipi_spec_dst = via.sin_addr, .ipi_addr = via.sin_addr};
        put(to, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

void datagram_put_control(const struct ring_socket *s, const struct rf_record *record, struct msghdr *message) {
    struct control to = {message->msg_control, message->msg_control != NULL ? message->msg_controllen : 0, false};
    if (!writable(to.at, to.left)) {
        message->msg_controllen = 0;
        return;
    }
    size_t room = to.left;
    bool six = s->slot->domain == AF_INET6;
    if ((record->flags & RF_RECORD_TIMESTAMP) != 0) put_timestamp(s, record, &to);
    if ((record->flags & RF_RECORD_PKTINFO) != 0) put_pktinfo(record, &to);
    if ((record->flags & RF_RECORD_TTL) != 0)
        put(&to, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_HOPLIMIT : IP_TTL, &record->ttl, sizeof record->ttl);
    if ((record->flags & RF_RECORD_TOS) != 0) {
        /* A byte in IPv4, an int in IPv6. Little-endian. */
        if (six) put(&to, IPPROTO_IPV6, IPV6_TCLASS, &record->tos, sizeof record->tos);
        else put(&to, IPPROTO_IP, IP_TOS, &record->tos, 1);
    }
    message->msg_controllen = room - to.left;
    if (to.truncated) message->msg_flags |= MSG_CTRUNC;
}

/* ---- from the program ---- */

static bool get(const struct cmsghdr *c, void *data, size_t length) {
    if (c->cmsg_len < CMSG_LEN(length)) return false;
    memcpy(data, CMSG_DATA(c), length);
    return true;
}

static void set_via(struct rf_record *record, const struct ring_socket *s, const void *address, unsigned interface) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    record->flags |= RF_RECORD_PKTINFO;
    record->interface_index = interface;
    if (s->slot->domain == AF_INET6) {
        struct sockaddr_in6 via = {.sin6_family = AF_INET6};
        memcpy(&via.sin6_addr, address, sizeof via.sin6_addr);
        record->via.length = sizeof via;
        memcpy(record->via.address, &via, sizeof via);
        /* 0.0.0.0: any, as it is of both families. */
        if (memcmp(address, mapped, sizeof mapped) == 0 && memcmp((const uint8_t *)address + 12, "\0\0\0", 4) == 0)
            memset(record->via.address + offsetof(struct sockaddr_in6, sin6_addr), 0, sizeof via.sin6_addr);
    } else {
        struct sockaddr_in via = {.sin_family = AF_INET};
        memcpy(&via.sin_addr, address, sizeof via.sin_addr);
        record->via.length = sizeof via;
        memcpy(record->via.address, &via, sizeof via);
    }
}

/* IP_PKTINFO, IP_TTL and IP_TOS; on an IPv6 socket too, for peers that have IPv4. */
static int get_ip(const struct cmsghdr *c, const struct ring_socket *s, struct rf_record *record) {
    struct in_pktinfo info;
    int32_t number;
    uint8_t byte;
    switch (c->cmsg_type) {
    case IP_PKTINFO:
        if (!get(c, &info, sizeof info)) return EINVAL;
        if (s->slot->domain == AF_INET6) {
            struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
            memcpy(mapped.s6_addr + 12, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
            set_via(record, s, &mapped, (unsigned)info.ipi_ifindex);
        } else {
            set_via(record, s, &info.ipi_spec_dst, (unsigned)info.ipi_ifindex);
        }
        return 0;
    case IP_TTL:
        if (!get(c, &number, sizeof number) || number < 1 || number > 255) return EINVAL;
        record->ttl = number;
        record->flags |= RF_RECORD_TTL;
        return 0;
    case IP_TOS:
        if (!get(c, &number, sizeof number)) {
            if (!get(c, &byte, sizeof byte)) return EINVAL;
            number = byte;
        }
        if (number < 0 || number > 255) return EINVAL;
        record->tos = number;
        record->flags |= RF_RECORD_TOS;
        return 0;
    default:
        return EINVAL;
    }
}

static int get_ipv6(const struct cmsghdr *c, const struct ring_socket *s, struct rf_record *record) {
    struct in6_pktinfo info;
    int32_t number;
    switch (c->cmsg_type) {
    case IPV6_PKTINFO:
        if (!get(c, &info, sizeof info)) return EINVAL;
        set_via(record, s, &info.ipi6_addr, info.ipi6_ifindex);
        return 0;
    case IPV6_HOPLIMIT:
    case IPV6_TCLASS:
        if (!get(c, &number, sizeof number) || number < -1 || number > 255) return EINVAL;
        if (number == -1) return 0; /* the socket's own: RFC 3542 */
        if (c->cmsg_type == IPV6_HOPLIMIT) record->ttl = number, record->flags |= RF_RECORD_TTL;
        else record->tos = number, record->flags |= RF_RECORD_TOS;
        return 0;
    default:
        return EINVAL;
    }
}

int datagram_get_control(const struct ring_socket *s, const struct msghdr *message, struct rf_record *record) {
    struct msghdr copy = *message;
    if (copy.msg_control == NULL) return copy.msg_controllen != 0 ? EFAULT : 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c != NULL; c = CMSG_NXTHDR(&copy, c)) {
        size_t left = copy.msg_controllen - (size_t)((uint8_t *)c - (uint8_t *)copy.msg_control);
        int error = 0;
        if (c->cmsg_len < sizeof *c || c->cmsg_len > left) return EINVAL;
        if (c->cmsg_level == SOL_SOCKET)
            error = c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS ? 0 : EINVAL;
        else if (c->cmsg_level == IPPROTO_IP) error = get_ip(c, s, record);
        else if (c->cmsg_level == IPPROTO_IPV6 && s->slot->domain == AF_INET6) error = get_ipv6(c, s, record);
        /* UDP_SEGMENT: what Linux answers where there is no offload; programs then send one by one. */
        else if (c->cmsg_level == IPPROTO_UDP) error = EIO;
        if (error != 0) return error;
    }
    return 0;
}
