/* Another socket in the place of one that is good for nothing any more.
 *
 * A stream whose connect() has failed: on Linux it can be connected again, and still has its name and its options. NetBSD has
 * thrown away what the protocols knew of it (tcp_close() in sys/netinet/tcp_subr.c), so that connect() and getsockname() are EINVAL
 * and the protocols' options ECONNRESET.
 *
 * A socket of datagrams that was bound to an address and has lost its peer: it has lost the address, too (udp_disconnect() in
 * sys/netinet/udp_usrreq.c), and keeps the port, so that it cannot be bound again. */
#include <string.h>

#include "netbsd.h"

void netbsd_keep(int s, int level, int name, int value) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    if (level == NETBSD_SOL_SOCKET) return;
    for (int i = 0; i < NETBSD_PROTOCOL_OPTIONS; i++) {
        bool here = memory->protocol[i].level == level && memory->protocol[i].name == name;
        if (!here && memory->protocol[i].name != 0) continue;
        memory->protocol[i].level = level;
        memory->protocol[i].name = name;
        memory->protocol[i].value = value;
        return;
    }
}

/* What the socket itself knows, above the protocols, is still there. */
static void copy_options(int from, int to) {
    static const int flags[] = {NETBSD_SO_REUSEADDR, NETBSD_SO_REUSEPORT, NETBSD_SO_KEEPALIVE, NETBSD_SO_OOBINLINE,
                                NETBSD_SO_DONTROUTE, NETBSD_SO_BROADCAST, NETBSD_SO_TIMESTAMP};
    static const int others[] = {NETBSD_SO_LINGER, NETBSD_SO_RCVTIMEO, NETBSD_SO_SNDTIMEO};
    uint8_t value[NETBSD_SIZE_timeval];
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        int on = 0;
        uint32_t length = sizeof on;
        if (bsd_getsockopt(from, NETBSD_SOL_SOCKET, flags[i], &on, &length) != 0 || on == 0) continue;
        on = 1;
        bsd_setsockopt(to, NETBSD_SOL_SOCKET, flags[i], &on, sizeof on);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint32_t length = sizeof value;
        if (bsd_getsockopt(from, NETBSD_SOL_SOCKET, others[i], value, &length) == 0)
            bsd_setsockopt(to, NETBSD_SOL_SOCKET, others[i], value, length);
    }
}

/* Sizes that were never set are the kernel's to choose. */
static void set_again(int to, const struct netbsd_socket *memory) {
    static const struct {
        enum netbsd_remembered index;
        int level, name;
    } known[] = {{NETBSD_SEND, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF},       {NETBSD_RECEIVE, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF},
                 {NETBSD_IDLE, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE},   {NETBSD_INTERVAL, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPINTVL},
                 {NETBSD_COUNT, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPCNT}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int fact = netbsd_in_fact(memory, known[i].index, memory->set[known[i].index]);
        if (fact != 0) bsd_setsockopt(to, known[i].level, known[i].name, &fact, sizeof fact);
    }
    for (int i = 0; i < NETBSD_PROTOCOL_OPTIONS && memory->protocol[i].name != 0; i++)
        bsd_setsockopt(to, memory->protocol[i].level, memory->protocol[i].name, &memory->protocol[i].value, sizeof(int));
    if (memory->congestion[0] != '\0')
        bsd_setsockopt(to, NETBSD_IPPROTO_TCP, NETBSD_TCP_CONGCTL, memory->congestion, (uint32_t)strlen(memory->congestion) + 1);
}

int netbsd_twin(int s) {
    const struct netbsd_socket *memory = netbsd_socket_of(s);
    int domain = memory->ipv6 ? NETBSD_AF_INET6 : NETBSD_AF_INET;
    int type = memory->datagram ? BSD_SOCK_DGRAM : BSD_SOCK_STREAM;
    int twin = bsd_socket(domain, type | NETBSD_SOCK_NONBLOCK | NETBSD_SOCK_NOSIGPIPE, 0);
    if (twin < 0) return (int)bsd_result(twin);
    netbsd_settle(twin, domain, memory->datagram);
    copy_options(s, twin);
    set_again(twin, memory);
    return twin;
}

int netbsd_renew(int s) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    int fresh = netbsd_twin(s);
    if (fresh < 0) return fresh;
    /* Should there be a connection, it ends at once, and its name is free. */
    static const int32_t reset[2] = {1, 0};
    if (!memory->datagram) bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, reset, sizeof reset);
    int error = (int)bsd_result(bsd_dup2(fresh, s));
    bsd_close(fresh);
    if (error < 0) return error;
    memory->connecting = memory->watched = memory->room = false;
    if (memory->bound.length == 0) return 0;
    error = (int)bsd_result(bsd_bind(s, memory->bound.address, memory->bound.length));
    if (error == 0 || memory->datagram) return error;
    memory->bound.length = 0; /* somebody else has the name now: one is found when it connects */
    return 0;
}
