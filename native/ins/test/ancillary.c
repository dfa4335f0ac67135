/* What travels with datagrams: interface and address, TTL, TOS, time; and the options of broadcast and multicast. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "frontend_datagrams.h"

static struct frontend f;
static char got[RF_MAX_DATAGRAM + 1];

static int set(uint32_t slot, int level, int name, int value) {
    return frontend_call(&f, RF_OP_SETSOCKOPT, slot, level, name, 0, &value, sizeof value).error;
}

/* A socket bound to a port of every address. */
static uint16_t open_everywhere(int family) {
    struct sockaddr_in6 any = {.sin6_family = (sa_family_t)family}, bound;
    uint32_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof any;
    frontend_datagrams(&f, 1, family);
    struct answer answer = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, &any, length);
    check_need(answer.error == 0, "BIND");
    memcpy(&bound, answer.payload, sizeof bound);
    return ntohs(bound.sin6_port);
}

static bool send_to(int s, const char *address, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    return sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}

static bool via_is(const struct rf_record *record, const char *address) {
    struct sockaddr_in via;
    memcpy(&via, record->via.address, sizeof via);
    return record->via.length == sizeof via && via.sin_family == AF_INET &&
           via.sin_addr.s_addr == inet_addr(address);
}

static void set_via(struct rf_record *record, const char *address) {
    struct sockaddr_in via = {.sin_family = AF_INET};
    inet_pton(AF_INET, address, &via.sin_addr);
    record->flags |= RF_RECORD_PKTINFO;
    record->via.length = sizeof via;
    memcpy(record->via.address, &via, sizeof via);
}

/* What a plain socket answers that sends from this address. */
static int native_error(int s, uint16_t port, const char *address) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control = {.header = {CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO}};
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = inet_addr(address)};
    struct rf_record to = frontend_record_to(AF_INET, port);
    struct msghdr message = {.msg_name = to.name.address, .msg_namelen = to.name.length, .msg_control = &control,
                             .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    return sendmsg(s, &message, 0) < 0 ? errno : 0;
}

static void pktinfo(void) {
    uint16_t here = open_everywhere(AF_INET), there;
    int plain = plain_datagrams(AF_INET, &there);
    struct rf_record record;
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    check_need(set(1, IPPROTO_IP, IP_PKTINFO, 1) == 0, "IP_PKTINFO");
    send_to(plain, "127.0.0.5", here);
    frontend_receive_record(&f, 1, &record, got);
    check(record.flags == RF_RECORD_PKTINFO && via_is(&record, "127.0.0.5") &&
              record.interface_index == if_nametoindex("lo"),
          "IP_PKTINFO: the address a datagram was sent to, and the interface it came by", "flags %u, interface %u",
          record.flags, record.interface_index);
    record.interface_index = 0;
    set_via(&record, "127.0.0.7");
    frontend_send_record(&f, 1, &record, "y", 1);
    bool arrived = recvfrom(plain, got, 10, 0, (struct sockaddr *)&from, &length) == 1;
    check(arrived && from.sin_addr.s_addr == inet_addr("127.0.0.7"), "a datagram leaves from the address it names",
          "from %s", inet_ntoa(from.sin_addr));
    record.via.length = 0;
    record.interface_index = if_nametoindex("lo");
    frontend_send_record(&f, 1, &record, "yy", 2);
    check(recv(plain, got, 10, 0) == 2, "or by the interface it names", "it does not");
    set_via(&record, "203.0.113.1");
    frontend_send_record(&f, 1, &record, "y", 1);
    int error = frontend_take_error(&f, 1), native = native_error(plain, there, "203.0.113.1");
    check(native > 0 && error == native && recv(plain, got, 10, MSG_DONTWAIT) < 0,
          "an address that is not there is the error that it is natively", "error %d, natively %d", error, native);
    close(plain);
    frontend_close(&f, 1, false);
}

