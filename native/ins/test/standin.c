/* The stand-in behaves as NetBSD does where docs/translation.md's table says so: the calls of the emulation itself, without an
 * INS. What the INS and the gateway make of it, netbsd.c and the end-to-end tests say. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../region/test/check.h"
#include "../netbsd/netbsd.h"

#define WAIT 10000 /* milliseconds at most */

static uint32_t address(int family, uint16_t port, uint8_t to[28]) {
    uint32_t length = family == NETBSD_AF_INET6 ? 28 : 16;
    memset(to, 0, 28);
    to[0] = (uint8_t)length;
    to[1] = (uint8_t)family;
    to[2] = (uint8_t)(port >> 8);
    to[3] = (uint8_t)port;
    if (family == NETBSD_AF_INET) memcpy(to + 4, (uint8_t[]){127, 0, 0, 1}, 4);
    else to[23] = 1;
    return length;
}

static uint16_t port_of(int s) {
    uint8_t name[28];
    uint32_t length = sizeof name;
    check_need(bsd_getsockname(s, name, &length) == 0, "a name");
    return (uint16_t)(name[2] << 8 | name[3]);
}

static int fresh(int type) {
    int s = bsd_socket(NETBSD_AF_INET, type, 0);
    check_need(s >= 0, "a socket");
    return s;
}

static int bound(int type) {
    uint8_t to[28];
    int s = fresh(type);
    check_need(bsd_bind(s, to, address(NETBSD_AF_INET, 0, to)) == 0, "a bound socket");
    return s;
}

static int listening(int type) {
    int s = bound(type);
    check_need(bsd_listen(s, 8) == 0, "a listener");
    return s;
}

static int connect_to(int s, uint16_t port) {
    uint8_t to[28];
    return bsd_connect(s, to, address(NETBSD_AF_INET, port, to));
}

/* `value` is -1 and the error this one. */
static bool fails(ssize_t value, int error) { return value == -1 && errno == error; }

static int get(int s, int level, int name) {
    int value = -1;
    uint32_t length = sizeof value;
    return bsd_getsockopt(s, level, name, &value, &length) == 0 ? value : -1;
}

static int set(int s, int level, int name, int value) { return bsd_setsockopt(s, level, name, &value, sizeof value); }

static ssize_t send_bytes(int s, const void *bytes, size_t length, const uint8_t *to) {
    struct iovec piece = {(void *)bytes, length};
    struct bsd_msghdr message = {.name = (void *)to, .name_length = to != NULL ? 16 : 0, .pieces = &piece, .piece_count = 1};
    return bsd_sendmsg(s, &message, NETBSD_MSG_NOSIGNAL);
}

static bool readable(int s) {
    struct pollfd wait = {.fd = s, .events = POLLIN};
    return poll(&wait, 1, WAIT) == 1;
}

