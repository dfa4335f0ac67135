/* The stand-in for a NetBSD stack: calls in NetBSD's numbers and layouts are executed, and answered in them. */
#include "netbsd_calls.h"

/* From the headers of NetBSD, so that a table with all its columns exchanged does not pass. */
static void numbers(void) {
    check(NETBSD_SOL_SOCKET == 0xffff && NETBSD_SO_REUSEADDR == 4 && NETBSD_SO_ERROR == 0x1007 &&
              NETBSD_AF_INET6 == 24 && NETBSD_EADDRINUSE == 48 && NETBSD_EAGAIN == 35 && NETBSD_IPV6_V6ONLY == 27 &&
              NETBSD_TCP_INFO == 9 && netbsd_errors[EOPNOTSUPP] == 45 && netbsd_errors[ECONNREFUSED] == 61,
          "the numbers made from the table are NetBSD's", "SO_ERROR is %#x", (unsigned)NETBSD_SO_ERROR);
}

static void connects(int family, int there, const char *sentence) {
    uint8_t expected[28] = {0};
    uint16_t port;
    int plain = plain_listen(family, &port);
    frontend_socket(&f, 1, 0, there);
    struct answer connecting = call_address(RF_OP_CONNECT, 1, family, port);
    bool up = (connecting.error == 0 || connecting.error == 36) &&
              FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_CONNECTED);
    const struct rf_slot *slot = frontend_slot(&f, 1);
    struct answer remote = frontend_call(&f, RF_OP_GETPEERNAME, 1, 0, 0, 0, NULL, 0);
    struct answer local = frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    uint32_t length = loopback(family, port, expected);
    check(up && remote.length == length && memcmp(remote.payload, expected, length) == 0 &&
              slot->peer.length == length && memcmp(slot->peer.address, expected, length) == 0 &&
              local.length == length && local.payload[0] == length && local.payload[1] == there &&
              memcmp(slot->local.address, local.payload, length) == 0,
          sentence, "CONNECT %d, lengths %u and %u, family %u", connecting.error, local.length, remote.length,
          local.payload[1]);
    check(call_address(RF_OP_CONNECT, 1, family, port).error == 56, "a second CONNECT is EISCONN, 56",
          "it is not");
    frontend_close(&f, 1, false);
    close(plain);
}

static void accepts(int family, int there, const char *sentence) {
    frontend_socket(&f, 1, 0, there);
    struct answer bound = call_address(RF_OP_BIND, 1, family, 0);
    uint32_t length = family == AF_INET6 ? 28 : 16;
    check_need(bound.error == 0 && bound.length == length && bound.payload[1] == there, "BIND");
    check_need(frontend_call(&f, RF_OP_LISTEN, 1, 8, 0, 0, NULL, 0).error == 0, "LISTEN");
    uint16_t port = (uint16_t)(bound.payload[2] << 8 | bound.payload[3]);
    frontend_grant(&f, 2, 0);
    uint32_t cell = frontend_post_accept(&f, 1, 2);
    int plain = plain_connect(family, port);
    struct answer accepted = frontend_answer(&f, cell);
    struct rf_name names[2];
    memcpy(names, accepted.payload, sizeof names);
    struct sockaddr_storage from = {0};
    socklen_t from_length = sizeof from;
    getsockname(plain, (struct sockaddr *)&from, &from_length);
    char bytes[6] = "";
    check(accepted.error == 0 && names[0].length == length && names[1].length == length &&
              names[0].address[0] == length && names[0].address[1] == there && names[1].address[0] == length &&
              names[1].address[1] == there && memcmp(names[1].address + 2, (char *)&from + 2, length - 2) == 0 &&
              frontend_send(&f, 2, "hello", 5) == 5 && recv(plain, bytes, 5, MSG_WAITALL) == 5 &&
              strcmp(bytes, "hello") == 0,
          sentence, "error %d, lengths %u and %u, '%s'", accepted.error, names[0].length, names[1].length, bytes);
    struct answer reading = get(1, NETBSD_SOL_SOCKET, NETBSD_SO_ACCEPTCONN, 4);
    check(reading.error == 0 && reading.payload[0] == 2, "SO_ACCEPTCONN of a listener reads as its bit", "%u",
          reading.payload[0]);
    close(plain);
    frontend_close(&f, 2, false);
    frontend_close(&f, 1, false);
}

