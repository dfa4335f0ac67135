/* Socket options of NetBSD on Linux's sockets: their numbers, and the values where NetBSD's differ.
 *
 * Imitated, as observed on a rump kernel, so that what the translator makes of them is tested: an int has exactly four
 * bytes; a flag reads as its bit; SO_SNDBUF and SO_RCVBUF read as they were set, and are EINVAL at 0 and ENOBUFS
 * beyond the limit; the options of TCP keep-alive and of congestion control can be set and not read; struct timeval
 * has 4 bytes of microseconds and 4 of padding, with anything in them; IP_TTL takes any positive number; everything is
 * ECONNRESET once an unconnected socket has been shut down; TCP_INFO. Options that the translator does not send are not
 * here: ENOPROTOOPT. */
#include "emulation.h"

#include <limits.h>
#include <linux/tcp.h> /* its struct tcp_info has the send window */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* sosetopt1() cuts at sb_max * MCLBYTES / (MSIZE + MCLBYTES) (sys/kern/uipc_socket2.c), with the defaults of amd64. */
#define LARGEST_BUFFER (262144L * 2048 / (512 + 2048))
#define TICKS 100        /* a second has */
#define T_NODELAY 4      /* TF_NODELAY of netinet/tcp_var.h: what TCP_NODELAY reads as */
#define LARGEST_WINDOW (65535L << 14) /* TCP_MAXWIN << TCP_MAX_WINSHIFT: where slow start begins */
#define INFO_SIZE NETBSD_SIZE_tcp_info

enum kind { INT, FLAG, SIZE, TTL, HIDDEN /* an int that cannot be read */, ERRNO, LINGER, TIMEVAL, INFO, NAME, BYTES /* set only */ };

static const struct option {
    int32_t netbsd_level, netbsd_name, level, name;
    enum kind kind;
    int on; /* what a flag reads as */
} options[] = {
#define SOCKET(option, kind) {NETBSD_SOL_SOCKET, NETBSD_##option, SOL_SOCKET, option, kind, NETBSD_##option}
#define OPTION(level, option, kind, on) {NETBSD_##level, NETBSD_##option, level, option, kind, on}
    SOCKET(SO_REUSEADDR, FLAG),
    SOCKET(SO_KEEPALIVE, FLAG),
    SOCKET(SO_LINGER, LINGER),
    SOCKET(SO_ERROR, ERRNO),
    SOCKET(SO_SNDBUF, SIZE),
    SOCKET(SO_RCVBUF, SIZE),
    SOCKET(SO_REUSEPORT, FLAG),
    SOCKET(SO_RCVTIMEO, TIMEVAL),
    SOCKET(SO_SNDTIMEO, TIMEVAL),
    SOCKET(SO_TYPE, INT),
    SOCKET(SO_ACCEPTCONN, FLAG),
    SOCKET(SO_RCVLOWAT, INT),
    SOCKET(SO_DEBUG, FLAG),
    SOCKET(SO_DONTROUTE, FLAG),
    SOCKET(SO_BROADCAST, FLAG),
    SOCKET(SO_OOBINLINE, FLAG),
    SOCKET(SO_TIMESTAMP, FLAG),
    OPTION(IPPROTO_TCP, TCP_NODELAY, FLAG, T_NODELAY),
    OPTION(IPPROTO_TCP, TCP_INFO, INFO, 0),
    OPTION(IPPROTO_TCP, TCP_MAXSEG, INT, 0),
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE, HIDDEN, 0),
    OPTION(IPPROTO_TCP, TCP_KEEPINTVL, HIDDEN, 0),
    OPTION(IPPROTO_TCP, TCP_KEEPCNT, HIDDEN, 0),
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_CONGCTL, IPPROTO_TCP, TCP_CONGESTION, NAME, 0},
    OPTION(IPPROTO_IP, IP_TOS, INT, 0),
    OPTION(IPPROTO_IP, IP_TTL, TTL, 0),
    OPTION(IPPROTO_IP, IP_RECVTTL, FLAG, 1),
    {NETBSD_IPPROTO_IP, NETBSD_IP_RECVPKTINFO, IPPROTO_IP, IP_PKTINFO, FLAG, 1},
    OPTION(IPPROTO_IP, IP_MULTICAST_TTL, INT, 0),
    OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, FLAG, 1),
    OPTION(IPPROTO_IP, IP_MULTICAST_IF, BYTES, 0),
    OPTION(IPPROTO_IP, IP_ADD_MEMBERSHIP, BYTES, 0),
    OPTION(IPPROTO_IP, IP_DROP_MEMBERSHIP, BYTES, 0),
    OPTION(IPPROTO_IP, IP_MINTTL, INT, 0),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_DONTFRAG, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, INT, 0),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS, INT, 0),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_RECVTCLASS, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_IF, INT, 0),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, INT, 0),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, FLAG, 1),
    OPTION(IPPROTO_IPV6, IPV6_JOIN_GROUP, BYTES, 0),
    OPTION(IPPROTO_IPV6, IPV6_LEAVE_GROUP, BYTES, 0),