static void options(void) {
    int s = fresh(BSD_SOCK_STREAM);
    set(s, NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY, 1);
    check(get(s, NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY) == 4, "stand-in: TCP_NODELAY reads as 4", "it does not");
    set(s, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, 100000);
    check(get(s, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF) == 100000, "stand-in: SO_SNDBUF is not doubled", "it is");
    check(fails(set(s, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF, 1048576), 55) &&
              fails(set(s, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF, 262144), 55),
          "stand-in: a large SO_RCVBUF is ENOBUFS", "error %d", errno);
    check(fails(set(s, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, 0), 22), "stand-in: SO_SNDBUF of 0 is EINVAL", "error %d", errno);
    check(bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_RCVTIMEO, &(struct bsd_timeval){0, 2000000, 0}, 16) == 0,
          "stand-in: two million microseconds are a time", "error %d", errno);
    check(fails(bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, (char[8]){1}, 1), 22) &&
              fails(bsd_setsockopt(s, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, (char[8]){1}, 8), 22),
          "stand-in: an int has four bytes", "error %d", errno);
    check(set(s, NETBSD_IPPROTO_IP, NETBSD_IP_TTL, 300) == 0, "stand-in: IP_TTL of 300 is taken", "error %d", errno);
    check(set(s, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE, 60) == 0 && get(s, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE) == -1 &&
              errno == 42,
          "stand-in: TCP_KEEPIDLE can be set and not read", "error %d", errno);
    check(fails(set(s, NETBSD_IPPROTO_TCP, 9999, 1), 42), "stand-in: an unknown option is ENOPROTOOPT", "error %d", errno);
    bsd_close(s);
    s = bsd_socket(NETBSD_AF_INET6, BSD_SOCK_STREAM, 0);
    if (s < 0) check_skip("stand-in: IPV6_V6ONLY is on by default", "no IPv6");
    else check(get(s, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_V6ONLY) == 1, "stand-in: IPV6_V6ONLY is on by default", "it is not");
    if (s >= 0) bsd_close(s);
    check(fails(bsd_socket(99, BSD_SOCK_STREAM, 0), 47) && fails(bsd_socket(AF_INET6, BSD_SOCK_STREAM, 0), 47) &&
              fails(bsd_socket(1, BSD_SOCK_STREAM, 0), 47),
          "stand-in: unknown families, Linux's AF_INET6 and AF_LOCAL are EAFNOSUPPORT", "error %d", errno);
    check(fails(bsd_socket(NETBSD_AF_INET, 9, 0), 41) && fails(bsd_socket(NETBSD_AF_INET, BSD_SOCK_STREAM, 17), 43),
          "stand-in: an unknown type is EPROTOTYPE, a protocol that does not fit EPROTONOSUPPORT", "error %d", errno);
}

static void unconnected(void) {
    int s = fresh(BSD_SOCK_STREAM);
    uint8_t to[28], long_address[28];
    check(fails(send_bytes(s, "x", 1, NULL), 57), "stand-in: sending on an unconnected socket is ENOTCONN", "error %d", errno);
    check(fails(bsd_readv(s, &(struct iovec){to, 1}, 1), 57), "stand-in: so is receiving", "error %d", errno);
    check(bsd_shutdown(s, 2) == 0 && fails(set(s, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, 1), 54),
          "stand-in: an unconnected socket can be shut down, and its options are ECONNRESET from then on", "error %d", errno);
    bsd_close(s);
    s = fresh(BSD_SOCK_STREAM);
    address(NETBSD_AF_INET, 0, long_address);
    check(fails(bsd_bind(s, long_address, 28), 22), "stand-in: an address that is too long is EINVAL", "error %d", errno);
    bsd_bind(s, to, address(NETBSD_AF_INET, 0, to));
    check(fails(bsd_bind(s, to, address(NETBSD_AF_INET, 0, to)), 22), "stand-in: bind twice is EINVAL", "error %d", errno);
    check(fails(bsd_accept(s, NULL, NULL), 22), "stand-in: accept without listen is EINVAL", "error %d", errno);
    uint32_t length = 4;
    check(bsd_getsockname(s, to, &length) == 0 && length == 4 && to[0] == 16 && to[1] == 2,
          "stand-in: a name in a small buffer has the length that was copied, and sa_len the whole", "%u", length);
    bsd_close(s);
}

static void accepting(void) {
    uint8_t byte;
    int plain = listening(BSD_SOCK_STREAM), quick = listening(BSD_SOCK_STREAM | NETBSD_SOCK_NONBLOCK);
    int client = fresh(BSD_SOCK_STREAM), other = fresh(BSD_SOCK_STREAM);
    check_need(connect_to(client, port_of(plain)) == 0 && connect_to(other, port_of(quick)) == 0 && readable(quick),
               "two connections");
    int waits = bsd_accept(plain, NULL, NULL), does_not = bsd_accept(quick, NULL, NULL);
    struct pollfd nothing = {.fd = waits, .events = POLLIN};
    check(does_not >= 0 && fails(bsd_readv(does_not, &(struct iovec){&byte, 1}, 1), 35) && poll(&nothing, 1, 0) == 0,
          "stand-in: what is accepted is non-blocking as its listener is", "error %d", errno);
    check(fails(connect_to(client, port_of(plain)), 56), "stand-in: connect when connected is EISCONN", "error %d", errno);
    bsd_shutdown(quick, 2);
    check(fails(bsd_accept(quick, NULL, NULL), 53), "stand-in: accept of a listener that is shut down is ECONNABORTED", "error %d",
          errno);
    const int all[] = {plain, quick, client, other, waits, does_not};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) bsd_close(all[i]);
}

