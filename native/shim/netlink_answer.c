/* Requests of rtnetlink(7) and what answers them: dumps of links, addresses and routes, one link, the way to one
 * destination. Setting anything is EPERM, as for a program without privileges; of what else there is to ask, dumps are
 * empty and single answers EOPNOTSUPP. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "netlink.h"
#include "network.h"
#include "real.h"

/* Programs receive into buffers of a page, libc among them. */
#define DATAGRAM 3584
#define ROOM 512 /* more than the longest message */
#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#endif
/* Of all the datagrams of a dump, so that its end fits, too, into what the host lets lie unread. */
#define MOST_DATAGRAMS 40

struct answer_writer {
    int fd, error, sent;
    bool failed; /* so the request is answered, and not acknowledged */
    uint32_t port;
    const struct nlmsghdr *request;
    uint16_t flags;
    uint32_t used;
    struct nlmsghdr *message; /* the one that is being written */
    _Alignas(struct nlmsghdr) char bytes[DATAGRAM + ROOM];
};

static void flush(struct answer_writer *w) {
    if (w->used == 0) return;
    if (real.send(w->fd, w->bytes, w->used, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) w->error = ENOBUFS;
    w->sent++;
    w->used = 0;
}

static void *begin(struct answer_writer *w, uint16_t type, size_t header) {
    if (w->used > DATAGRAM) flush(w);
    w->message = (void *)(w->bytes + w->used);
    memset(w->message, 0, NLMSG_LENGTH(header));
    *w->message = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(header),
                                    .nlmsg_type = type,
                                    .nlmsg_flags = w->flags,
                                    .nlmsg_seq = w->request->nlmsg_seq,
                                    .nlmsg_pid = w->port};
    return NLMSG_DATA(w->message);
}

static void attribute(struct answer_writer *w, uint16_t type, const void *value, size_t length) {
    struct rtattr *a = (void *)((char *)w->message + NLMSG_ALIGN(w->message->nlmsg_len));
    *a = (struct rtattr){.rta_len = (uint16_t)RTA_LENGTH(length), .rta_type = type};
    memset((char *)RTA_DATA(a) + length, 0, RTA_ALIGN(length) - length);
    memcpy(RTA_DATA(a), value, length);
    w->message->nlmsg_len = NLMSG_ALIGN(w->message->nlmsg_len) + (uint32_t)RTA_LENGTH(length);
}

static void end(struct answer_writer *w) { w->used += NLMSG_ALIGN(w->message->nlmsg_len); }