#undef SOCKET
#undef OPTION
};

static const struct option *find(int level, int name) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].netbsd_level == level && options[i].netbsd_name == name) return &options[i];
    return NULL;
}

/* ---- setting ---- */

static int set(int socket, const struct option *option, const void *value, uint32_t length) {
    if (setsockopt(socket, option->level, option->name, value, length) != 0) return emulation_fail(errno);
    return 0;
}

static int set_int(int socket, const struct option *option, const void *value, uint32_t length) {
    int number;
    if (length != sizeof number) return emulation_refuse(NETBSD_EINVAL);
    memcpy(&number, value, sizeof number);
    if (option->kind == SIZE && number <= 0) return emulation_refuse(NETBSD_EINVAL);
    if (option->kind == SIZE && number > LARGEST_BUFFER) return emulation_refuse(NETBSD_ENOBUFS);
    if (option->kind == TTL && number <= 0) return emulation_refuse(NETBSD_EINVAL);
    if (option->kind == TTL && number > UCHAR_MAX) number = UCHAR_MAX;
    int error = set(socket, option, &number, sizeof number);
    if (error == 0 && option->netbsd_level == NETBSD_SOL_SOCKET && option->netbsd_name == NETBSD_SO_SNDBUF)
        emulated(socket)->send_size = number;
    return error;
}

static int set_linger(int socket, const struct option *option, const void *value, uint32_t length) {
    struct linger linger;
    if (length != sizeof linger) return emulation_refuse(NETBSD_EINVAL);
    memcpy(&linger, value, sizeof linger);
    if (linger.l_linger < 0 || linger.l_linger > USHRT_MAX) return emulation_refuse(NETBSD_EDOM);
    return set(socket, option, &linger, sizeof linger);
}

static int set_time(int socket, const struct option *option, const void *value, uint32_t length) {
    struct bsd_timeval there;
    if (length != sizeof there) return emulation_refuse(NETBSD_EINVAL);
    memcpy(&there, value, sizeof there);
    if (there.seconds < 0 || there.seconds > INT_MAX / TICKS || there.microseconds < 0)
        return emulation_refuse(NETBSD_EDOM);
    struct timeval here = {there.seconds + there.microseconds / 1000000, there.microseconds % 1000000};
    return set(socket, option, &here, sizeof here);
}

/* An interface of 0.0.0.0/8 is an index. */
static int set_interface(int socket, const struct option *option, const void *value, uint32_t length) {
    struct ip_mreqn here = {0};
    uint32_t interface;
    memcpy(&interface, (const uint8_t *)value + length - sizeof interface, sizeof interface);
    interface = ntohl(interface);
    if (interface == 0 || interface >> 24 != 0) return set(socket, option, value, length);
    if (length == sizeof(struct ip_mreq)) memcpy(&here.imr_multiaddr, value, sizeof here.imr_multiaddr);
    here.imr_ifindex = (int)interface;
    return set(socket, option, &here, sizeof here);
}

/* After a connect that failed the protocols know the socket no more: tcp_ctloutput(). */
static bool forgotten(int socket, int level) { return emulated(socket)->refused && level != NETBSD_SOL_SOCKET; }

int bsd_setsockopt(int socket, int level, int name, const void *value, uint32_t length) {
    const struct option *option = find(level, name);
    if (emulated(socket)->shut || forgotten(socket, level)) return emulation_refuse(NETBSD_ECONNRESET);
    if (option == NULL) return emulation_refuse(NETBSD_ENOPROTOOPT);
    switch (option->kind) {
    case INT:
    case FLAG:
    case SIZE:
    case TTL:
    case HIDDEN:
        return set_int(socket, option, value, length);
    case LINGER:
        return set_linger(socket, option, value, length);
    case TIMEVAL:
        return set_time(socket, option, value, length);
    case NAME: /* with its terminator */
        if (length == 0 || memchr(value, '\0', length) == NULL) return emulation_refuse(NETBSD_EINVAL);
        return set(socket, option, value, length);
    case BYTES: /* struct in_addr, ip_mreq, ipv6_mreq: the same, and no other */
        if (length != (level == NETBSD_IPPROTO_IPV6        ? NETBSD_SIZE_ipv6_mreq
                       : name == NETBSD_IP_MULTICAST_IF ? NETBSD_SIZE_in_addr
                                                        : NETBSD_SIZE_ip_mreq))
            return emulation_refuse(NETBSD_EINVAL);
        return level == NETBSD_IPPROTO_IP ? set_interface(socket, option, value, length)
                                          : set(socket, option, value, length);
    case ERRNO:
    case INFO:
        break;
    }
    return emulation_refuse(NETBSD_ENOPROTOOPT);
}