/* Waits for an event of a filter; 0 filter_flags and flags if none comes. */
static struct bsd_kevent event_of(int queue, uint32_t filter) {
    struct bsd_kevent events[16];
    const struct timespec patience = {.tv_sec = WAIT / 1000};
    double end = check_now() + WAIT / 1e3;
    while (check_now() < end) {
        int count = bsd_kevent(queue, NULL, 0, events, 16, &patience);
        for (int i = 0; i < count; i++)
            if (events[i].filter == filter) return events[i];
    }
    return (struct bsd_kevent){.filter = UINT32_MAX};
}

static void watch(int queue, int s) {
    for (uint32_t filter = BSD_EVFILT_READ; filter <= BSD_EVFILT_WRITE; filter++)
        bsd_kevent(queue, &(struct bsd_kevent){.identifier = (uintptr_t)s, .filter = filter, .flags = BSD_EV_ADD | BSD_EV_CLEAR},
                   1, NULL, 0, NULL);
}

static void refused(void) {
    struct bsd_kevent none[4];
    int closed = bound(BSD_SOCK_STREAM), queue = bsd_kqueue(), s = fresh(BSD_SOCK_STREAM | NETBSD_SOCK_NONBLOCK);
    watch(queue, s);
    check(bsd_kevent(queue, NULL, 0, none, 4, &(struct timespec){0}) == 0, "stand-in: a kqueue tells nothing of a fresh socket",
          "it does");
    int now = connect_to(s, port_of(closed)), error = errno;
    struct bsd_kevent event = event_of(queue, BSD_EVFILT_READ);
    check(now == -1 && error == 36 && event.filter == BSD_EVFILT_READ && (event.flags & BSD_EV_EOF) != 0 &&
              event.filter_flags == 61,
          "stand-in: a refusal is an end with the error in fflags", "error %d, flags %#x, fflags %u", error, event.flags,
          event.filter_flags);
    check(get(s, NETBSD_SOL_SOCKET, NETBSD_SO_ERROR) == 61, "stand-in: and the error is still pending", "it is not");
    check(fails(connect_to(s, port_of(closed)), 22), "stand-in: connect again after a refusal is EINVAL", "error %d", errno);
    uint8_t name[28];
    uint32_t length = sizeof name;
    check(fails(bsd_getsockname(s, name, &length), 22), "stand-in: so is getsockname() then", "error %d", errno);
    check(fails(bsd_setsockopt(s, NETBSD_IPPROTO_IP, NETBSD_IP_TTL, &(int){9}, 4), 54),
          "stand-in: and an option of a protocol is ECONNRESET", "error %d", errno);
    bsd_close(s);
    s = fresh(BSD_SOCK_STREAM);
    check(fails(connect_to(s, port_of(closed)), 61), "stand-in: a refused connect is ECONNREFUSED", "error %d", errno);
    bsd_close(s);
    bsd_close(queue);
    bsd_close(closed);
}

static void reset(void) {
    uint8_t byte;
    int listener = listening(BSD_SOCK_STREAM), queue = bsd_kqueue(), s = fresh(BSD_SOCK_STREAM);
    check_need(connect_to(s, port_of(listener)) == 0, "a connection");
    int accepted = bsd_accept(listener, NULL, NULL);
    watch(queue, s);
    bsd_setsockopt(accepted, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, (int[]){1, 0}, 8);
    bsd_close(accepted);
    struct bsd_kevent event = {0};
    do event = event_of(queue, BSD_EVFILT_READ);
    while (event.filter == BSD_EVFILT_READ && event.filter_flags == 0);
    check(event.filter_flags == 54, "stand-in: a reset is an end with the error in fflags", "fflags %u", event.filter_flags);
    check(fails(send_bytes(s, "x", 1, NULL), 32), "stand-in: sending after a reset is EPIPE", "error %d", errno);
    check(fails(bsd_readv(s, &(struct iovec){&byte, 1}, 1), 54), "stand-in: and receiving after that ECONNRESET", "error %d", errno);
    bsd_close(s);
    s = fresh(BSD_SOCK_STREAM);
    check_need(connect_to(s, port_of(listener)) == 0, "a connection");
    bsd_shutdown(s, 1);
    check(fails(send_bytes(s, "x", 1, NULL), 32), "stand-in: sending after shutdown is EPIPE", "error %d", errno);
    bsd_close(s);
    bsd_close(queue);
    bsd_close(listener);
}