static void pktinfo6(void) {
    uint16_t here = open_everywhere(AF_INET6), there;
    int plain = plain_datagrams(AF_INET6, &there);
    struct rf_record record;
    struct sockaddr_in6 via, loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    check_need(set(1, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == 0, "IPV6_RECVPKTINFO");
    plain_send(plain, AF_INET6, here, "x", 1);
    frontend_receive_record(&f, 1, &record, got);
    memcpy(&via, record.via.address, sizeof via);
    check(record.flags == RF_RECORD_PKTINFO && memcmp(&via, &loopback, sizeof via) == 0 &&
              record.via.length == sizeof via && record.interface_index == if_nametoindex("lo"),
          "IPV6_PKTINFO, too", "flags %u, interface %u", record.flags, record.interface_index);
    frontend_send_record(&f, 1, &record, "y", 1);
    check(recv(plain, got, 10, 0) == 1, "and leaves with it", "it does not");
    inet_pton(AF_INET6, "2001:db8::1", &via.sin6_addr);
    memcpy(record.via.address, &via, sizeof via);
    frontend_send_record(&f, 1, &record, "y", 1);
    int error = frontend_take_error(&f, 1);
    check(error == EINVAL && recv(plain, got, 10, MSG_DONTWAIT) < 0, "an address that is not there is EINVAL over IPv6",
          "error %d", error);
    close(plain);
    frontend_close(&f, 1, false);
}

/* The number of this level and type that comes with a plain socket's next datagram; -1 if none does. */
static int plain_number(int s, int level, int type) {
    _Alignas(struct cmsghdr) char room[256];
    struct iovec piece = {got, sizeof got};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(s, &message, 0) < 0) return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        int number;
        if (c->cmsg_level != level || c->cmsg_type != type) continue;
        if (c->cmsg_len == CMSG_LEN(1)) return *CMSG_DATA(c);
        memcpy(&number, CMSG_DATA(c), sizeof number);
        return number;
    }
    return -1;
}

static void numbers(int family, const char *sentence) {
    bool ip = family == AF_INET;
    int level = ip ? IPPROTO_IP : IPPROTO_IPV6, on = 1, ttl = 33, tos = 0x28;
    uint16_t here = open_everywhere(family), there;
    int plain = plain_datagrams(family, &there);
    struct rf_record record, to = frontend_record_to(family, there);
    check_need(set(1, level, ip ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1) == 0 &&
                   set(1, level, ip ? IP_RECVTOS : IPV6_RECVTCLASS, 1) == 0 &&
                   setsockopt(plain, level, ip ? IP_TTL : IPV6_UNICAST_HOPS, &ttl, sizeof ttl) == 0 &&
                   setsockopt(plain, level, ip ? IP_TOS : IPV6_TCLASS, &tos, sizeof tos) == 0 &&
                   setsockopt(plain, level, ip ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof on) == 0,
               "options");
    plain_send(plain, family, here, "x", 1);
    frontend_receive_record(&f, 1, &record, got);
    to.flags = RF_RECORD_TTL | RF_RECORD_TOS;
    to.ttl = 7;
    to.tos = 0x48;
    frontend_send_record(&f, 1, &to, "y", 1);
    int out_ttl = plain_number(plain, level, ip ? IP_TTL : IPV6_HOPLIMIT);
    setsockopt(plain, level, ip ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &(int){0}, sizeof on);
    setsockopt(plain, level, ip ? IP_RECVTOS : IPV6_RECVTCLASS, &on, sizeof on);
    frontend_send_record(&f, 1, &to, "y", 1);
    int out_tos = plain_number(plain, level, ip ? IP_TOS : IPV6_TCLASS);
    check(record.flags == (RF_RECORD_TTL | RF_RECORD_TOS) && record.ttl == 33 && record.tos == 0x28 && out_ttl == 7 &&
              out_tos == 0x48,
          sentence, "flags %u, in %d and %#x, out %d and %#x", record.flags, record.ttl, (unsigned)record.tos, out_ttl,
          (unsigned)out_tos);

    /* An option holds for what is sent after it, not for what still lies in the ring. */
    setsockopt(plain, level, ip ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof on);
    to.flags = 0;
    frontend_put_record(&f, 1, &to, "y", 1);
    set(1, level, ip ? IP_TTL : IPV6_UNICAST_HOPS, 9);
    frontend_send_record(&f, 1, &to, "y", 1);
    int before = plain_number(plain, level, ip ? IP_TTL : IPV6_HOPLIMIT);
    int after = plain_number(plain, level, ip ? IP_TTL : IPV6_HOPLIMIT);
    check(before > 9 && after == 9, "an option holds for the datagrams that are sent after it", "%d, then %d", before,
          after);
    close(plain);
    frontend_close(&f, 1, false);
}

