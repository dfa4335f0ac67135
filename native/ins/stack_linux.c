/* The stack of the Linux kernel the INS runs on: system calls on non-blocking sockets and one epoll. */
#include "stack_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ins.h"

_Static_assert(sizeof(struct sockaddr_in6) == sizeof((struct rf_name){0}.address), "an address fills a name");

static int epoll = -1;

/* Errors of connections that were to be accepted, in a row, after which the others have their turn. */
#define ABORTED_MOST 256

static int result(int value) { return value < 0 ? -errno : value; }

static int low_ports = 1024;

/* Of the network namespace, and not to be read any more once there are no files. */
static void read_low_ports(void) {
    char text[16];
    int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) close(fd);
    if (got <= 0) return;
    text[got] = '\0';
    low_ports = atoi(text);
}

static int linux_low_ports(void) { return low_ports; }

static int linux_open(const struct rf_setup *setup) {
    if (rf_setup_has_network(setup)) return -EOPNOTSUPP; /* its interfaces are the host's business */
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return -errno;
    linux_network_open();
    linux_counters_open();
    read_low_ports();
    return 0;
}

static int linux_socket(int domain, int type, int protocol) {
    if (domain != AF_INET && domain != AF_INET6) return -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM) return -ESOCKTNOSUPPORT;
    /* Both types have other protocols, too: what those of SCTP and MPTCP make of a socket, and ping's of packets, nobody has looked at. */
    if (type == SOCK_STREAM && protocol != 0 && protocol != IPPROTO_TCP) return -EPROTONOSUPPORT;
    if (type == SOCK_DGRAM && protocol != 0 && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE)
        return -EPROTONOSUPPORT;
    int s = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (s < 0) return -errno;
    if (type == SOCK_DGRAM) return s;
    /* What the application writes at once can arrive here in two parts, cut by the size of a ring.
     * Nagle's algorithm would hold the second part back until the peer's delayed acknowledgement:
     * 40 ms. The ring gathers small writes instead. Accepted sockets inherit it. */
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    /* An urgent byte stays where it is: the region says which one it is. Accepted sockets inherit that, too. */
    setsockopt(s, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
    setsockopt(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT_AT_FIRST}, sizeof(int));
    return s;
}

static bool linux_is_datagram(int type) { return type == SOCK_DGRAM; }

static int linux_bind(int s, const void *address, uint32_t length) { return result(bind(s, address, length)); }

static int linux_listen(int s, int backlog) { return result(listen(s, backlog)); }

/* Another module of the kernel's than its stack, or a filter of system calls that is put around the INS: it is no matter of one
 * connection, and may be over later. */
static int forbidden(int error) {
    static bool said;
    if (!said) ins_say("accept4: %s: a security module or a filter of system calls refuses connections: trying again every 100 ms", strerror(error));
    said = true;
    return RF_STACK_STARVED;
}

static int linux_accept(int s, struct rf_name *peer) {
    for (int aborted = 0; aborted < ABORTED_MOST; aborted++) {
        socklen_t length = sizeof peer->address;
        int accepted = accept4(s, (struct sockaddr *)peer->address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            peer->length = length < sizeof peer->address ? length : (uint32_t)sizeof peer->address;
            return accepted;
        }
        switch (errno) {
        case EAGAIN:
            return RF_STACK_AGAIN;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return RF_STACK_STARVED;
        case EPERM:
        case EACCES:
            return forbidden(errno);
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EOPNOTSUPP:
            return -errno;
        default: /* errors of the connection that was to be accepted: accept(2), "Error handling" */
            continue;
        }
    }
    return RF_STACK_STARVED;
}

static int linux_connect(int s, const void *address, uint32_t length) { return result(connect(s, address, length)); }

static bool linux_is_none(const void *address, uint32_t length) {
    const struct sockaddr *a = address;
    return length >= sizeof a->sa_family && a->sa_family == AF_UNSPEC;
}

static int linux_dissolve(int s) { return result(connect(s, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr))); }

static int linux_error(int s) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ? errno : error;
}

static int linux_connected(int s) {
    int error = linux_error(s);
    if (error != 0) return -error;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername(s, (struct sockaddr *)&peer, &length) == 0) return 0;
    struct tcp_info info = {0};
    length = sizeof info;
    if (getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_CLOSE)
        return -ECONNABORTED;
    return -EINPROGRESS;
}

static void linux_flows(int s, uint32_t *kept) {
    if ((*kept & (KEPT_FLOWS | KEPT_UNSENT)) != 0) return;
    *kept |= KEPT_FLOWS;
    setsockopt(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT_BYTES}, sizeof(int));
}

static int linux_shutdown(int s, int how) { return result(shutdown(s, how)); }

static int named(int error, socklen_t length, struct rf_name *name) {
    if (error != 0) return -errno;
    name->length = length < sizeof name->address ? length : (uint32_t)sizeof name->address;
    return 0;
}

static int linux_local_name(int s, struct rf_name *name) {
    socklen_t length = sizeof name->address;
    int error = getsockname(s, (struct sockaddr *)name->address, &length);
    return named(error, length, name);
}

/* Of a listener that takes foreign addresses it would not be so: IP_TRANSPARENT does not pass. */
static bool linux_names_all(const struct rf_name *listener) {
    struct sockaddr_in name;
    memcpy(&name, listener->address, sizeof name);
    return listener->length == sizeof name && name.sin_family == AF_INET && name.sin_addr.s_addr != htonl(INADDR_ANY);
}

