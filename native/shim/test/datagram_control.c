/* Ancillary data of datagrams: where they came to, time to live, type of service, time of arrival. */
#include <netinet/ip.h>

#include "check.h"

static _Alignas(struct cmsghdr) char control[256];
static char bytes[64];
static struct iovec vector = {bytes, sizeof bytes};

static struct msghdr receive(int fd, size_t room) {
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    need(recvmsg(fd, &m, 0) >= 0);
    return m;
}

static const void *found(struct msghdr *m, int level, int type, size_t length) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len == CMSG_LEN(length)) return CMSG_DATA(c);
    return NULL;
}

static void set(int fd, int level, int name, int value) { need(setsockopt(fd, level, name, &value, sizeof value) == 0); }

static void send_to(int fd, const struct endpoint *to, int level, int type, const void *data, size_t length) {
    struct msghdr m = {.msg_name = (void *)&to->address, .msg_namelen = to->length, .msg_iov = &vector, .msg_iovlen = 1,
                       .msg_control = control, .msg_controllen = CMSG_SPACE(length)};
    memset(control, 0, sizeof control);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, length);
    need(sendmsg(fd, &m, 0) == sizeof bytes);
}

static void ipv4(void) {
    int client = socket(AF_INET, SOCK_DGRAM, 0), server = datagram(AF_INET), ttl = 7, tos = IPTOS_LOWDELAY;
    struct endpoint to = local_of(server);
    send_to(client, &to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    struct msghdr m = receive(server, sizeof control);
    check(m.msg_controllen == 0, "nothing is told that was not asked for");
    set(server, IPPROTO_IP, IP_PKTINFO, 1), set(server, IPPROTO_IP, IP_RECVTTL, 1);
    if (on_netbsd())
        check(setsockopt(server, IPPROTO_IP, IP_RECVTOS, &(int){1}, sizeof(int)) == -1 && errno == ENOPROTOOPT,
              "IP_RECVTOS, which NetBSD has not, is an unknown option");
    else set(server, IPPROTO_IP, IP_RECVTOS, 1);
    send_to(client, &to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    m = receive(server, sizeof control);
    const struct in_pktinfo *info = found(&m, IPPROTO_IP, IP_PKTINFO, sizeof *info);
    check(info != NULL && info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK) && info->ipi_ifindex > 0 &&
              info->ipi_spec_dst.s_addr == htonl(INADDR_LOOPBACK),
          "IP_PKTINFO tells address and interface");
    const int *told = found(&m, IPPROTO_IP, IP_TTL, sizeof *told);
    check(told != NULL && *told == 7, "IP_TTL sets and tells the time to live");
    send_to(client, &to, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    m = receive(server, sizeof control);
    const uint8_t *service = found(&m, IPPROTO_IP, IP_TOS, sizeof *service);
    check(on_netbsd() ? service == NULL : service != NULL && *service == IPTOS_LOWDELAY, "IP_TOS the type of service, in a byte%s",
          on_netbsd() ? ", or nothing where IP_RECVTOS is unknown" : "");
    struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + 1)};
    send_to(client, &to, IPPROTO_IP, IP_PKTINFO, &from, sizeof from);
    struct sockaddr_in whose;
    m = (struct msghdr){.msg_name = &whose, .msg_namelen = sizeof whose, .msg_iov = &vector, .msg_iovlen = 1};
    need(recvmsg(server, &m, 0) >= 0);
    check(whose.sin_addr.s_addr == htonl(INADDR_LOOPBACK + 1), "IP_PKTINFO sets the sender's address");
    check((m.msg_flags & MSG_CTRUNC) != 0, "without room MSG_CTRUNC is told");
    send_to(client, &to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    m = receive(server, CMSG_SPACE(sizeof(struct in_pktinfo)));
    check((m.msg_flags & MSG_CTRUNC) != 0 && found(&m, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo)) != NULL,
          "and with room for one that one is told");
    ttl = 0;
    struct msghdr bad = {.msg_name = &to.address, .msg_namelen = to.length, .msg_iov = &vector, .msg_iovlen = 1,
                         .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof ttl)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&bad);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof ttl), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_TTL};
    memcpy(CMSG_DATA(c), &ttl, sizeof ttl);
    check(sendmsg(client, &bad, 0) == -1 && errno == EINVAL, "a time to live of 0 is EINVAL");
    close(client), close(server);
}

static void ipv6(void) {
    int client = socket(AF_INET6, SOCK_DGRAM, 0), server = datagram(AF_INET6), hops = 9, class = 8;
    struct endpoint to = local_of(server);
    set(server, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(server, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1), set(server, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    send_to(client, &to, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof hops);
    struct msghdr m = receive(server, sizeof control);
    const struct in6_pktinfo *info = found(&m, IPPROTO_IPV6, IPV6_PKTINFO, sizeof *info);
    check(info != NULL && IN6_IS_ADDR_LOOPBACK(&info->ipi6_addr) && info->ipi6_ifindex > 0,
          "IPV6_PKTINFO tells address and interface");
    const int *told = found(&m, IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof *told);
    check(told != NULL && *told == 9, "IPV6_HOPLIMIT sets and tells the hop limit");
    send_to(client, &to, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    m = receive(server, sizeof control);
    told = found(&m, IPPROTO_IPV6, IPV6_TCLASS, sizeof *told);
    check(told != NULL && *told == 8, "IPV6_TCLASS the traffic class");
    close(client), close(server);
}

static bool recent(time_t seconds) {
    time_t now = time(NULL);
    return seconds >= now - 30 && seconds <= now + 1;
}

static void timestamps(void) {
    int ends[2];
    datagram_pair(AF_INET, ends);
    set(ends[1], SOL_SOCKET, SO_TIMESTAMP, 1);
    need(send(ends[0], bytes, 1, 0) == 1);
    struct msghdr m = receive(ends[1], sizeof control);
    const struct timeval *coarse = found(&m, SOL_SOCKET, SCM_TIMESTAMP, sizeof *coarse);
    check(coarse != NULL && recent(coarse->tv_sec) && coarse->tv_usec < 1000000, "SO_TIMESTAMP tells when a datagram came");
    set(ends[1], SOL_SOCKET, SO_TIMESTAMPNS, 1);
    need(send(ends[0], bytes, 1, 0) == 1);
    m = receive(ends[1], sizeof control);
    const struct timespec *fine = found(&m, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof *fine);
    check(fine != NULL && recent(fine->tv_sec) && found(&m, SOL_SOCKET, SCM_TIMESTAMP, sizeof *coarse) == NULL,
          "SO_TIMESTAMPNS tells it in nanoseconds");
    /* Set by another process, which shares the socket. */
    pid_t child = fork();
    if (child == 0) {
        set(ends[1], SOL_SOCKET, SO_TIMESTAMPNS, 0);
        set(ends[1], SOL_SOCKET, SO_TIMESTAMP, 0);
        _exit(0);
    }
    need(exited_well(child));
    need(send(ends[0], bytes, 1, 0) == 1);
    m = receive(ends[1], sizeof control);
    check(m.msg_controllen == 0, "and then it does not");
    close(ends[0]), close(ends[1]);
}

int main(void) {
    ipv4();
    ipv6();
    timestamps();
    finished();
}
