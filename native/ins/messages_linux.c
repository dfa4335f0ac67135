/* Datagrams of the Linux kernel's sockets: one system call each, with the ancillary data a record has room for.
 * Which of it comes, the socket's options decide, as natively. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "stack_linux.h"

/* asm-generic/socket.h: the forms whose seconds have 64 bits everywhere. Here that makes no difference. */
#define TIMESTAMP_NEW 63
#define TIMESTAMPNS_NEW 64

/* With IP_RECVERR every error of the network stays in a queue that counts as received bytes. A region has no way
 * for it to the program, and nothing would be received any more once it is full. */
static ssize_t failed(int s) {
    int error = errno;
    if (error == EAGAIN) return RF_STACK_AGAIN;
    for (int i = 0; i < 64 && recv(s, NULL, 0, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0; i++) continue;
    return -error;
}

/* ---- in ---- */

static void take_pktinfo(struct rf_record *record, const void *address, uint32_t length, unsigned interface_index) {
    memcpy(record->via.address, address, length);
    record->via.length = length;
    record->interface_index = interface_index;
    record->flags |= RF_RECORD_PKTINFO;
}

static void take_number(struct rf_record *record, const struct cmsghdr *c, int32_t *number, uint32_t flag) {
    *number = 0;
    if (c->cmsg_len == CMSG_LEN(1)) *number = *CMSG_DATA(c); /* IP_TOS */
    if (c->cmsg_len >= CMSG_LEN(sizeof(int))) memcpy(number, CMSG_DATA(c), sizeof(int));
    record->flags |= flag;
}

static void take_time(struct rf_record *record, int64_t seconds, int64_t nanoseconds) {
    record->seconds = seconds;
    record->nanoseconds = nanoseconds;
    record->flags |= RF_RECORD_TIMESTAMP;
}

static void take_ip(struct rf_record *record, const struct cmsghdr *c) {
    if (c->cmsg_type == IP_TTL) take_number(record, c, &record->ttl, RF_RECORD_TTL);
    if (c->cmsg_type == IP_TOS) take_number(record, c, &record->tos, RF_RECORD_TOS);
    if (c->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        struct sockaddr_in via = {.sin_family = AF_INET, .sin_addr = info.ipi_addr};
        take_pktinfo(record, &via, sizeof via, (unsigned)info.ipi_ifindex);
    }
}

static void take_ipv6(struct rf_record *record, const struct cmsghdr *c) {
    if (c->cmsg_type == IPV6_HOPLIMIT) take_number(record, c, &record->ttl, RF_RECORD_TTL);
    if (c->cmsg_type == IPV6_TCLASS) take_number(record, c, &record->tos, RF_RECORD_TOS);
    if (c->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        struct sockaddr_in6 via = {.sin6_family = AF_INET6, .sin6_addr = info.ipi6_addr};
        if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) via.sin6_scope_id = info.ipi6_ifindex;
        take_pktinfo(record, &via, sizeof via, info.ipi6_ifindex);
    }
}

static void take_socket(struct rf_record *record, const struct cmsghdr *c) {
    if (c->cmsg_type == SCM_TIMESTAMP || c->cmsg_type == TIMESTAMP_NEW) {
        struct timeval time;
        memcpy(&time, CMSG_DATA(c), sizeof time);
        take_time(record, time.tv_sec, time.tv_usec * INT64_C(1000));
    }
    if (c->cmsg_type == SCM_TIMESTAMPNS || c->cmsg_type == TIMESTAMPNS_NEW) {
        struct timespec time;
        memcpy(&time, CMSG_DATA(c), sizeof time);
        take_time(record, time.tv_sec, time.tv_nsec);
    }
}

