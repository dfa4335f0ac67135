/* What the Linux kernel's stack has: dumps of links, addresses and routes over rtnetlink(7). Sockets of their own, opened
 * before the process locks itself down; the kernel makes the answers while it is read, so nothing waits.
 *
 * A dump cannot be broken off, and a stack may have a million routes. One that does not end within ROUNDS reads is
 * never asked for again: what it has told so far is kept. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack_linux.h"

#define ROUNDS 64
#define PART 32768 /* what the kernel gives at a time: netlink(7) */
#define ALIGN(length) (((length) + 3u) & ~3u)

/* How many entries of a kind there may be, and those of a dump without an end. */
enum { LINKS = RF_NETWORK_MOST / 4, ADDRESSES = RF_NETWORK_MOST / 2, ROUTES = RF_NETWORK_MOST / 4 };
static struct source {
    int socket;
    int kept; /* of a dump without an end: how many entries; else -1 */
    struct rf_network_entry *entries;
} links, addresses, routes;
static struct rf_network_entry kept[LINKS + ADDRESSES + ROUTES];

void linux_network_open(void) {
    struct rf_network_entry *entries = kept;
    struct {
        struct source *source;
        int room;
    } sources[] = {{&links, LINKS}, {&addresses, ADDRESSES}, {&routes, ROUTES}};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        int s = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
        *sources[i].source = (struct source){.socket = s, .kept = -1, .entries = entries};
        entries += sources[i].room;
    }
}

static void copy_bytes(void *to, size_t room, const void *from, size_t length) {
    memcpy(to, from, length < room ? length : room);
}

static uint32_t number(const struct rtattr *attribute) {
    uint32_t value = 0;
    copy_bytes(&value, sizeof value, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    return value;
}

/* for (EACH(message, header)): `at.a` is one attribute after the other. */
#define EACH(message, header)                                                                     \
    struct {                                                                                      \
        int left;                                                                                 \
        const struct rtattr *a;                                                                   \
    } at = {(int)NLMSG_PAYLOAD(message, sizeof *(header)),                                        \
            (const void *)((const char *)(header) + ALIGN(sizeof *(header)))};                    \
    RTA_OK(at.a, at.left);                                                                        \
    at.a = RTA_NEXT(at.a, at.left)

static bool read_link(const struct nlmsghdr *message, struct rf_network_entry *entry) {
    const struct ifinfomsg *header = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK || NLMSG_PAYLOAD(message, 0) < sizeof *header) return false;
    entry->kind = RF_NETWORK_LINK;
    entry->index = (uint32_t)header->ifi_index;
    entry->link.flags = header->ifi_flags;
    entry->link.hardware_type = header->ifi_type;
    for (EACH(message, header)) {
        const struct rtattr *a = at.a;
        size_t length = RTA_PAYLOAD(a);
        if (a->rta_type == IFLA_IFNAME) copy_bytes(entry->name, RF_NETWORK_NAME - 1, RTA_DATA(a), length);
        if (a->rta_type == IFLA_MTU) entry->link.mtu = number(a);
        if (a->rta_type == IFLA_TXQLEN) entry->link.queue_length = number(a);
        if (a->rta_type == IFLA_OPERSTATE) entry->link.operational = *(const uint8_t *)RTA_DATA(a);
        if (a->rta_type == IFLA_BROADCAST) copy_bytes(entry->link.broadcast, RF_NETWORK_HARDWARE, RTA_DATA(a), length);
        if (a->rta_type == IFLA_ADDRESS) {
            copy_bytes(entry->link.hardware, RF_NETWORK_HARDWARE, RTA_DATA(a), length);
            entry->link.hardware_length = (uint8_t)(length < RF_NETWORK_HARDWARE ? length : RF_NETWORK_HARDWARE);
        }
    }
    return true;
}