/* NetBSD's own socket would be good for nothing after the refusal. */
static void reconnects(void) {
    socklen_t length;
    struct sockaddr_storage held = plain_address(AF_INET, 0, &length), from;
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port, local;
    int plain = plain_listen(AF_INET, &port);
    check_need(bind(holder, (struct sockaddr *)&held, length) == 0 &&
                   getsockname(holder, (struct sockaddr *)&held, &length) == 0,
               "a closed port");
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    struct answer bound = call_address(RF_OP_BIND, 1, AF_INET, 0);
    check_need(bound.error == 0 && set_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL, 9) == 0 &&
                   set_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE, 77) == 0 &&
                   set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, 1) == 0,
               "a socket with a name and options");
    call_address(RF_OP_CONNECT, 1, AF_INET, ntohs(((struct sockaddr_in *)&held)->sin_port));
    check_need(FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_FAILED), "a refusal");
    struct answer name = frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    check(name.error == 0 && memcmp(name.payload, bound.payload, 16) == 0, "a socket whose CONNECT was refused keeps its name",
          "error %d", name.error);
    check(get_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL) == 9 && get_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE) == 77 &&
              get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE) == NETBSD_SO_KEEPALIVE,
          "and its options", "error %d", errno);
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    bool up = FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_CONNECTED);
    length = sizeof from;
    int accepted = accept(plain, (struct sockaddr *)&from, &length);
    memcpy(&local, bound.payload + 2, sizeof local);
    char bytes[6] = "";
    check(up && ((struct sockaddr_in *)&from)->sin_port == local && send(accepted, "hello", 5, 0) == 5 &&
              frontend_receive(&f, 1, bytes, 5) == 5 && strcmp(bytes, "hello") == 0 && frontend_send(&f, 1, "x", 1) == 1 &&
              recv(accepted, bytes, 1, MSG_WAITALL) == 1,
          "it connects to somebody else, from that name, and bytes go both ways", "state %u", frontend_state(&f, 1));
    close(accepted);
    close(plain);
    close(holder);
    frontend_close(&f, 1, false);
}

static void errors(void) {
    /* Bound and not listening: in use for BIND, closed for CONNECT. */
    socklen_t length;
    struct sockaddr_storage held = plain_address(AF_INET, 0, &length);
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_need(bind(holder, (struct sockaddr *)&held, length) == 0 &&
                   getsockname(holder, (struct sockaddr *)&held, &length) == 0,
               "a closed port");
    uint16_t port = ntohs(((struct sockaddr_in *)&held)->sin_port);
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    struct answer taken = call_address(RF_OP_BIND, 1, AF_INET, port);
    check(taken.error == 48, "BIND to a port in use is EADDRINUSE, 48", "%d", taken.error);
    struct answer name = frontend_call(&f, RF_OP_GETPEERNAME, 1, 0, 0, 0, NULL, 0);
    check(name.error == 57, "GETPEERNAME of an unconnected socket is ENOTCONN, 57", "%d", name.error);
    struct answer answer = call_address(RF_OP_CONNECT, 1, AF_INET, port);
    bool failed = FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_FAILED);
    uint32_t error = atomic_load(&frontend_slot(&f, 1)->error) & 0xffff;
    check(answer.error == 36 && failed && error == 61,
          "a connection is in progress with EINPROGRESS, 36, and refused with ECONNREFUSED, 61",
          "answer %d, error %u", answer.error, error);
    close(holder);
    frontend_close(&f, 1, false);
    check(frontend_call(&f, 77, 1, 0, 0, 0, NULL, 0).error == 78, "an unknown operation is ENOSYS, 78", "it is not");
    frontend_grant(&f, 1, 0);
    struct answer linux_family = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET6, SOCK_STREAM, 0, NULL, 0);
    check(linux_family.error == 47, "Linux's number of AF_INET6 is EAFNOSUPPORT, 47", "%d", linux_family.error);
    struct answer type = frontend_call(&f, RF_OP_SOCKET, 1, NETBSD_AF_INET, 9, 0, NULL, 0);
    check(type.error == 41, "an unknown type is EPROTOTYPE, 41", "%d", type.error);
}

static void addresses(void) {
    uint8_t address[28];
    socklen_t length;
    struct sockaddr_storage here = plain_address(AF_INET, 0, &length);
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    struct answer layout = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, &here, length);
    check(layout.error == 47, "an address in Linux's layout is EAFNOSUPPORT", "%d", layout.error);
    loopback(AF_INET, 0, address);
    struct answer longer = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, address, 28);
    check(longer.error == 22, "an IPv4 address of 28 bytes is EINVAL", "%d", longer.error);
    address[0] = 0;
    struct answer inside = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, address, 16);
    check(inside.error == 22, "an address without its length is EINVAL", "%d", inside.error);
    check(call_address(RF_OP_BIND, 1, AF_INET, 0).error == 0, "the same address with its length is bound", "it is not");
    frontend_close(&f, 1, false);
}

