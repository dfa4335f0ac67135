/* The stack of NetBSD: its system calls on non-blocking sockets and one kqueue.
 *
 * Numbers and layouts pass unread, since the gateway has translated them. What this file does beside is behaviour: where
 * NetBSD's kernel does another thing than Linux's and a program could see it, it is made to look like Linux.
 * docs/translation.md lists the differences one by one. */
#include "netbsd.h"

#include <limits.h>
#include <string.h>

/* Connections that were gone before they were accepted, in a row, after which the listener is taken for shut down: NetBSD
 * answers ECONNABORTED for both. More than its largest backlog. */
#define ABORTED_MOST 256

static int queue = -1;

static int result(int value) { return (int)bsd_result(value); }

/* As many descriptors as the kernel gives: 128 without asking, and 1772 at most unless kern.maxfiles can be raised. No more than memory.c has
 * room for, so that it is the kernel that says EMFILE: a connection stays in the backlog then, and else would be accepted and closed. */
static int raise_descriptors(uint32_t sockets) {
    const int name[] = {BSD_CTL_KERN, BSD_KERN_MAXFILES};
    int wanted = (int)sockets + 64;
    bsd_sysctl(name, 2, NULL, NULL, &wanted, sizeof wanted);
    struct bsd_rlimit limit = {(uint64_t)wanted, (uint64_t)wanted};
    return result(bsd_setrlimit(BSD_RLIMIT_NOFILE, &limit));
}

static int netbsd_open(const struct rf_setup *setup) {
    int error = netbsd_boot(setup);
    if (error != 0) return error;
    error = raise_descriptors(setup->sockets);
    if (error == 0) error = netbsd_memory_open(setup->sockets);
    if (error != 0) return error;
    netbsd_messages_open();
    queue = bsd_kqueue();
    return queue < 0 ? result(queue) : netbsd_wait_open(queue);
}

/* ---- calls ---- */

/* A fresh record for a descriptor. 0, or the negated error: the descriptor is closed then. */
static int remember(int s, bool datagram, bool ipv6) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    if (memory == NULL) {
        bsd_close(s);
        return -NETBSD_EMFILE;
    }
    *memory = (struct netbsd_socket){.datagram = datagram, .ipv6 = ipv6};
    return 0;
}

static int netbsd_socket_call(int domain, int type, int protocol) {
    if (domain != NETBSD_AF_INET && domain != NETBSD_AF_INET6) return -NETBSD_EAFNOSUPPORT;
    if (type != BSD_SOCK_STREAM && type != BSD_SOCK_DGRAM) return -NETBSD_EPROTOTYPE;
    if (protocol != 0 && protocol != (type == BSD_SOCK_STREAM ? NETBSD_IPPROTO_TCP : NETBSD_IPPROTO_UDP)) return -NETBSD_EPROTONOSUPPORT;
    int s = bsd_socket(domain, type | NETBSD_SOCK_NONBLOCK | NETBSD_SOCK_NOSIGPIPE, protocol);
    if (s < 0) return result(s);
    int error = remember(s, type == BSD_SOCK_DGRAM, domain == NETBSD_AF_INET6);
    if (error != 0) return error;
    netbsd_settle(s, domain, type == BSD_SOCK_DGRAM);
    return s;
}

static bool netbsd_is_datagram(int type) { return type == BSD_SOCK_DGRAM; }

static int netbsd_local_name(int s, struct rf_name *name) {
    uint32_t length = sizeof name->address;
    int error = result(bsd_getsockname(s, name->address, &length));
    if (error == 0) name->length = length < sizeof name->address ? length : (uint32_t)sizeof name->address;
    return error;
}

/* IPPORT_RESERVED in sys/netinet/in.h */
static int netbsd_low_ports(void) { return 1024; }

static int netbsd_bind(int s, const void *address, uint32_t length) {
    int error = result(bsd_bind(s, address, length));
    if (error == 0) netbsd_local_name(s, &netbsd_socket_of(s)->bound);
    return error;
}

static int change(int s, uint32_t filter, uint32_t flags, uint64_t token) {
    struct bsd_kevent what = {.identifier = (uintptr_t)s, .filter = filter, .flags = flags, .user = (intptr_t)token};
    return result(bsd_kevent(queue, &what, 1, NULL, 0, NULL));
}

