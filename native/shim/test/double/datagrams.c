/* The datagram sockets of the gateway's double: records of the rings, messages of the sockets behind them. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>

#include "../../../region/record.h"
#include "gateway.h"

bool is_datagram(uint32_t n) { return region.slots[n].type == SOCK_DGRAM && connections[n].real >= 0; }

void open_datagrams(uint32_t n) {
    struct rf_slot *s = &region.slots[n];
    s->in_grant = rf_grant(n * PAGES_PER_SLOT, RF_DATAGRAM_ORDER, 2);
    s->out_grant = rf_grant(n * PAGES_PER_SLOT + 32, RF_DATAGRAM_ORDER, 2);
}

static void tell_error(uint32_t n, int error) {
    atomic_store(&region.slots[n].error, ++connections[n].errors << 16 | (uint32_t)error);
    tell(n);
}

int connect_datagrams(uint32_t n, const void *address, socklen_t length) {
    struct rf_slot *s = &region.slots[n];
    if (connect(connections[n].real, address, length) != 0) return errno;
    name_of(connections[n].real, getsockname, &s->local);
    s->peer.length = 0;
    name_of(connections[n].real, getpeername, &s->peer);
    atomic_store(&s->state, s->peer.length != 0 ? RF_STATE_CONNECTED : RF_STATE_OPEN);
    return 0;
}

/* ---- towards the application ---- */

static void note(struct rf_record *record, const struct cmsghdr *c) {
    const void *data = CMSG_DATA(c);
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP) {
        const struct timeval *stamp = data;
        record->flags |= RF_RECORD_TIMESTAMP;
        record->seconds = stamp->tv_sec, record->nanoseconds = stamp->tv_usec * 1000;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
        const struct timespec *stamp = data;
        record->flags |= RF_RECORD_TIMESTAMP;
        record->seconds = stamp->tv_sec, record->nanoseconds = stamp->tv_nsec;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        const struct in_pktinfo *info = data;
        struct sockaddr_in via = {.sin_family = AF_INET, .sin_addr = info->ipi_addr};
        record->flags |= RF_RECORD_PKTINFO;
        record->interface_index = (uint32_t)info->ipi_ifindex;
        record->via.length = sizeof via;
        memcpy(record->via.address, &via, sizeof via);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        const struct in6_pktinfo *info = data;
        struct sockaddr_in6 via = {.sin6_family = AF_INET6, .sin6_addr = info->ipi6_addr};
        record->flags |= RF_RECORD_PKTINFO;
        record->interface_index = info->ipi6_ifindex;
        record->via.length = sizeof via;
        memcpy(record->via.address, &via, sizeof via);
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
        record->flags |= RF_RECORD_TTL;
        memcpy(&record->ttl, data, sizeof record->ttl);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
        record->flags |= RF_RECORD_TOS;
        record->tos = *(const uint8_t *)data;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
        record->flags |= RF_RECORD_TOS;
        memcpy(&record->tos, data, sizeof record->tos);
    }
}

/* False if there is none. */
static bool receive_one(uint32_t n, const struct rf_ring *in, struct rf_record *header, struct iovec bytes[2]) {
    _Alignas(struct cmsghdr) char control[512];
    struct sockaddr_storage name;
    struct msghdr m = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = bytes, .msg_iovlen = 2,
                       .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(connections[n].real, &m, MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EAGAIN) return false;
        tell_error(n, errno);
        return true;
    }
    if (m.msg_namelen <= sizeof header->name.address) {
        header->name.length = m.msg_namelen;
        memcpy(header->name.address, &name, m.msg_namelen);
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) note(header, c);
    rf_record_commit(in, header, (uint32_t)got);
    return true;
}