static void listening_late(void) {
    struct bsd_kevent none[4];
    int queue = bsd_kqueue(), s = bound(BSD_SOCK_STREAM | NETBSD_SOCK_NONBLOCK), client = fresh(BSD_SOCK_STREAM);
    watch(queue, s);
    bsd_listen(s, 8);
    check_need(connect_to(client, port_of(s)) == 0 && readable(s), "a connection");
    int early = bsd_kevent(queue, NULL, 0, none, 4, &(struct timespec){0});
    bsd_kevent(queue, &(struct bsd_kevent){.identifier = (uintptr_t)s, .flags = BSD_EV_DELETE}, 1, NULL, 0, NULL);
    watch(queue, s);
    check(early == 0 && event_of(queue, BSD_EVFILT_READ).filter == BSD_EVFILT_READ,
          "stand-in: a filter that was attached before listen() sees no connections, and one attached after it does", "%d", early);
    bsd_close(client);
    bsd_close(s);
    bsd_close(queue);
}

static ssize_t receive(int s, void *bytes, size_t room, int flags, int *told) {
    struct iovec piece = {bytes, room};
    struct bsd_msghdr message = {.pieces = &piece, .piece_count = 1};
    ssize_t got = bsd_recvmsg(s, &message, flags);
    *told = message.flags;
    return got;
}

static void datagrams(void) {
    static char bytes[70000];
    uint8_t to[28], another[28], none[16] = {16, 0};
    int s = fresh(BSD_SOCK_DGRAM), there = bound(BSD_SOCK_DGRAM), elsewhere = bound(BSD_SOCK_DGRAM), flags = 0;
    address(NETBSD_AF_INET, port_of(there), to);
    address(NETBSD_AF_INET, port_of(elsewhere), another);
    check(fails(send_bytes(s, bytes, 10000, to), 40) && send_bytes(s, bytes, 9216, to) == 9216 &&
              fails(send_bytes(s, bytes, 70000, to), 40),
          "stand-in: a datagram has 9,216 bytes at most", "error %d", errno);
    check(fails(send_bytes(s, bytes, 1, NULL), 39), "stand-in: without a destination it is EDESTADDRREQ", "error %d", errno);
    ssize_t got = receive(there, bytes, 4, NETBSD_MSG_PEEK | NETBSD_MSG_TRUNC, &flags);
    check(got == 4 && (flags & NETBSD_MSG_TRUNC) != 0, "stand-in: MSG_TRUNC tells no length, only that something is cut", "%zd", got);
    receive(there, bytes, sizeof bytes, NETBSD_MSG_DONTWAIT, &flags);
    check((flags & NETBSD_MSG_DONTWAIT) != 0 && (flags & NETBSD_MSG_TRUNC) == 0, "stand-in: flags of the call come back", "%#x",
          flags);
    check_need(bsd_connect(s, to, 16) == 0, "a peer");
    check(fails(send_bytes(s, bytes, 1, another), 56), "stand-in: sending past the peer is EISCONN", "error %d", errno);
    uint32_t length = 28;
    bool dissolved = fails(bsd_connect(s, none, sizeof none), 47);
    check(dissolved && fails(bsd_getpeername(s, another, &length), 57), "stand-in: AF_UNSPEC dissolves, and is EAFNOSUPPORT",
          "error %d", errno);
    bsd_close(there);
    bsd_connect(s, to, 16);
    send_bytes(s, bytes, 1, NULL);
    check(readable(s) && fails(send_bytes(s, bytes, 1, NULL), 61), "stand-in: a closed port is ECONNREFUSED", "error %d", errno);
    bsd_close(s);
    bsd_close(elsewhere);
    s = fresh(BSD_SOCK_DGRAM);
    memcpy(to + 4, (uint8_t[]){255, 255, 255, 255}, 4);
    check(fails(send_bytes(s, bytes, 1, to), 13), "stand-in: broadcast without SO_BROADCAST is EACCES", "error %d", errno);
    bsd_close(s);
}

