/* What the NetBSD stack remembers of its sockets, and the options for whose sake it does.
 *
 * Most options go through unread. A program could tell from the others that its stack is not Linux's: those that can be
 * set and not read, sizes of buffers that it never set, and those that the INS sets for itself. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../options.h"
#include "netbsd.h"

/* The first datagram of more than a socket's send buffer is EMSGSIZE: 9216 bytes unless asked for more. Whole buffers also
 * hold the sender's address. */
#define LARGEST_DATAGRAM_SPACE (64 * 1024 + 1024)
#define DATAGRAMS_SPACE (128 * 1024)
#define T_NODELAY 4 /* TF_NODELAY of netinet/tcp_var.h: what TCP_NODELAY reads as */

static struct netbsd_socket *sockets;
static uint32_t count;

int netbsd_memory_open(uint32_t wanted) {
    /* The descriptors of others are among them. The kernel gives fewer (stack.c, raise_descriptors()): none is beyond the table. */
    count = wanted + 1024;
    sockets = mmap(NULL, count * sizeof *sockets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return sockets == MAP_FAILED ? -NETBSD_ENOMEM : 0;
}

struct netbsd_socket *netbsd_socket_of(int socket) {
    return socket >= 0 && (uint32_t)socket < count ? &sockets[socket] : NULL;
}

static void set_int(int s, int level, int name, int value) { bsd_setsockopt(s, level, name, &value, sizeof value); }

void netbsd_settle(int s, int domain, bool datagram) {
    if (domain == NETBSD_AF_INET6) set_int(s, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_V6ONLY, 0);
    if (datagram) {
        set_int(s, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, LARGEST_DATAGRAM_SPACE);
        set_int(s, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF, DATAGRAMS_SPACE);
    } else {
        set_int(s, NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY, 1); /* why, stack_linux.c says */
        set_int(s, NETBSD_SOL_SOCKET, NETBSD_SO_OOBINLINE, 1);
    }
}

/* ---- options ---- */

/* What is remembered, and what it reads as before it was set: what Linux says. */
static const struct option {
    int level, name;
    enum netbsd_remembered index;
    int stream, datagram;
} options[] = {
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY, NETBSD_NODELAY, 0, 0},
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE, NETBSD_IDLE, 7200, 0},
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPINTVL, NETBSD_INTERVAL, 75, 0},
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPCNT, NETBSD_COUNT, 9, 0},
    {NETBSD_SOL_SOCKET, NETBSD_SO_OOBINLINE, NETBSD_IN_LINE, 0, 0},
    {NETBSD_SOL_SOCKET, NETBSD_SO_RCVLOWAT, NETBSD_LOW_MARK, 1, 1},
    /* half of what the program reads: the gateway doubles it */
    {NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, NETBSD_SEND, 16384 / 2, 212992 / 2},
    {NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF, NETBSD_RECEIVE, 131072 / 2, 212992 / 2},
};

static const struct option *find(const struct netbsd_socket *memory, int level, int name) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].level == level && options[i].name == name)
            return level == NETBSD_IPPROTO_TCP && memory->datagram ? NULL : &options[i];
    return NULL;
}

static bool is_congestion(const struct netbsd_socket *memory, int level, int name) {
    return level == NETBSD_IPPROTO_TCP && name == NETBSD_TCP_CONGCTL && !memory->datagram;
}

int netbsd_in_fact(const struct netbsd_socket *memory, enum netbsd_remembered index, int value) {
    switch (index) {
    case NETBSD_NODELAY:
    case NETBSD_IN_LINE:
    case NETBSD_LOW_MARK: /* below it no kqueue tells of a byte: options_linux.c says more */
        return 1;
    case NETBSD_SEND: /* Linux sends one datagram of any size whatever the buffer */
        return memory->datagram && value > 0 && value < LARGEST_DATAGRAM_SPACE ? LARGEST_DATAGRAM_SPACE : value;
    default:
        return value;
    }
}

/* What the gateway lets pass, asked for here once more: of the others nobody has looked at what a kernel in the same process makes. */
static bool passes(int level, int name, bool setting) {
    static const struct listed_option known[] = {NETBSD_OPTIONS(OPTION_ROW)};
    return option_is_listed(known, sizeof known / sizeof known[0], level, name, setting);
}

int netbsd_set_option(int s, uint32_t *kept, int level, int name, const void *value, uint32_t length) {
    (void)kept;
    if (!passes(level, name, true)) return -NETBSD_ENOPROTOOPT;
    struct netbsd_socket *memory = netbsd_socket_of(s);
    const struct option *option = find(memory, level, name);
    int asked, fact;
    if (option == NULL || length != sizeof asked) {
        int error = (int)bsd_result(bsd_setsockopt(s, level, name, value, length));
        if (error == 0 && length == sizeof asked && !is_congestion(memory, level, name)) {
            memcpy(&asked, value, sizeof asked);
            netbsd_keep(s, level, name, asked);
        }
        if (error == 0 && is_congestion(memory, level, name))
            memcpy(memory->congestion, value, length < sizeof memory->congestion ? length : sizeof memory->congestion - 1);
        return error;
    }
    memcpy(&asked, value, sizeof asked);
    fact = netbsd_in_fact(memory, option->index, asked);
    int error = (int)bsd_result(bsd_setsockopt(s, level, name, &fact, sizeof fact));
    if (option->index == NETBSD_LOW_MARK && asked < 0) asked = INT_MAX;
    if (error == 0) memory->set[option->index] = option->index == NETBSD_NODELAY ? (asked != 0 ? T_NODELAY : 0) : asked;
    return error;
}

static int give(const void *from, uint32_t size, void *value, uint32_t *length) {
    if (size < *length) *length = size;
    memcpy(value, from, *length);
    return 0;
}

int netbsd_get_option(int s, const uint32_t *kept, int level, int name, void *value, uint32_t *length) {
    (void)kept;
    if (!passes(level, name, false)) return -NETBSD_ENOPROTOOPT;
    const struct netbsd_socket *memory = netbsd_socket_of(s);
    const struct option *option = find(memory, level, name);
    if (option != NULL) {
        int number = memory->set[option->index];
        if (number == 0) number = memory->datagram ? option->datagram : option->stream;
        return give(&number, sizeof number, value, length);
    }
    if (is_congestion(memory, level, name)) {
        char algorithm[sizeof memory->congestion] = "reno"; /* NetBSD's default */
        if (memory->congestion[0] != '\0') memcpy(algorithm, memory->congestion, sizeof algorithm);
        return give(algorithm, sizeof algorithm, value, length);
    }
    return (int)bsd_result(bsd_getsockopt(s, level, name, value, length));
}