static void move_in(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct rf_ring in = rf_in_ring(s);
    struct rf_record *header;
    struct iovec bytes[2];
    while (rf_record_reserve(&region, &in, RF_MAX_DATAGRAM, &header, bytes) == 1 ||
           !rf_record_block(&region, &in, RF_MAX_DATAGRAM, &s->in_blocked)) {
        if (rf_record_reserve(&region, &in, RF_MAX_DATAGRAM, &header, bytes) == 1 && !receive_one(n, &in, header, bytes))
            break;
    }
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t head = s->in_head;
    bool kicked = s->kick != 0 && atomic_exchange(&s->kick, 0) != 0;
    bool error = (s->error & 0xffff) != 0 && s->error >> 16 != s->error_taken;
    if ((s->in_tail != head && (kicked || head != c->packet_head)) || (kicked && error)) {
        c->packet_head = head;
        tell(n);
    }
}

/* ---- towards the network ---- */

static void add(struct msghdr *m, int level, int type, const void *data, size_t length) {
    struct cmsghdr *c = (void *)((char *)m->msg_control + m->msg_controllen);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, length);
    m->msg_controllen += CMSG_SPACE(length);
}

static void add_control(const struct rf_record *record, bool six, struct msghdr *m) {
    if ((record->flags & RF_RECORD_PKTINFO) != 0 && six) {
        struct sockaddr_in6 via;
        memcpy(&via, record->via.address, sizeof via);
        struct in6_pktinfo info = {.ipi6_addr = via.sin6_addr, .ipi6_ifindex = record->interface_index};
        add(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else if ((record->flags & RF_RECORD_PKTINFO) != 0) {
        struct sockaddr_in via;
        memcpy(&via, record->via.address, sizeof via);
        struct in_pktinfo info = {.ipi_ifindex = (int)record->interface_index, .ipi_spec_dst = via.sin_addr};
        add(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if ((record->flags & RF_RECORD_TTL) != 0)
        add(m, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_HOPLIMIT : IP_TTL, &record->ttl, sizeof record->ttl);
    if ((record->flags & RF_RECORD_TOS) != 0)
        add(m, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TCLASS : IP_TOS, &record->tos, sizeof record->tos);
}

static void move_out(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct rf_ring out = rf_out_ring(s);
    struct rf_record record;
    struct iovec bytes[2];
    while (rf_record_peek(&region, &out, &record, bytes) == 1) {
        _Alignas(struct cmsghdr) char control[512] = {0};
        struct msghdr m = {.msg_iov = bytes, .msg_iovlen = 2, .msg_control = control};
        if (record.name.length != 0) m.msg_name = record.name.address, m.msg_namelen = record.name.length;
        add_control(&record, s->domain == AF_INET6, &m);
        if (m.msg_controllen == 0) m.msg_control = NULL;
        if (sendmsg(c->real, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            if (errno == EAGAIN) break;
            tell_error(n, errno);
        }
        rf_record_consume(&out, &record);
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (s->out_blocked != 0 && rf_available(&out) <= rf_grant_size(s->out_used) / 2 &&
        atomic_exchange(&s->out_blocked, 0) != 0)
        read_away(c);
}

short serve_datagrams(uint32_t n) {
    struct rf_slot *s = &region.slots[n];
    struct rf_ring in = rf_in_ring(s), out = rf_out_ring(s);
    struct rf_record *header;
    struct iovec bytes[2];
    move_out(n);
    if ((s->marks & RF_MARK_IN_EOF) == 0) move_in(n);
    bool room = (s->marks & RF_MARK_IN_EOF) == 0 &&
                rf_record_reserve(&region, &in, RF_MAX_DATAGRAM, &header, bytes) == 1;
    return (short)((room ? POLLIN : 0) | (rf_available(&out) > 0 ? POLLOUT : 0));
}

int shut_datagrams(uint32_t n, int how) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    move_out(n);
    int error = shutdown(c->real, how) != 0 ? errno : 0;
    if (how != SHUT_WR) {
        atomic_fetch_or(&s->marks, RF_MARK_IN_EOF);
        end_in(c);
    }
    if (how != SHUT_RD) {
        atomic_fetch_or(&s->marks, RF_MARK_OUT_SHUT);
        read_away(c);
        shutdown(c->pair, SHUT_RD);
    }
    return error;
}