static void flags(void) {
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    static const struct {
        int level, name, bit;
    } known[] = {{NETBSD_SOL_SOCKET, NETBSD_SO_REUSEADDR, 4},
                 {NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, 8},
                 {NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT, 0x200},
                 {NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY, 4}};
    int wrong = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int before = get_int(1, known[i].level, known[i].name);
        int error = set_int(1, known[i].level, known[i].name, 1);
        int after = get_int(1, known[i].level, known[i].name);
        if (before != 0 || error != 0 || after != known[i].bit) wrong = known[i].name;
    }
    check(wrong == 0, "a flag reads as 0 until it is set, then as its bit", "option %#x does not", (unsigned)wrong);
    check(set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, (char[8]){1}, 8).error == 22 &&
              set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, (char[1]){1}, 1).error == 22,
          "an int of eight bytes or of one is EINVAL", "it is not");
    check(set_int(1, SOL_SOCKET, SO_REUSEADDR, 1) == 42, "Linux's numbers of an option are ENOPROTOOPT, 42",
          "they are not");
    struct answer idle = get(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE, 4);
    int seconds = idle.payload[0] | idle.payload[1] << 8;
    check(idle.error == 0 && seconds == 7200 && set_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE, 60) == 0 &&
              get_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPIDLE) == 60 &&
              get_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPINTVL) == 75 &&
              get_int(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_KEEPCNT) == 9,
          "the INS remembers what NetBSD does not let it read: TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT",
          "%d seconds, error %d", seconds, idle.error);
    check(set_bytes(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_CONGCTL, "reno", 5).error == 0 &&
              strcmp((char *)get(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_CONGCTL, 16).payload, "reno") == 0,
          "and TCP_CONGCTL", "it does not");
    frontend_close(&f, 1, false);
}

static void values(void) {
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    check(set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, 100000) == 0 &&
              get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF) == 100000,
          "SO_SNDBUF reads as it was set", "%d", get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF));
    check(set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF, 262144) == 55 &&
              set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, 0) == 22,
          "a buffer that is too large is ENOBUFS, 55, and one of 0 bytes EINVAL", "they are not");
    const int linger[2] = {1, 5}, endless[2] = {1, 70000};
    struct answer answer = set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, linger, sizeof linger);
    struct answer reading = get(1, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, 8);
    check(answer.error == 0 && reading.length == 8 && memcmp(reading.payload, linger, 8) == 0 &&
              set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_LINGER, endless, sizeof endless).error == 33,
          "SO_LINGER reads as it was set, and more than 65535 seconds are EDOM", "error %d, %u bytes", answer.error,
          reading.length);
    const struct {
        int64_t seconds;
        int32_t microseconds, padding;
    } time = {2, 500000, -1}, carried = {0, 2000000, 0};
    answer = set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVTIMEO, &time, sizeof time);
    reading = get(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVTIMEO, 16);
    check(answer.error == 0 && reading.length == 16 && memcmp(reading.payload, &time, 12) == 0 &&
              set_bytes(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDTIMEO, &carried, sizeof carried).error == 0 &&
              get(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDTIMEO, 16).payload[0] == 2,
          "a time has four bytes of microseconds, any number of them, and padding that means nothing",
          "error %d, %u bytes", answer.error, reading.length);
    check(get(1, NETBSD_SOL_SOCKET, NETBSD_SO_ERROR, 4).error == 0 &&
              get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_TYPE) == 1,
          "SO_ERROR and SO_TYPE can be read", "they cannot");
    frontend_close(&f, 1, false);
}

/* Else no kqueue would tell of a byte below the mark. */
static void low_mark(void) {
    uint16_t port;
    int plain = plain_listen(AF_INET, &port);
    char got[4] = "";
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    check(get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVLOWAT) == 1 && set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVLOWAT, 1000) == 0 &&
              get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVLOWAT) == 1000,
          "SO_RCVLOWAT reads as it was set", "%d", get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVLOWAT));
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    int s = accept(plain, NULL, NULL);
    check(FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_CONNECTED) && send(s, "few", 3, 0) == 3 &&
              frontend_receive(&f, 1, got, 3) == 3,
          "and fewer bytes come all the same", "they do not");
    close(s);
    close(plain);
    frontend_close(&f, 1, false);
}

static void information(void) {
    uint16_t port;
    int plain = plain_listen(AF_INET, &port);
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    check(get(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_INFO, 384).payload[0] == 0, "TCP_INFO of a fresh socket says CLOSED",
          "it does not");
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    check_need(FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_CONNECTED), "a connection");
    struct answer info = get(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_INFO, 384);
    uint32_t segment, window, peer;
    memcpy(&segment, info.payload + 16, sizeof segment);
    memcpy(&peer, info.payload + 100, sizeof peer);
    memcpy(&window, info.payload + 80, sizeof window);
    check(info.error == 0 && info.length == 236 && info.payload[0] == 4 && segment != 0 && window != 0 &&
              window % segment == 0 && peer != 0 && peer < 1 << 30,
          "TCP_INFO has 236 bytes, says ESTABLISHED as 4, and windows in bytes",
          "%u bytes, state %u, %u of %u, the peer's %u", info.length, info.payload[0], window, segment, peer);
    struct answer cut = get(1, NETBSD_IPPROTO_TCP, NETBSD_TCP_INFO, 100);
    check(cut.error == 0 && cut.length == 100, "a value is cut to the caller's buffer", "%u bytes", cut.length);
    frontend_close(&f, 1, false);
    close(plain);
}