/* 0 is an acknowledgement, which has the request's header only; an error has all of the request, unless it is too long. */
static void write_error(struct answer_writer *w, int error) {
    size_t rest = error != 0 && w->request->nlmsg_len <= ROOM / 2 ? w->request->nlmsg_len - sizeof *w->request : 0;
    w->flags = rest == w->request->nlmsg_len - sizeof *w->request && error != 0 ? 0 : NLM_F_CAPPED;
    struct nlmsgerr *e = begin(w, NLMSG_ERROR, sizeof *e + rest);
    e->error = -error;
    memcpy(&e->msg, w->request, sizeof e->msg + rest);
    w->failed |= error != 0;
    end(w);
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static void write_link(struct answer_writer *w, const struct rf_network_entry *e) {
    static const struct rtnl_link_stats none;
    struct ifinfomsg *header = begin(w, RTM_NEWLINK, sizeof *header);
    header->ifi_type = e->link.hardware_type;
    header->ifi_index = (int)e->index;
    header->ifi_flags = e->link.flags;
    attribute(w, IFLA_IFNAME, e->name, strlen(e->name) + 1);
    attribute(w, IFLA_TXQLEN, &e->link.queue_length, sizeof e->link.queue_length);
    attribute(w, IFLA_OPERSTATE, &e->link.operational, 1);
    attribute(w, IFLA_LINKMODE, &(uint8_t){0}, 1);
    attribute(w, IFLA_MTU, &e->link.mtu, sizeof e->link.mtu);
    if (e->link.hardware_length != 0) {
        attribute(w, IFLA_ADDRESS, e->link.hardware, e->link.hardware_length);
        attribute(w, IFLA_BROADCAST, e->link.broadcast, e->link.hardware_length);
    }
    attribute(w, IFLA_STATS, &none, sizeof none);
    end(w);
}

static void write_address(struct answer_writer *w, const struct rf_network_entry *e) {
    unsigned bytes = network_bytes_of(e->address.family);
    struct ifaddrmsg *header = begin(w, RTM_NEWADDR, sizeof *header);
    header->ifa_family = e->address.family;
    header->ifa_prefixlen = e->address.prefix;
    header->ifa_flags = (uint8_t)e->address.flags;
    header->ifa_scope = e->address.scope;
    header->ifa_index = e->index;
    attribute(w, IFA_ADDRESS, e->address.peer, bytes);
    if (e->address.family == AF_INET || memcmp(e->address.peer, e->address.local, bytes) != 0)
        attribute(w, IFA_LOCAL, e->address.local, bytes);
    if (!is_zero(e->address.broadcast, bytes)) attribute(w, IFA_BROADCAST, e->address.broadcast, bytes);
    if (e->name[0] != '\0') attribute(w, IFA_LABEL, e->name, strlen(e->name) + 1);
    struct ifa_cacheinfo times = {.ifa_prefered = e->address.preferred, .ifa_valid = e->address.valid};
    attribute(w, IFA_CACHEINFO, &times, sizeof times);
    attribute(w, IFA_FLAGS, &e->address.flags, sizeof e->address.flags);
    end(w);
}

/* `to`: the destination that was asked for, or NULL in a dump. */
static void write_route(struct answer_writer *w, const struct rf_network_entry *e, const uint8_t *to) {
    static const uint32_t main_table = RT_TABLE_MAIN;
    unsigned bytes = network_bytes_of(e->route.family);
    struct rtmsg *header = begin(w, RTM_NEWROUTE, sizeof *header);
    header->rtm_family = e->route.family;
    header->rtm_dst_len = to != NULL ? (uint8_t)(8 * bytes) : e->route.prefix;
    header->rtm_table = RT_TABLE_MAIN;
    header->rtm_protocol = e->route.protocol;
    header->rtm_scope = e->route.scope;
    header->rtm_type = e->route.type;
    header->rtm_flags = e->route.flags;
    attribute(w, RTA_TABLE, &main_table, sizeof main_table);
    if (to != NULL || e->route.prefix != 0) attribute(w, RTA_DST, to != NULL ? to : e->route.destination, bytes);
    if (!is_zero(e->route.gateway, bytes)) attribute(w, RTA_GATEWAY, e->route.gateway, bytes);
    if (e->index != 0) attribute(w, RTA_OIF, &e->index, sizeof e->index);
    if (!is_zero(e->route.source, bytes)) attribute(w, RTA_PREFSRC, e->route.source, bytes);
    if (e->route.family == AF_INET6) attribute(w, RTA_PREF, &(uint8_t){0}, 1); /* medium: RFC 4191 */
    if (e->route.priority != 0) attribute(w, RTA_PRIORITY, &e->route.priority, sizeof e->route.priority);
    end(w);
}

/* ---- requests ---- */

/* The request's family: the first byte of every header of rtnetlink. */
static uint8_t family_of(const struct nlmsghdr *request) {
    return NLMSG_PAYLOAD(request, 0) > 0 ? *(const uint8_t *)NLMSG_DATA(request) : AF_UNSPEC;
}

/* The value of an attribute behind a header of so many bytes, at least `length` long; or NULL. */
static const void *find(const struct nlmsghdr *request, size_t header, uint16_t type, size_t length) {
    if (request->nlmsg_len < NLMSG_LENGTH(header)) return NULL;
    int left = (int)(request->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(header)));
    const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(request) + NLMSG_ALIGN(header));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == type && RTA_PAYLOAD(a) >= length) return RTA_DATA(a);
    return NULL;
}

static void dump(struct answer_writer *w, const struct network *network) {
    uint8_t family = family_of(w->request);
    uint32_t index = 0;
    uint16_t type = w->request->nlmsg_type;
    if (type == RTM_GETADDR && w->request->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
        index = ((const struct ifaddrmsg *)NLMSG_DATA(w->request))->ifa_index;
    w->flags = NLM_F_MULTI;
    for (unsigned i = 0; i < network->count && w->error == 0 && w->sent < MOST_DATAGRAMS; i++) {
        const struct rf_network_entry *e = &network->entries[i];
        if (type == RTM_GETLINK && e->kind == RF_NETWORK_LINK) write_link(w, e);
        if (type == RTM_GETADDR && e->kind == RF_NETWORK_ADDRESS && (family == AF_UNSPEC || family == e->address.family) &&
            (index == 0 || index == e->index))
            write_address(w, e);
        if (type == RTM_GETROUTE && e->kind == RF_NETWORK_ROUTE && (family == AF_UNSPEC || family == e->route.family))
            write_route(w, e, NULL);
    }
    int32_t *status = begin(w, NLMSG_DONE, sizeof *status);
    *status = 0;
    end(w);
    flush(w); /* the end of a dump is the end of a datagram */
}

static void one_link(struct answer_writer *w, const struct network *network) {
    const struct ifinfomsg *header = NLMSG_DATA(w->request);
    if (w->request->nlmsg_len < NLMSG_LENGTH(sizeof *header)) {
        write_error(w, EINVAL);
        return;
    }
    char name[IFNAMSIZ] = {0};
    const char *asked = find(w->request, sizeof *header, IFLA_IFNAME, 1);
    for (size_t i = 0; asked != NULL && i < sizeof name - 1 && asked[i] != '\0'; i++) name[i] = asked[i];
    const struct rf_network_entry *link = network_link(network, (uint32_t)header->ifi_index, asked != NULL ? name : NULL);
    w->flags = 0;
    if (link != NULL) write_link(w, link);
    else write_error(w, ENODEV);
}

static bool matches(const uint8_t *a, const uint8_t *b, unsigned bits) {
    if (memcmp(a, b, bits / 8) != 0) return false;
    return bits % 8 == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8) == 0;
}