static int netbsd_watch(int s, uint64_t token, uint32_t readiness) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    bool room = (readiness & RF_WRITABLE) != 0;
    int error = change(s, BSD_EVFILT_READ, BSD_EV_ADD | BSD_EV_CLEAR, token);
    if (error == 0 && room) error = change(s, BSD_EVFILT_WRITE, BSD_EV_ADD | BSD_EV_CLEAR, token);
    if (error == 0 && !room && memory->room) change(s, BSD_EVFILT_WRITE, BSD_EV_DELETE, 0);
    memory->token = token;
    memory->watched = error == 0;
    memory->room = error == 0 && room;
    return error;
}

/* The kernel decides when a filter is attached whether it waits for bytes or for connections (soo_kqfilter() in
 * sys/kern/uipc_socket.c): one that was attached before listen() would wait for bytes for ever. */
static int netbsd_listen(int s, int backlog) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    int error = result(bsd_listen(s, backlog));
    if (error != 0) return error;
    memory->listening = true;
    if (!memory->watched) return 0;
    change(s, BSD_EVFILT_READ, BSD_EV_DELETE, 0);
    return change(s, BSD_EVFILT_READ, BSD_EV_ADD | BSD_EV_CLEAR, memory->token);
}

/* What is accepted is non-blocking as its listener is, and has its options. */
static int netbsd_accept(int s, struct rf_name *peer) {
    for (int aborted = 0; aborted < ABORTED_MOST; aborted++) {
        uint32_t length = sizeof peer->address;
        int accepted = bsd_accept(s, peer->address, &length);
        if (accepted >= 0) {
            if (remember(accepted, false, netbsd_socket_of(s)->ipv6) != 0) return RF_STACK_STARVED;
            struct netbsd_socket *memory = netbsd_socket_of(accepted), *listener = netbsd_socket_of(s);
            memcpy(memory->set, listener->set, sizeof memory->set);
            memcpy(memory->congestion, listener->congestion, sizeof memory->congestion);
            peer->length = length < sizeof peer->address ? length : (uint32_t)sizeof peer->address;
            return accepted;
        }
        switch (errno) {
        case NETBSD_EAGAIN:
            return RF_STACK_AGAIN;
        case NETBSD_EMFILE:
        case NETBSD_ENFILE:
        case NETBSD_ENOBUFS:
        case NETBSD_ENOMEM:
            return RF_STACK_STARVED;
        case NETBSD_EBADF:
        case NETBSD_EINVAL:
        case NETBSD_ENOTSOCK:
        case NETBSD_EOPNOTSUPP:
            return -errno;
        default: /* of the connection that was to be accepted */
            continue;
        }
    }
    return -NETBSD_EINVAL; /* shut down */
}

static bool without_family(const void *address, uint32_t length) {
    return length >= sizeof(struct bsd_sockaddr) && ((const struct bsd_sockaddr *)address)->family == NETBSD_AF_UNSPEC;
}

static int has_peer(int s) {
    struct rf_name peer;
    uint32_t length = sizeof peer.address;
    return bsd_getpeername(s, peer.address, &length) == 0;
}

/* What the kernel answers at once when no route leads there. (What an ICMP message says comes later.) */
static int unreachable(int error) { return error == -NETBSD_EHOSTUNREACH ? -NETBSD_ENETUNREACH : error; }

/* What is good for nothing any more gets another socket. Should there be none, it is tried again before the next connect(), which has
 * the error. */
static int renew(int s) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    bool watched = memory->watched, room = memory->room;
    int error = netbsd_renew(s);
    if (error == 0 && watched) error = netbsd_watch(s, memory->token, RF_READABLE | (room ? RF_WRITABLE : 0u));
    memory->spent = error != 0;
    memory->watched = watched;
    memory->room = room;
    return error;
}

/* True if the socket was bound to an address, and has another one or none. */
static bool has_lost_address(int s) {
    const struct rf_name *bound = &netbsd_socket_of(s)->bound;
    bool ipv6 = bound->address[1] == NETBSD_AF_INET6;
    size_t at = ipv6 ? NETBSD_AT_sockaddr_in6_sin6_addr : NETBSD_AT_sockaddr_in_sin_addr;
    size_t length = ipv6 ? NETBSD_SIZE_in6_addr : NETBSD_SIZE_in_addr;
    static const uint8_t any[NETBSD_SIZE_in6_addr];
    struct rf_name now;
    if (bound->length == 0 || memcmp(bound->address + at, any, length) == 0) return false;
    return netbsd_local_name(s, &now) != 0 || memcmp(bound->address + at, now.address + at, length) != 0;
}