/* A listener, a connection it has accepted in slot 2, and the plain end of that. */
static int accepted_pair(void) {
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    struct answer bound = call_address(RF_OP_BIND, 1, AF_INET, 0);
    frontend_call(&f, RF_OP_LISTEN, 1, 8, 0, 0, NULL, 0);
    frontend_grant(&f, 2, 0);
    uint32_t cell = frontend_post_accept(&f, 1, 2);
    int plain = plain_connect(AF_INET, (uint16_t)(bound.payload[2] << 8 | bound.payload[3]));
    check_need(frontend_answer(&f, cell).error == 0, "an accepted connection");
    return plain;
}

static void like_linux(void) {
    frontend_socket(&f, 1, 0, NETBSD_AF_INET);
    struct answer shut = frontend_call(&f, RF_OP_SHUTDOWN, 1, 2, 0, 0, NULL, 0);
    check(shut.error == 57 && set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_KEEPALIVE, 1) == 0,
          "SHUTDOWN of an unconnected socket is ENOTCONN, and its options can be set still", "error %d", shut.error);
    check(get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF) == 8192 && get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_RCVBUF) == 65536,
          "sizes of buffers that were never set read as Linux's, halved", "%d", get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF));
    frontend_close(&f, 1, false);
    if (plain_has_ipv6()) {
        frontend_socket(&f, 1, 0, NETBSD_AF_INET6);
        check(get_int(1, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_V6ONLY) == 0, "IPV6_V6ONLY is 0 on a fresh socket", "it is not");
        frontend_close(&f, 1, false);
    } else {
        check_skip("IPV6_V6ONLY is 0 on a fresh socket", "no IPv6 loopback");
    }

    int plain = accepted_pair();
    uint8_t byte;
    check(get_int(2, NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY) == 0, "TCP_NODELAY, which the INS sets, reads as the program set it",
          "it reads as %d", get_int(2, NETBSD_IPPROTO_TCP, NETBSD_TCP_NODELAY));
    const struct linger now = {1, 0};
    setsockopt(plain, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(plain);
    bool reset = FRONTEND_WAIT(&f, frontend_state(&f, 2) == RF_STATE_FAILED);
    uint32_t error = atomic_load(&frontend_slot(&f, 2)->error) & 0xffff;
    check(reset && error == 54 && frontend_receive(&f, 2, &byte, 1) == 0,
          "a reset is told though no poll() of NetBSD tells it: ECONNRESET, 54", "state %u, error %u", frontend_state(&f, 2), error);
    frontend_close(&f, 2, false);
    frontend_grant(&f, 2, 0);
    uint32_t cell = frontend_post_accept(&f, 1, 2);
    shut = frontend_call(&f, RF_OP_SHUTDOWN, 1, 2, 0, 0, NULL, 0);
    struct answer refused = frontend_answer(&f, cell);
    check(shut.error == 0 && refused.error == 22, "an ACCEPT of a listener that is shut down is EINVAL, not ECONNABORTED",
          "error %d", refused.error);
    frontend_close(&f, 1, false);
}

static void six(void) {
    if (!plain_has_ipv6()) {
        check_skip("IPv6 in NetBSD's numbers", "no IPv6 loopback");
        return;
    }
    connects(AF_INET6, NETBSD_AF_INET6, "a connection over IPv6 has names in NetBSD's layout");
    accepts(AF_INET6, NETBSD_AF_INET6, "a connection over IPv6 is accepted, with names in NetBSD's layout");
    frontend_socket(&f, 1, 0, NETBSD_AF_INET6);
    check(set_int(1, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_V6ONLY, 1) == 0 &&
              get_int(1, NETBSD_IPPROTO_IPV6, NETBSD_IPV6_V6ONLY) == 1,
          "IPV6_V6ONLY reads as 1", "error %d", errno);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    numbers();
    frontend_start(&f, (const char *const[]){"--abi", "netbsd", NULL});
    connects(AF_INET, NETBSD_AF_INET, "a connection over IPv4 has names in NetBSD's layout");
    accepts(AF_INET, NETBSD_AF_INET, "a connection over IPv4 is accepted, with names in NetBSD's layout");
    six();
    errors();
    reconnects();
    addresses();
    flags();
    values();
    low_mark();
    information();
    like_linux();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
