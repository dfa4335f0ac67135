/* Groups and broadcasts, on the loopback interface. */
#include <net/if.h>

#include "check.h"

static void set(int fd, int level, int name, int value) { need(setsockopt(fd, level, name, &value, sizeof value) == 0); }

static void group(void) {
    int member = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0), ttl = -1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    struct ip_mreqn request = {.imr_address.s_addr = htonl(INADDR_LOOPBACK)};
    struct in_addr out = {htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof ttl;
    char bytes[8];
    /* Of the addresses for use within a site, one that depends on the process: RFC 2365. */
    request.imr_multiaddr.s_addr = htonl(0xefff0000u | ((uint32_t)getpid() & 0xffff));
    need(bind(member, (void *)&name, sizeof name) == 0);
    struct endpoint bound = local_of(member);
    check(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0, "a group can be joined");
    check(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == -1 && errno == EADDRINUSE, "once");
    check(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) == 0, "an interface chosen");
    set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 1), set(sender, IPPROTO_IP, IP_MULTICAST_TTL, 3);
    check(getsockopt(sender, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, &length) == 0 && ttl == 3, "a time to live set and told");
    name.sin_addr = request.imr_multiaddr, name.sin_port = htons((uint16_t)port_of(&bound));
    need(sendto(sender, "group", 5, 0, (void *)&name, sizeof name) == 5);
    check(polled(member, POLLIN, 5000) == POLLIN && recv(member, bytes, 8, 0) == 5, "a member hears what is sent to its group");
    check(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request) == 0, "and can leave it");
    struct group_req modern = {.gr_interface = if_nametoindex("lo")};
    if (modern.gr_interface == 0) modern.gr_interface = 1; /* the first one everywhere on Linux */
    struct sockaddr_in whom = {.sin_family = AF_INET, .sin_addr = request.imr_multiaddr};
    memcpy(&modern.gr_group, &whom, sizeof whom);
    check(setsockopt(member, IPPROTO_IP, MCAST_JOIN_GROUP, &modern, sizeof modern) == 0, "MCAST_JOIN_GROUP joins it");
    need(sendto(sender, "again", 5, 0, (void *)&name, sizeof name) == 5);
    check(polled(member, POLLIN, 5000) == POLLIN && recv(member, bytes, 8, 0) == 5, "it is heard again");
    check(setsockopt(member, IPPROTO_IP, MCAST_LEAVE_GROUP, &modern, sizeof modern) == 0, "MCAST_LEAVE_GROUP leaves it");
    close(member), close(sender);
}

static void group6(void) {
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct ipv6_mreq request = {.ipv6mr_interface = 1};
    need(inet_pton(AF_INET6, "ff01::1234:5678", &request.ipv6mr_multiaddr) == 1);
    check(setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) == 0, "a group of IPv6 can be joined");
    check(setsockopt(fd, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &request, sizeof request) == 0, "and left");
    struct group_req modern = {.gr_interface = 1};
    struct sockaddr_in6 whom = {.sin6_family = AF_INET6, .sin6_addr = request.ipv6mr_multiaddr};
    memcpy(&modern.gr_group, &whom, sizeof whom);
    check(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &modern, sizeof modern) == 0 &&
              setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &modern, sizeof modern) == 0,
          "by the modern options too");
    modern.gr_group.ss_family = AF_UNIX;
    check(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &modern, sizeof modern) == -1, "but no group of another family");
    close(fd);
}

static void broadcast(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), hearer = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    char bytes[8];
    need(bind(hearer, (void *)&name, sizeof name) == 0);
    struct endpoint bound = local_of(hearer);
    name.sin_addr.s_addr = htonl(0x7fffffff), name.sin_port = htons((uint16_t)port_of(&bound));
    set(fd, SOL_SOCKET, SO_BROADCAST, 1);
    need(sendto(fd, "all", 3, 0, (void *)&name, sizeof name) == 3);
    check(polled(hearer, POLLIN, 5000) == POLLIN && recv(hearer, bytes, 8, 0) == 3, "a broadcast is heard");
    close(fd), close(hearer);
}

int main(void) {
    group();
    group6();
    broadcast();
    finished();
}