/* The kernel dissolves first, by which it forgets the address that was bound, and looks at the new one then. */
static int connect_datagrams(int s, const void *address, uint32_t length) {
    bool dissolve = without_family(address, length);
    int error = result(bsd_connect(s, address, length));
    if (dissolve && error == -NETBSD_EAFNOSUPPORT && !has_peer(s)) error = 0;
    if (!has_lost_address(s)) return error;
    int renewed = renew(s);
    return renewed != 0 ? renewed : dissolve || error != 0 ? error : result(bsd_connect(s, address, length));
}

static int netbsd_connect(int s, const void *address, uint32_t length) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    int error = memory->spent ? renew(s) : 0;
    if (error != 0) return error;
    if (memory->datagram) return unreachable(connect_datagrams(s, address, length));
    error = unreachable(result(bsd_connect(s, address, length)));
    memory->connecting = error == 0 || error == -NETBSD_EINPROGRESS || memory->connecting;
    if (error == -NETBSD_ECONNREFUSED) renew(s);
    return error;
}

/* Of a stream whose attempt to connect has failed nothing is left but its name and its options, of which renew() has made another
 * one. From others it differs by having had a peer, or being on the way to one. */
static int netbsd_dissolve(int s) {
    const struct netbsd_socket *memory = netbsd_socket_of(s);
    return memory->spent || memory->connecting || has_peer(s) ? renew(s) : 0;
}

static int netbsd_error(int s) {
    int error = 0;
    uint32_t length = sizeof error;
    return bsd_getsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_ERROR, &error, &length) != 0 ? errno : error;
}

static int netbsd_connected(int s) {
    int error = netbsd_error(s);
    if (error != 0) {
        netbsd_socket_of(s)->connecting = false;
        renew(s);
        return -error;
    }
    return has_peer(s) ? 0 : -NETBSD_EINPROGRESS;
}

/* The kernel shuts down an unconnected socket, too, and every option of it is ECONNRESET from then on. */
static int netbsd_shutdown(int s, int how) {
    struct netbsd_socket *memory = netbsd_socket_of(s);
    if (how < RF_SHUT_READ || how > RF_SHUT_BOTH) return -NETBSD_EINVAL;
    if (!memory->listening && !memory->connecting && !has_peer(s)) return -NETBSD_ENOTCONN;
    if (memory->listening && how == RF_SHUT_WRITE) return 0; /* nothing to do on Linux */
    return result(bsd_shutdown(s, how));
}

static int netbsd_peer_name(int s, struct rf_name *name) {
    uint32_t length = sizeof name->address;
    int error = result(bsd_getpeername(s, name->address, &length));
    if (error == 0) name->length = length < sizeof name->address ? length : (uint32_t)sizeof name->address;
    return error;
}

static void netbsd_close(int s, uint32_t kept, bool reset) {
    (void)kept;
    struct {
        int32_t on, seconds;
    } linger = {0};
    uint32_t length = sizeof linger;
    if (reset) {
        linger.on = 1;
        bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, &linger, sizeof linger);
    } else if (bsd_getsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, &linger, &length) == 0 && linger.on != 0 &&
               linger.seconds != 0) {
        /* With a linger time the close of a non-blocking socket throws away what is not sent (soclose()). */
        linger.on = 0;
        bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, &linger, sizeof linger);
    }
    bsd_close(s);
}

/* ---- bytes ---- */

static ssize_t transferred(ssize_t bytes) {
    return bytes >= 0 ? bytes : errno == NETBSD_EAGAIN ? RF_STACK_AGAIN : bsd_result(bytes);
}

static bool interrupted(ssize_t bytes) { return bytes < 0 && (errno == NETBSD_EINTR || errno <= 0); }

static ssize_t netbsd_receive(int s, const struct iovec *pieces, int count) {
    ssize_t bytes;
    do bytes = bsd_readv(s, pieces, count);
    while (interrupted(bytes));
    return transferred(bytes);
}

