/* sendmsg() and recvmsg() of NetBSD on Linux's sockets: the layouts of message and ancillary data, the flags, the limit of a
 * datagram, and that one to an address is EISCONN on a connected socket. */
#include "emulation.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* What is taken, and what a message may ask for; other bits of flags are ignored, as on NetBSD. */
static int flags_here(int flags) {
    return ((flags & NETBSD_MSG_DONTWAIT) != 0 ? MSG_DONTWAIT : 0) | ((flags & NETBSD_MSG_PEEK) != 0 ? MSG_PEEK : 0) |
           ((flags & NETBSD_MSG_WAITALL) != 0 ? MSG_WAITALL : 0) | ((flags & NETBSD_MSG_OOB) != 0 ? MSG_OOB : 0);
}

/* ---- ancillary data ---- */

struct control {
    uint8_t *room;
    uint32_t capacity, length;
    bool cut;
};

static void put(struct control *c, int level, int type, const void *data, uint32_t length) {
    struct bsd_cmsghdr header = {BSD_CMSG_LEN(length), level, type};
    if (c->capacity - c->length < BSD_CMSG_SPACE(length)) {
        c->cut = true;
        return;
    }
    memset(c->room + c->length, 0, BSD_CMSG_SPACE(length));
    memcpy(c->room + c->length, &header, sizeof header);
    memcpy(c->room + c->length + BSD_CMSG_LEN(0), data, length);
    c->length += BSD_CMSG_SPACE(length);
}

static void put_ip(struct control *to, const struct cmsghdr *c) {
    int number = 0;
    struct in_pktinfo info;
    if (c->cmsg_type == IP_TTL) {
        memcpy(&number, CMSG_DATA(c), sizeof number);
        put(to, NETBSD_IPPROTO_IP, NETBSD_IP_RECVTTL, &(uint8_t){(uint8_t)number}, 1);
    }
    if (c->cmsg_type == IP_PKTINFO) {
        uint8_t there[NETBSD_SIZE_in_pktinfo];
        memcpy(&info, CMSG_DATA(c), sizeof info);
        memcpy(there + NETBSD_AT_in_pktinfo_ipi_addr, &info.ipi_addr, sizeof info.ipi_addr);
        memcpy(there + NETBSD_AT_in_pktinfo_ipi_ifindex, &info.ipi_ifindex, sizeof info.ipi_ifindex);
        put(to, NETBSD_IPPROTO_IP, NETBSD_IP_RECVPKTINFO, there, sizeof there);
    }
}

static void put_ipv6(struct control *to, const struct cmsghdr *c) {
    int type = c->cmsg_type == IPV6_HOPLIMIT  ? NETBSD_IPV6_HOPLIMIT
               : c->cmsg_type == IPV6_TCLASS  ? NETBSD_IPV6_TCLASS
               : c->cmsg_type == IPV6_PKTINFO ? NETBSD_IPV6_PKTINFO
                                              : 0;
    if (type != 0) put(to, NETBSD_IPPROTO_IPV6, type, CMSG_DATA(c), (uint32_t)(c->cmsg_len - CMSG_LEN(0)));
}

static void put_socket(struct control *to, const struct cmsghdr *c) {
    struct timeval time;
    if (c->cmsg_type != SCM_TIMESTAMP) return;
    memcpy(&time, CMSG_DATA(c), sizeof time);
    put(to, NETBSD_SOL_SOCKET, NETBSD_SCM_TIMESTAMP,
        &(struct bsd_timeval){time.tv_sec, (int32_t)time.tv_usec, 0xa5a5a5a5}, sizeof(struct bsd_timeval));
}

static void put_here(uint8_t *room, size_t *length, int level, int type, const void *data, size_t size) {
    struct cmsghdr *c = (struct cmsghdr *)(room + *length);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, size);
    *length += CMSG_SPACE(size);
}

/* One control message on its way out. 0 or an errno of NetBSD. */
static int from_netbsd(const struct bsd_cmsghdr *c, const uint8_t *data, uint32_t size, uint8_t *room, size_t *length) {
    if (c->level == NETBSD_IPPROTO_IP && c->type == NETBSD_IP_PKTINFO && size == NETBSD_SIZE_in_pktinfo) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, data + NETBSD_AT_in_pktinfo_ipi_addr, sizeof info.ipi_spec_dst);
        memcpy(&info.ipi_ifindex, data + NETBSD_AT_in_pktinfo_ipi_ifindex, sizeof info.ipi_ifindex);
        put_here(room, length, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        return 0;
    }
    if (c->level != NETBSD_IPPROTO_IPV6) return NETBSD_EINVAL;
    if (c->type == NETBSD_IPV6_PKTINFO && size == NETBSD_SIZE_in6_pktinfo)
        put_here(room, length, IPPROTO_IPV6, IPV6_PKTINFO, data, size);
    else if (c->type == NETBSD_IPV6_HOPLIMIT && size == sizeof(int))
        put_here(room, length, IPPROTO_IPV6, IPV6_HOPLIMIT, data, size);
    else if (c->type == NETBSD_IPV6_TCLASS && size == sizeof(int))
        put_here(room, length, IPPROTO_IPV6, IPV6_TCLASS, data, size);
    else
        return NETBSD_EINVAL;
    return 0;
}