ssize_t linux_receive_datagram(int s, struct rf_record *record, const struct iovec *pieces, int count) {
    _Alignas(struct cmsghdr) char ancillary[512];
    struct msghdr message = {
        .msg_name = record->name.address,
        .msg_namelen = sizeof record->name.address,
        .msg_iov = (struct iovec *)pieces,
        .msg_iovlen = (size_t)count,
        .msg_control = ancillary,
        .msg_controllen = sizeof ancillary,
    };
    ssize_t bytes;
    do bytes = recvmsg(s, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (bytes < 0 && errno == EINTR);
    if (bytes < 0) return failed(s);
    record->name.length = message.msg_namelen < sizeof record->name.address ? message.msg_namelen
                                                                            : (uint32_t)sizeof record->name.address;
    if ((message.msg_flags & MSG_TRUNC) != 0) record->flags |= RF_RECORD_TRUNCATED;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IP) take_ip(record, c);
        else if (c->cmsg_level == IPPROTO_IPV6) take_ipv6(record, c);
        else if (c->cmsg_level == SOL_SOCKET) take_socket(record, c);
    }
    return bytes;
}

/* Peeking verifies the checksum, too: the datagram it has seen is the one that is received next. */
ssize_t linux_next_datagram(int s) {
    ssize_t bytes;
    do bytes = recv(s, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    while (bytes < 0 && errno == EINTR);
    return bytes < 0 ? failed(s) : bytes;
}

/* ---- out ---- */

struct outgoing {
    _Alignas(struct cmsghdr) char room[256];
    size_t length;
};

static void put(struct outgoing *out, int level, int type, const void *data, size_t length) {
    struct cmsghdr *c = (struct cmsghdr *)(out->room + out->length);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, length);
    out->length += CMSG_SPACE(length);
}

/* A number goes at the level of IPv4 and at that of IPv6: the kernel takes the one of the datagram. */
static void put_number(struct outgoing *out, int ip, int ipv6, int number) {
    put(out, IPPROTO_IP, ip, &number, sizeof number);
    put(out, IPPROTO_IPV6, ipv6, &number, sizeof number);
}

/* Where it is to leave from: an address and an interface, or an interface alone. */
static void put_pktinfo(struct outgoing *out, const struct rf_record *record) {
    struct in_pktinfo ip = {.ipi_ifindex = (int)record->interface_index};
    struct in6_pktinfo ipv6 = {.ipi6_ifindex = record->interface_index};
    union {
        sa_family_t family;
        struct sockaddr_in ip;
        struct sockaddr_in6 ipv6;
    } via = {0};
    memcpy(&via, record->via.address, record->via.length);
    if (via.family == AF_INET) ip.ipi_spec_dst = via.ip.sin_addr;
    if (via.family == AF_INET6) ipv6.ipi6_addr = via.ipv6.sin6_addr;
    if (via.family != AF_INET6) put(out, IPPROTO_IP, IP_PKTINFO, &ip, sizeof ip);
    if (via.family != AF_INET) put(out, IPPROTO_IPV6, IPV6_PKTINFO, &ipv6, sizeof ipv6);
}

ssize_t linux_send_datagram(int s, const struct rf_record *record, const struct iovec *pieces, int count) {
    struct outgoing out = {.length = 0};
    if ((record->flags & RF_RECORD_PKTINFO) != 0) put_pktinfo(&out, record);
    if ((record->flags & RF_RECORD_TTL) != 0) put_number(&out, IP_TTL, IPV6_HOPLIMIT, record->ttl);
    if ((record->flags & RF_RECORD_TOS) != 0) put_number(&out, IP_TOS, IPV6_TCLASS, record->tos);
    struct msghdr message = {
        .msg_name = record->name.length != 0 ? (void *)record->name.address : NULL,
        .msg_namelen = record->name.length,
        .msg_iov = (struct iovec *)pieces,
        .msg_iovlen = (size_t)count,
        .msg_control = out.length != 0 ? out.room : NULL,
        .msg_controllen = out.length,
    };
    ssize_t bytes;
    do bytes = sendmsg(s, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (bytes < 0 && errno == EINTR);
    return bytes < 0 ? failed(s) : bytes;
}