static void times(void) {
    uint16_t here = open_everywhere(AF_INET), there;
    int plain = plain_datagrams(AF_INET, &there), wrong = 0;
    struct rf_record record;
    static const int options[] = {SO_TIMESTAMP, SO_TIMESTAMPNS};
    for (int i = 0; i < 2; i++) {
        struct timespec before, after;
        check_need(set(1, SOL_SOCKET, options[i], 1) == 0, "SO_TIMESTAMP");
        clock_gettime(CLOCK_REALTIME, &before);
        send_to(plain, "127.0.0.1", here);
        frontend_receive_record(&f, 1, &record, got);
        clock_gettime(CLOCK_REALTIME, &after);
        double at = (double)record.seconds + (double)record.nanoseconds / 1e9;
        if (record.flags != RF_RECORD_TIMESTAMP || at < (double)before.tv_sec + (double)before.tv_nsec / 1e9 - 1e-5 ||
            at > (double)after.tv_sec + (double)after.tv_nsec / 1e9 + 1e-5)
            wrong++;
    }
    check(wrong == 0, "SO_TIMESTAMP and SO_TIMESTAMPNS: the time a datagram came", "%d wrong, flags %u", wrong,
          record.flags);
    set(1, IPPROTO_IP, IP_PKTINFO, 1);
    set(1, IPPROTO_IP, IP_RECVTTL, 1);
    set(1, IPPROTO_IP, IP_RECVTOS, 1);
    send_to(plain, "127.0.0.1", here);
    frontend_receive_record(&f, 1, &record, got);
    check(record.flags == (RF_RECORD_PKTINFO | RF_RECORD_TTL | RF_RECORD_TOS | RF_RECORD_TIMESTAMP),
          "all of them together", "flags %u", record.flags);
    close(plain);
    frontend_close(&f, 1, false);
}

static void broadcast(void) {
    uint16_t there = 0;
    struct sockaddr_in any = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    socklen_t length = sizeof any;
    struct timeval patience = {.tv_sec = 5};
    int plain = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check_need(bind(plain, (struct sockaddr *)&any, length) == 0 &&
                   getsockname(plain, (struct sockaddr *)&any, &length) == 0 &&
                   setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0,
               "a plain socket");
    there = any.sin_port;
    to.sin_port = there;
    to.sin_addr.s_addr = inet_addr("127.255.255.255");
    struct rf_record record = {.name.length = sizeof to};
    memcpy(record.name.address, &to, sizeof to);
    frontend_datagrams(&f, 1, AF_INET);
    frontend_send_record(&f, 1, &record, "refused", 7);
    int error = frontend_take_error(&f, 1);
    set(1, SOL_SOCKET, SO_BROADCAST, 1);
    frontend_send_record(&f, 1, &record, "to all", 6);
    check(error == EACCES && recv(plain, got, 100, 0) == 6,
          "a broadcast is EACCES without SO_BROADCAST, and goes out with it", "error %d", error);
    close(plain);
    frontend_close(&f, 1, false);
}