static int linux_peer_name(int s, struct rf_name *name) {
    socklen_t length = sizeof name->address;
    int error = getpeername(s, (struct sockaddr *)name->address, &length);
    return named(error, length, name);
}

static void linux_close(int s, uint32_t kept, bool reset) {
    struct linger linger = {0};
    socklen_t length = sizeof linger;
    if (reset) {
        linger = (struct linger){.l_onoff = 1, .l_linger = 0};
        setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    } else if ((kept & KEPT_LINGER) != 0 && getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &length) == 0 && linger.l_onoff != 0 &&
               linger.l_linger != 0) {
        /* With a linger time close() waits for the peer, O_NONBLOCK or not, and everybody with it. */
        linger.l_onoff = 0;
        setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    close(s);
}

static ssize_t transferred(ssize_t bytes) {
    return bytes >= 0 ? bytes : errno == EAGAIN ? RF_STACK_AGAIN : -errno;
}

static ssize_t linux_receive(int s, const struct iovec *pieces, int count) {
    ssize_t bytes;
    do bytes = readv(s, pieces, count);
    while (bytes < 0 && errno == EINTR);
    return transferred(bytes);
}

static ssize_t linux_send(int s, uint32_t kept, const struct iovec *pieces, int count, bool more) {
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    ssize_t bytes;
    do bytes = sendmsg(s, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more || (kept & KEPT_CORK) != 0 ? MSG_MORE : 0));
    while (bytes < 0 && errno == EINTR);
    return transferred(bytes);
}

/* Never set, cleared it sends: tcp_sock_set_cork() in net/ipv4/tcp.c. */
static void linux_push(int s) { setsockopt(s, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int)); }

static bool linux_waits_for_more(uint32_t kept) { return (kept & KEPT_LINGER) == 0; }

static bool linux_at_mark(int s) {
    int is = 0;
    return ioctl(s, SIOCATMARK, &is) == 0 && is != 0;
}

/* As any other byte, once it is the next. Without SO_OOBINLINE the kernel would show it sooner; but an urgent byte that comes in that
 * moment takes the one in front of it out of the stream (tcp_check_urg() in net/ipv4/tcp_input.c). */
static bool linux_urgent(int s, uint8_t *byte) { return linux_at_mark(s) && recv(s, byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1; }

static ssize_t linux_send_urgent(int s, uint8_t byte) {
    ssize_t bytes;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    do bytes = sendmsg(s, &message, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
    while (bytes < 0 && errno == EINTR);
    return transferred(bytes);
}

static int watch(int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return result(epoll_ctl(epoll, operation, descriptor, &event));
}

static int linux_watch(int s, uint64_t token, uint32_t readiness) {
    uint32_t events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET | ((readiness & RF_WRITABLE) != 0 ? EPOLLOUT : 0);
    int error = watch(EPOLL_CTL_ADD, s, events, token);
    /* Which reports what is so already. */
    return error == -EEXIST ? watch(EPOLL_CTL_MOD, s, events, token) : error;
}

static int linux_watch_host(int descriptor, uint64_t token) {
    return watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, token);
}

static int linux_watch_doorbell(int descriptor, uint64_t token) {
    return watch(EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLET, token);
}

static int linux_wait(struct rf_event *events, int capacity, int milliseconds) {
    struct epoll_event found[128];
    int most = (int)(sizeof found / sizeof found[0]);
    int count = epoll_wait(epoll, found, capacity < most ? capacity : most, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        uint32_t is = found[i].events;
        events[i].token = found[i].data.u64;
        events[i].readiness = ((is & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? RF_READABLE : 0) |
                              ((is & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 ? RF_WRITABLE : 0) |
                              ((is & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? RF_HANGUP : 0) |
                              ((is & EPOLLERR) != 0 ? RF_BROKEN : 0) | ((is & EPOLLPRI) != 0 ? RF_URGENT : 0);
    }
    return count;
}

const struct rf_stack rf_stack_linux = {
    .name = "linux",
    .abi = RF_ABI_LINUX,
    .errors = {.bad_slot = EBADF,
               .not_implemented = ENOSYS,
               .message_size = EMSGSIZE,
               .invalid = EINVAL,
               .in_progress = EINPROGRESS,
               .aborted = ECONNABORTED,
               .again = EAGAIN,
               .access = EACCES},
    .open = linux_open,
    .socket = linux_socket,
    .is_datagram = linux_is_datagram,
    .bind = linux_bind,
    .low_ports = linux_low_ports,
    .listen = linux_listen,
    .accept = linux_accept,
    .connect = linux_connect,
    .is_none = linux_is_none,
    .dissolve = linux_dissolve,
    .connected = linux_connected,
    .flows = linux_flows,
    .shutdown = linux_shutdown,
    .set_option = linux_set_option,
    .get_option = linux_get_option,
    .local_name = linux_local_name,
    .names_all = linux_names_all,
    .peer_name = linux_peer_name,
    .error = linux_error,
    .close = linux_close,
    .receive = linux_receive,
    .send = linux_send,
    .push = linux_push,
    .waits_for_more = linux_waits_for_more,
    .urgent = linux_urgent,
    .tells_urgent = true,
    .at_mark = linux_at_mark,
    .send_urgent = linux_send_urgent,
    .receive_datagram = linux_receive_datagram,
    .next_datagram = linux_next_datagram,
    .send_datagram = linux_send_datagram,
    .network = linux_network,
    .count = linux_count,
    .watch = linux_watch,
    .watch_host = linux_watch_host,
    .watch_doorbell = linux_watch_doorbell,
    .wait = linux_wait,
};