/* ---- messages ---- */

ssize_t bsd_recvmsg(int s, struct bsd_msghdr *message, int flags) {
    _Alignas(struct cmsghdr) uint8_t room[512];
    struct emulation_address name;
    struct msghdr here = {.msg_name = name.bytes,
                          .msg_namelen = sizeof name.bytes,
                          .msg_iov = message->pieces,
                          .msg_iovlen = (size_t)message->piece_count,
                          .msg_control = room,
                          .msg_controllen = sizeof room};
    ssize_t bytes = recvmsg(s, &here, flags_here(flags) | MSG_CMSG_CLOEXEC);
    if (bytes < 0) return emulation_fail(errno);
    emulation_to_netbsd(name.bytes, here.msg_namelen);
    if (here.msg_namelen < message->name_length) message->name_length = here.msg_namelen;
    if (message->name != NULL) memcpy(message->name, name.bytes, message->name_length);
    struct control control = {message->control, message->control != NULL ? message->control_length : 0, 0, false};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&here); c != NULL; c = CMSG_NXTHDR(&here, c)) {
        if (c->cmsg_level == IPPROTO_IP) put_ip(&control, c);
        if (c->cmsg_level == IPPROTO_IPV6) put_ipv6(&control, c);
        if (c->cmsg_level == SOL_SOCKET) put_socket(&control, c);
    }
    message->control_length = control.length;
    /* What the call was asked for comes back, too. */
    message->flags = (flags & NETBSD_MSG_USERFLAGS) | ((here.msg_flags & MSG_TRUNC) != 0 ? NETBSD_MSG_TRUNC : 0) |
                     (control.cut || (here.msg_flags & MSG_CTRUNC) != 0 ? NETBSD_MSG_CTRUNC : 0);
    return bytes;
}

static size_t whole(const struct bsd_msghdr *message) {
    size_t length = 0;
    for (int i = 0; i < message->piece_count; i++) length += message->pieces[i].iov_len;
    return length;
}

ssize_t bsd_sendmsg(int s, const struct bsd_msghdr *message, int flags) {
    struct emulated *is = emulated(s);
    _Alignas(struct cmsghdr) uint8_t room[512];
    struct emulation_address name;
    size_t length = 0;
    struct msghdr here = {.msg_iov = message->pieces, .msg_iovlen = (size_t)message->piece_count};
    if (is->stream && !is->started) return emulation_refuse(NETBSD_ENOTCONN);
    if (!is->stream && whole(message) > (size_t)is->send_size) return emulation_refuse(NETBSD_EMSGSIZE);
    if (!is->stream && message->name != NULL) {
        if (emulation_has_peer(s)) return emulation_refuse(NETBSD_EISCONN);
        int error = emulation_from_netbsd(message->name, message->name_length, &name);
        if (error != 0) return emulation_refuse(error);
        here.msg_name = name.bytes;
        here.msg_namelen = message->name_length;
    }
    const uint8_t *control = message->control;
    for (uint32_t at = 0; at < message->control_length;) {
        struct bsd_cmsghdr c;
        if (message->control_length - at < BSD_CMSG_LEN(0)) return emulation_refuse(NETBSD_EINVAL);
        memcpy(&c, control + at, sizeof c);
        if (c.length < BSD_CMSG_LEN(0) || c.length > message->control_length - at || length + 64 > sizeof room)
            return emulation_refuse(NETBSD_EINVAL);
        int error = from_netbsd(&c, control + at + BSD_CMSG_LEN(0), c.length - BSD_CMSG_LEN(0), room, &length);
        if (error != 0) return emulation_refuse(error);
        at += BSD_ALIGN(c.length);
    }
    if (length != 0) {
        here.msg_control = room;
        here.msg_controllen = length;
    }
    /* NetBSD's own MSG_NOSIGNAL; 0x4000 and 0x8000, which are Linux's, mean nothing. */
    bool quiet = (flags & NETBSD_MSG_NOSIGNAL) != 0;
    ssize_t bytes = sendmsg(s, &here, flags_here(flags) | (quiet ? MSG_NOSIGNAL : 0));
    if (bytes < 0 && errno == ENETUNREACH) return emulation_fail(EHOSTUNREACH);
    return bytes < 0 ? emulation_fail(errno) : bytes;
}