/* There is no MSG_MORE. */
static ssize_t netbsd_send(int s, uint32_t kept, const struct iovec *pieces, int count, bool more) {
    (void)kept;
    (void)more;
    struct bsd_msghdr message = {.pieces = (struct iovec *)pieces, .piece_count = count};
    ssize_t bytes;
    do bytes = bsd_sendmsg(s, &message, NETBSD_MSG_NOSIGNAL | NETBSD_MSG_DONTWAIT);
    while (interrupted(bytes));
    return transferred(bytes);
}

/* An urgent byte stays in line, and reads stop in front of it. kqueue does not tell of one: who reads asks. A look at the byte takes
 * the mark away (soreceive()), so it comes last. */
static bool netbsd_at_mark(int s) {
    int is = 0;
    return bsd_at_mark(s, &is) == 0 && is != 0;
}

static bool netbsd_urgent(int s, uint8_t *byte) {
    struct iovec piece = {byte, 1};
    struct bsd_msghdr message = {.pieces = &piece, .piece_count = 1};
    return netbsd_at_mark(s) && bsd_recvmsg(s, &message, NETBSD_MSG_PEEK | NETBSD_MSG_DONTWAIT) == 1;
}

static ssize_t netbsd_send_urgent(int s, uint8_t byte) {
    struct iovec piece = {&byte, 1};
    struct bsd_msghdr message = {.pieces = &piece, .piece_count = 1};
    ssize_t bytes;
    do bytes = bsd_sendmsg(s, &message, NETBSD_MSG_OOB | NETBSD_MSG_NOSIGNAL | NETBSD_MSG_DONTWAIT);
    while (interrupted(bytes));
    return transferred(bytes);
}

/* ---- readiness ---- */

static uint32_t readiness(const struct bsd_kevent *event) {
    bool end = (event->flags & BSD_EV_EOF) != 0, broken = end && event->filter_flags != 0;
    uint32_t is = event->filter == BSD_EVFILT_READ ? RF_READABLE : RF_WRITABLE;
    if (end && event->filter == BSD_EVFILT_READ) is |= RF_HANGUP;
    /* There is no other sign of an error: poll() of NetBSD has neither POLLERR nor POLLHUP for it. */
    if (broken) is |= RF_READABLE | RF_WRITABLE | RF_HANGUP | RF_BROKEN;
    return is;
}

static int netbsd_wait(struct rf_event *events, int capacity, int milliseconds) {
    struct bsd_kevent found[128];
    int most = (int)(sizeof found / sizeof found[0]);
    int count = netbsd_wait_events(found, capacity < most ? capacity : most, milliseconds);
    for (int i = 0; i < count; i++)
        events[i] = (struct rf_event){.token = (uint64_t)found[i].user, .readiness = readiness(&found[i])};
    return count == -NETBSD_EINTR ? 0 : count;
}

const struct rf_stack rf_stack_netbsd = {
    .name = "netbsd",
    .abi = RF_ABI_NETBSD,
    .errors = {.bad_slot = NETBSD_EBADF,
               .not_implemented = NETBSD_ENOSYS,
               .message_size = NETBSD_EMSGSIZE,
               .invalid = NETBSD_EINVAL,
               .in_progress = NETBSD_EINPROGRESS,
               .aborted = NETBSD_ECONNABORTED,
               .again = NETBSD_EAGAIN,
               .access = NETBSD_EACCES},
    .open = netbsd_open,
    .socket = netbsd_socket_call,
    .is_datagram = netbsd_is_datagram,
    .bind = netbsd_bind,
    .low_ports = netbsd_low_ports,
    .listen = netbsd_listen,
    .accept = netbsd_accept,
    .connect = netbsd_connect,
    .is_none = without_family,
    .dissolve = netbsd_dissolve,
    .connected = netbsd_connected,
    .shutdown = netbsd_shutdown,
    .set_option = netbsd_set_option,
    .get_option = netbsd_get_option,
    .local_name = netbsd_local_name,
    .peer_name = netbsd_peer_name,
    .error = netbsd_error,
    .close = netbsd_close,
    .receive = netbsd_receive,
    .send = netbsd_send,
    .urgent = netbsd_urgent,
    .at_mark = netbsd_at_mark,
    .send_urgent = netbsd_send_urgent,
    .receive_datagram = netbsd_receive_datagram,
    .next_datagram = netbsd_next_datagram,
    .send_datagram = netbsd_send_datagram,
    .network = netbsd_network,
    .watch = netbsd_watch,
    .watch_host = netbsd_watch_host,
    .wait = netbsd_wait,
};