static void multicast(void) {
    uint16_t here = open_everywhere(AF_INET);
    struct ip_mreqn group = {.imr_multiaddr.s_addr = inet_addr("239.255.71.7"),
                             .imr_ifindex = (int)if_nametoindex("lo")};
    struct ip_mreqn leave = {.imr_ifindex = group.imr_ifindex};
    struct rf_record record = {0};
    int plain = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check_need(setsockopt(plain, IPPROTO_IP, IP_MULTICAST_IF, &leave, sizeof leave) == 0, "IP_MULTICAST_IF");
    struct answer joined =
        frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_IP, IP_ADD_MEMBERSHIP, 0, &group, sizeof group);
    set(1, IPPROTO_IP, IP_PKTINFO, 1);
    bool sent = send_to(plain, "239.255.71.7", here);
    int64_t length = sent ? frontend_receive_record(&f, 1, &record, got) : -2;
    check(joined.error == 0 && length == 1 && via_is(&record, "239.255.71.7"),
          "a datagram for a group that was joined comes, and says so", "join %d, length %lld", joined.error,
          (long long)length);

    /* The socket's own, looped back to itself. */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(here), .sin_addr = group.imr_multiaddr};
    struct rf_record out = {.name.length = sizeof to};
    memcpy(out.name.address, &to, sizeof to);
    int chosen = frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_IP, IP_MULTICAST_IF, 0, &leave, sizeof leave).error;
    frontend_send_record(&f, 1, &out, "own", 3);
    check(chosen == 0 && frontend_receive_record(&f, 1, &record, got) == 3, "IP_MULTICAST_IF says where one leaves",
          "error %d", chosen);
    uint8_t source_group[264] = {0};
    struct answer longer = frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, 0, source_group,
                                         sizeof source_group);
    check(longer.error == EMSGSIZE, "an option too long for a call is EMSGSIZE", "%d", longer.error);
    close(plain);
    frontend_close(&f, 1, false);
}

static void multicast6(void) {
    uint16_t here = open_everywhere(AF_INET6);
    int interface = (int)if_nametoindex("lo"), plain = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ipv6_mreq group = {.ipv6mr_interface = (unsigned)interface};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(here)};
    struct rf_record record = {0};
    inet_pton(AF_INET6, "ff01::7107", &group.ipv6mr_multiaddr);
    to.sin6_addr = group.ipv6mr_multiaddr;
    struct answer joined =
        frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_IPV6, IPV6_JOIN_GROUP, 0, &group, sizeof group);
    check(joined.error == 0, "a group of IPv6 can be joined", "error %d", joined.error);
    setsockopt(plain, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface);
    if (sendto(plain, "x", 1, 0, (struct sockaddr *)&to, sizeof to) != 1) {
        check_skip("a datagram for a group of IPv6 comes", "no route for multicast on lo");
    } else {
        int64_t length = frontend_receive_record(&f, 1, &record, got);
        check(length == 1, "a datagram for a group of IPv6 comes", "length %lld", (long long)length);
    }
    close(plain);
    frontend_close(&f, 1, false);
}

/* With IP_RECVERR errors are kept; they must not use up the room for datagrams. */
static void errors_are_not_kept(void) {
    uint16_t here = open_everywhere(AF_INET), closed, there;
    int gone = plain_datagrams(AF_INET, &closed), plain = plain_datagrams(AF_INET, &there), wrong = 0;
    struct rf_record record, to = frontend_record_to(AF_INET, closed);
    close(gone);
    check_need(set(1, IPPROTO_IP, IP_RECVERR, 1) == 0, "IP_RECVERR");
    for (int i = 0; i < 1000; i++) {
        frontend_send_record(&f, 1, &to, "x", 1);
        wrong += frontend_take_error(&f, 1) != ECONNREFUSED;
    }
    send_to(plain, "127.0.0.1", here);
    check(wrong == 0 && frontend_receive_record(&f, 1, &record, got) == 1,
          "with IP_RECVERR a socket without a peer learns of closed ports, a thousand times, and receives",
          "%d were not reported", wrong);
    close(plain);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    pktinfo();
    numbers(AF_INET, "TTL and TOS come and go with a datagram");
    times();
    broadcast();
    multicast();
    errors_are_not_kept();
    if (plain_has_ipv6()) {
        pktinfo6();
        numbers(AF_INET6, "hop limit and traffic class come and go with a datagram");
        multicast6();
    } else {
        check_skip("ancillary data over IPv6", "no IPv6 loopback");
    }
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