/* ---- reading ---- */

static uint32_t get_info(const struct tcp_info *here, uint8_t *there) {
    /* netinet/tcp_fsm.h by net/tcp_states.h, from ESTABLISHED to NEW_SYN_RECV. */
    static const uint8_t states[] = {0, 4, 2, 3, 6, 9, 10, 0, 5, 8, 1, 7, 3};
    uint64_t segment = here->tcpi_snd_mss, window = here->tcpi_snd_cwnd * segment,
             threshold = here->tcpi_snd_ssthresh * segment;
    memset(there, 0, INFO_SIZE);
    there[0] = here->tcpi_state < sizeof states ? states[here->tcpi_state] : 0;
    there[5] = here->tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN);
    there[6] = (uint8_t)(here->tcpi_snd_wscale | here->tcpi_rcv_wscale << 4);
    const struct {
        int offset;
        uint64_t value;
    } words[] = {
        {8, here->tcpi_rto},
        {16, here->tcpi_snd_mss},
        {20, here->tcpi_rcv_mss},
        {68, here->tcpi_rtt},
        {72, here->tcpi_rttvar},
        {76, threshold < LARGEST_WINDOW ? threshold : LARGEST_WINDOW}, /* in bytes */
        {80, window < LARGEST_WINDOW ? window : LARGEST_WINDOW},       /* in bytes */
        {96, here->tcpi_rcv_space},
        {100, here->tcpi_snd_wnd}, /* where Linux has its retransmissions */
        {108, here->tcpi_bytes_sent - here->tcpi_bytes_retrans}, /* the next sequence number, from 0 */
        {112, here->tcpi_bytes_received},
        {120, here->tcpi_total_retrans},
        {124, here->tcpi_rcv_ooopack},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        memcpy(there + words[i].offset, &(uint32_t){(uint32_t)words[i].value}, sizeof(uint32_t));
    return INFO_SIZE;
}

union value {
    int number;
    struct linger linger;
    struct timeval time;
    struct tcp_info info;
};

/* Rewrites a value of Linux. Its length there. */
static uint32_t rewrite(const struct option *option, const union value *here, uint8_t there[INFO_SIZE]) {
    int number = here->number;
    switch (option->kind) {
    case FLAG:
        number = number != 0 ? option->on : 0;
        break;
    case SIZE:
        number /= 2; /* Linux reads twice what was set */
        break;
    case LINGER:
        memcpy(there, &here->linger, sizeof here->linger);
        return sizeof here->linger;
    case TIMEVAL: {
        struct bsd_timeval time = {here->time.tv_sec, (int32_t)here->time.tv_usec, 0xa5a5a5a5};
        memcpy(there, &time, sizeof time);
        return sizeof time;
    }
    case INFO:
        return get_info(&here->info, there);
    default:
        break;
    }
    memcpy(there, &number, sizeof number);
    return sizeof number;
}

/* The error a kevent has shown, or the socket's; either is pending no longer. */
static int get_error(int socket) {
    struct emulated *is = emulated(socket);
    int error = is->error != 0 ? is->error : emulation_take_error(socket);
    is->error = 0;
    if (error == NETBSD_ECONNREFUSED && is->stream) is->refused = true;
    return error;
}

int bsd_getsockopt(int socket, int level, int name, void *value, uint32_t *length) {
    const struct option *option = find(level, name);
    if (forgotten(socket, level)) return emulation_refuse(NETBSD_ECONNRESET);
    if (option == NULL || option->kind == HIDDEN || option->kind == NAME || option->kind == BYTES)
        return emulation_refuse(NETBSD_ENOPROTOOPT);
    union value here = {0};
    uint8_t there[INFO_SIZE];
    socklen_t size = option->kind == INFO      ? sizeof here.info
                     : option->kind == LINGER  ? sizeof here.linger
                     : option->kind == TIMEVAL ? sizeof here.time
                                               : sizeof here.number;
    if (option->kind == ERRNO) here.number = get_error(socket);
    else if (getsockopt(socket, option->level, option->name, &here, &size) != 0) return emulation_fail(errno);
    if (option->kind == INFO && size <= offsetof(struct tcp_info, tcpi_snd_wnd))
        here.info.tcpi_snd_wnd = LARGEST_WINDOW; /* before Linux 5.4 nobody is told: it is not shut */
    uint32_t whole = rewrite(option, &here, there);
    if (whole < *length) *length = whole;
    memcpy(value, there, *length);
    return 0;
}