static void limits(void) {
    int all[200], count = 0;
    while (count < 200 && (all[count] = bsd_socket(NETBSD_AF_INET, BSD_SOCK_STREAM, 0)) >= 0) count++;
    check(count == 128 && errno == 24, "stand-in: there are 128 descriptors by default, then EMFILE", "%d, error %d", count, errno);
    bsd_setrlimit(BSD_RLIMIT_NOFILE, &(struct bsd_rlimit){4096, 4096});
    check((all[count] = bsd_socket(NETBSD_AF_INET, BSD_SOCK_STREAM, 0)) >= 0, "stand-in: more can be asked for", "error %d", errno);
    if (all[count] >= 0) count++;
    while (count-- > 0) bsd_close(all[count]);
}

static void no_route(void) {
    uint8_t to[28];
    int s = bsd_socket(NETBSD_AF_INET, BSD_SOCK_STREAM | NETBSD_SOCK_NONBLOCK, 0);
    address(NETBSD_AF_INET, 9, to);
    memcpy(to + 4, (uint8_t[]){198, 51, 100, 1}, 4);
    if (bsd_connect(s, to, 16) == -1 && errno == 36) check_skip("stand-in: no route is EHOSTUNREACH", "there is a default route");
    else check(errno == 65, "stand-in: no route is EHOSTUNREACH", "error %d", errno);
    bsd_close(s);
}

/* A listener whose backlog is full leaves a connect in progress. */
static void in_progress(void) {
    uint8_t none[16] = {16, 0};
    int listener = bound(BSD_SOCK_STREAM), all[8], count = 0;
    bsd_listen(listener, 0);
    bool hangs = false;
    while (count < 8 && !hangs) {
        all[count] = fresh(BSD_SOCK_STREAM | NETBSD_SOCK_NONBLOCK);
        connect_to(all[count], port_of(listener));
        struct pollfd wait = {.fd = all[count], .events = POLLOUT};
        hangs = poll(&wait, 1, 200) == 0;
        count++;
    }
    const char *again = "stand-in: connect again while connecting is EALREADY";
    const char *dissolving = "stand-in: so is connect to AF_UNSPEC";
    if (hangs) {
        check(fails(connect_to(all[count - 1], port_of(listener)), 37), again, "error %d", errno);
        check(fails(bsd_connect(all[count - 1], none, sizeof none), 37), dissolving, "error %d", errno);
    } else {
        check_skip(again, "no connect stays in progress here");
        check_skip(dissolving, "no connect stays in progress here");
    }
    while (count-- > 0) bsd_close(all[count]);
    bsd_close(listener);
}

static void flags_of_linux(void) {
    char bytes[8];
    int listener = listening(BSD_SOCK_STREAM), s = fresh(BSD_SOCK_STREAM);
    check_need(connect_to(s, port_of(listener)) == 0, "a connection");
    int accepted = bsd_accept(listener, NULL, NULL);
    struct bsd_msghdr message = {.pieces = &(struct iovec){"x", 1}, .piece_count = 1};
    ssize_t sent = bsd_sendmsg(s, &message, 0x4000 | 0x8000);
    check(sent == 1 && readable(accepted) && bsd_readv(accepted, &(struct iovec){bytes, 8}, 1) == 1,
          "stand-in: Linux's MSG_NOSIGNAL and MSG_MORE mean nothing", "%zd, error %d", sent, errno);
    bsd_close(s);
    bsd_close(accepted);
    bsd_close(listener);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    options();
    unconnected();
    accepting();
    refused();
    reset();
    listening_late();
    datagrams();
    limits();
    no_route();
    in_progress();
    flags_of_linux();
    return check_end();
}