static bool read_address(const struct nlmsghdr *message, struct rf_network_entry *entry) {
    const struct ifaddrmsg *header = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWADDR || NLMSG_PAYLOAD(message, 0) < sizeof *header) return false;
    if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) return false;
    entry->kind = RF_NETWORK_ADDRESS;
    entry->index = header->ifa_index;
    entry->address.family = header->ifa_family;
    entry->address.prefix = header->ifa_prefixlen;
    entry->address.scope = header->ifa_scope;
    entry->address.flags = header->ifa_flags;
    entry->address.preferred = entry->address.valid = UINT32_MAX;
    bool local = false;
    for (EACH(message, header)) {
        const struct rtattr *a = at.a;
        size_t length = RTA_PAYLOAD(a);
        if (a->rta_type == IFA_ADDRESS) copy_bytes(entry->address.peer, 16, RTA_DATA(a), length);
        if (a->rta_type == IFA_LOCAL) {
            copy_bytes(entry->address.local, 16, RTA_DATA(a), length);
            local = true;
        }
        if (a->rta_type == IFA_BROADCAST) copy_bytes(entry->address.broadcast, 16, RTA_DATA(a), length);
        if (a->rta_type == IFA_LABEL) copy_bytes(entry->name, RF_NETWORK_NAME - 1, RTA_DATA(a), length);
        if (a->rta_type == IFA_FLAGS) entry->address.flags = number(a);
        if (a->rta_type == IFA_CACHEINFO && length >= sizeof(struct ifa_cacheinfo)) {
            const struct ifa_cacheinfo *times = RTA_DATA(a);
            entry->address.preferred = times->ifa_prefered;
            entry->address.valid = times->ifa_valid;
        }
    }
    if (!local) memcpy(entry->address.local, entry->address.peer, 16);
    return true;
}

/* Of the main table: the others are the kernel's own, or an administrator's who wants to choose by more than
 * the destination. */
static bool read_route(const struct nlmsghdr *message, struct rf_network_entry *entry) {
    const struct rtmsg *header = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWROUTE || NLMSG_PAYLOAD(message, 0) < sizeof *header) return false;
    if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return false;
    if (header->rtm_table != RT_TABLE_MAIN || (header->rtm_flags & RTM_F_CLONED) != 0) return false;
    entry->kind = RF_NETWORK_ROUTE;
    entry->route.family = header->rtm_family;
    entry->route.prefix = header->rtm_dst_len;
    entry->route.scope = header->rtm_scope;
    entry->route.type = header->rtm_type;
    entry->route.protocol = header->rtm_protocol;
    entry->route.flags = header->rtm_flags;
    for (EACH(message, header)) {
        const struct rtattr *a = at.a;
        size_t length = RTA_PAYLOAD(a);
        if (a->rta_type == RTA_DST) copy_bytes(entry->route.destination, 16, RTA_DATA(a), length);
        if (a->rta_type == RTA_GATEWAY) copy_bytes(entry->route.gateway, 16, RTA_DATA(a), length);
        if (a->rta_type == RTA_PREFSRC) copy_bytes(entry->route.source, 16, RTA_DATA(a), length);
        if (a->rta_type == RTA_OIF) entry->index = number(a);
        if (a->rta_type == RTA_PRIORITY) entry->route.priority = number(a);
    }
    return true;
}

/* At most `room` entries: how many. */
static int dump(struct source *source, uint16_t type,
                bool (*read)(const struct nlmsghdr *, struct rf_network_entry *), struct rf_network_entry *entries,
                int room) {
    static uint32_t sequence;
    static _Alignas(struct nlmsghdr) char part[PART];
    struct {
        struct nlmsghdr message;
        struct ifinfomsg family; /* the longest of the three headers; AF_UNSPEC: all */
    } request = {.message = {.nlmsg_len = sizeof request,
                             .nlmsg_type = type,
                             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                             .nlmsg_seq = ++sequence}};
    struct iovec vector = {&request, sizeof request};
    struct msghdr asking = {.msg_iov = &vector, .msg_iovlen = 1};
    int count = 0;
    if (source->kept >= 0) {
        memcpy(entries, source->entries, sizeof *entries * (size_t)source->kept);
        return source->kept;
    }
    if (sendmsg(source->socket, &asking, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return 0;
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t got = recvfrom(source->socket, part, sizeof part, MSG_DONTWAIT, NULL, NULL);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return count;
        int left = (int)got;
        for (const struct nlmsghdr *m = (const void *)part; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_seq != sequence) continue;
            if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) return count;
            if (count < room && read(m, &entries[count])) count++;
        }
    }
    source->kept = count;
    memcpy(source->entries, entries, sizeof *entries * (size_t)count);
    return count;
}

int linux_network(struct rf_network_entry *entries) {
    int count = dump(&links, RTM_GETLINK, read_link, entries, LINKS);
    count += dump(&addresses, RTM_GETADDR, read_address, entries + count, ADDRESSES);
    return count + dump(&routes, RTM_GETROUTE, read_route, entries + count, ROUTES);
}