/* The way to a destination: one of the stack's own addresses, or the longest prefix. */
static void one_route(struct answer_writer *w, const struct network *network) {
    uint8_t family = family_of(w->request);
    const uint8_t *to = find(w->request, sizeof(struct rtmsg), RTA_DST, network_bytes_of(family));
    struct rf_network_entry found = {.kind = 0};
    if ((family != AF_INET && family != AF_INET6) || to == NULL) {
        write_error(w, EINVAL);
        return;
    }
    unsigned bytes = network_bytes_of(family);
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *e = &network->entries[i];
        if (e->kind == RF_NETWORK_ADDRESS && e->address.family == family && memcmp(e->address.local, to, bytes) == 0) {
            found = (struct rf_network_entry){.kind = RF_NETWORK_ROUTE, .index = 1 /* the loopback's */};
            found.route.family = family;
            found.route.type = RTN_LOCAL;
            memcpy(found.route.source, to, bytes);
            break;
        }
        if (e->kind == RF_NETWORK_ROUTE && e->route.family == family && matches(e->route.destination, to, e->route.prefix) &&
            (found.kind == 0 || e->route.prefix > found.route.prefix ||
             (e->route.prefix == found.route.prefix && e->route.priority < found.route.priority)))
            found = *e;
    }
    for (unsigned i = 0; found.kind != 0 && is_zero(found.route.source, bytes) && i < network->count; i++) {
        const struct rf_network_entry *e = &network->entries[i];
        if (e->kind == RF_NETWORK_ADDRESS && e->address.family == family && e->index == found.index)
            memcpy(found.route.source, e->address.local, bytes);
    }
    w->flags = 0;
    if (found.kind != 0) write_route(w, &found, to);
    else write_error(w, ENETUNREACH);
}

static void handle(struct answer_writer *w, const struct network *network) {
    uint16_t type = w->request->nlmsg_type;
    /* Of each four types the third asks: linux/rtnetlink.h. */
    bool asks = type >= RTM_BASE && type % 4 == RTM_GETLINK % 4;
    if (!asks) write_error(w, type >= RTM_BASE ? EPERM : EOPNOTSUPP);
    else if ((w->request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) dump(w, network);
    else if (type == RTM_GETLINK) one_link(w, network);
    else if (type == RTM_GETROUTE) one_route(w, network);
    else write_error(w, EOPNOTSUPP);
}

/* As netlink_rcv_skb() of Linux: what is no request, or is control, may be acknowledged, too. The end of a dump says enough. */
static void answer_one(struct answer_writer *w, const struct network *network) {
    bool handled = w->request->nlmsg_type >= NLMSG_MIN_TYPE && (w->request->nlmsg_flags & NLM_F_REQUEST) != 0;
    w->failed = false;
    if (handled) handle(w, network);
    bool dumped = handled && (w->request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    if ((w->request->nlmsg_flags & NLM_F_ACK) != 0 && !dumped && !w->failed) {
        flush(w); /* a datagram of its own */
        write_error(w, 0);
    }
    flush(w);
}

int netlink_answer(int fd, uint32_t port, const void *requests, size_t length) {
    struct network network;
    struct answer_writer w = {.fd = fd, .port = port};
    int left = (int)length;
    int error = network_load(&network);
    if (error != 0) return error;
    for (const struct nlmsghdr *m = requests; NLMSG_OK(m, left) && w.error == 0; m = NLMSG_NEXT(m, left)) {
        w.request = m;
        answer_one(&w, &network);
    }
    network_unload(&network);
    return w.error;
}
