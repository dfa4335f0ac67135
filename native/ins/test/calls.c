/* Calls and their answers: what succeeds, and that every error is the kernel's own. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

static struct frontend f;

static struct answer call_address(uint16_t op, uint32_t slot, int family, uint16_t port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, port, &length);
    return frontend_call(&f, op, slot, 0, 0, 0, &address, length);
}

static struct answer set_option(uint32_t slot, int level, int name, int value) {
    return frontend_call(&f, RF_OP_SETSOCKOPT, slot, level, name, 0, &value, sizeof value);
}

/* The option's value; -1 and the error in errno. */
static int get_option(uint32_t slot, int level, int name) {
    struct answer answer = frontend_call(&f, RF_OP_GETSOCKOPT, slot, level, name, sizeof(int), NULL, 0);
    int value;
    memcpy(&value, answer.payload, sizeof value);
    errno = answer.error;
    return answer.error == 0 && answer.length == sizeof value ? value : -1;
}

static void connects(int family, const char *sentence) {
    uint16_t port;
    int listener = plain_listen(family, &port);
    frontend_connect(&f, 1, 0, family, port);
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    const struct rf_slot *slot = frontend_slot(&f, 1);
    struct answer local = frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    struct answer remote = frontend_call(&f, RF_OP_GETPEERNAME, 1, 0, 0, 0, NULL, 0);
    socklen_t expected_length;
    struct sockaddr_storage expected = plain_address(family, port, &expected_length);
    check(local.length == length && memcmp(local.payload, &peer, length) == 0 && slot->local.length == length &&
              memcmp(slot->local.address, &peer, length) == 0 && remote.length == length &&
              memcmp(remote.payload, &expected, length) == 0 &&
              memcmp(slot->peer.address, &expected, length) == 0,
          sentence, "lengths %u and %u", local.length, remote.length);
    struct answer again = call_address(RF_OP_CONNECT, 1, family, port);
    check(again.error == EISCONN, "a second CONNECT of a connected socket is EISCONN", "%d", again.error);
    check_need(frontend_close(&f, 1, false).error == 0, "CLOSE");
    close(s);
    close(listener);
}

/* A port that nobody listens on: bound, and so not given to anybody else. */
static uint16_t closed_port(int *holder) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET, 0, &length);
    *holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_need(bind(*holder, (struct sockaddr *)&address, length) == 0 &&
                   getsockname(*holder, (struct sockaddr *)&address, &length) == 0,
               "a closed port");
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void refused(void) {
    int holder;
    uint16_t port = closed_port(&holder);
    frontend_socket(&f, 1, 0, AF_INET);
    struct answer answer = call_address(RF_OP_CONNECT, 1, AF_INET, port);
    struct rf_slot *slot = frontend_slot(&f, 1);
    bool failed = FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_FAILED);
    uint32_t error = atomic_load(&slot->error);
    check(answer.error == EINPROGRESS && failed && (error & 0xffff) == ECONNREFUSED && error >> 16 != 0 &&
              (frontend_marks(&f, 1) & RF_MARK_RESET) != 0,
          "a refused connection fails with ECONNREFUSED and the mark RESET", "answer %d, error %#x, marks %u",
          answer.error, error, frontend_marks(&f, 1));
    check_need(frontend_close(&f, 1, false).error == 0, "CLOSE");
    frontend_socket(&f, 1, 0, AF_INET);
    check(atomic_load(&slot->error) == (error & 0xffff0000) && frontend_marks(&f, 1) == 0,
          "a slot used again starts without error and marks", "error %#x", atomic_load(&slot->error));
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    failed = FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_FAILED);
    check(failed && atomic_load(&slot->error) >> 16 == (error >> 16) + 1, "each error has a sequence of its own",
          "error %#x after %#x", atomic_load(&slot->error), error);
    frontend_close(&f, 1, false);
    close(holder);
}

/* After an attempt that failed a CONNECT to no address makes the socket what it was before. */
static void dissolved(void) {
    int holder;
    uint16_t port = closed_port(&holder);
    const struct sockaddr_in none = {.sin_family = AF_UNSPEC};
    frontend_socket(&f, 1, 0, AF_INET);
    check(frontend_call(&f, RF_OP_CONNECT, 1, 0, 0, 0, &none, sizeof none).error == 0 && frontend_state(&f, 1) == RF_STATE_OPEN,
          "a fresh socket has nothing to dissolve", "it has");
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    check_need(FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_FAILED), "a refusal");
    int before = frontend_call(&f, RF_OP_LISTEN, 1, 1, 0, 0, NULL, 0).error;
    int error = frontend_call(&f, RF_OP_CONNECT, 1, 0, 0, 0, &none, sizeof none).error;
    check(error == 0 && frontend_state(&f, 1) == RF_STATE_OPEN && frontend_marks(&f, 1) == 0, "a failed attempt is dissolved",
          "%d, state %u, marks %u", error, frontend_state(&f, 1), frontend_marks(&f, 1));
    int after = frontend_call(&f, RF_OP_LISTEN, 1, 1, 0, 0, NULL, 0).error;
    check(before == EINVAL && after == 0 && frontend_state(&f, 1) == RF_STATE_LISTENING, "and only then can the socket listen", "%d, then %d",
          before, after);
    frontend_close(&f, 1, false);
    close(holder);
}

/* A listener whose backlog is full does not answer a SYN: a connection stays in progress. */
static void in_progress(void) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET, 0, &length);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_need(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 0) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &length) == 0,
               "a listener");
    uint16_t port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    int filler = plain_connect(AF_INET, port);
    frontend_socket(&f, 1, 0, AF_INET);
    struct answer first = call_address(RF_OP_CONNECT, 1, AF_INET, port);
    struct answer second = call_address(RF_OP_CONNECT, 1, AF_INET, port);
    check(first.error == EINPROGRESS && second.error == EALREADY && frontend_state(&f, 1) == RF_STATE_CONNECTING &&
              frontend_slot(&f, 1)->local.length == sizeof(struct sockaddr_in),
          "a second CONNECT of a socket in progress is EALREADY", "%d, then %d", first.error, second.error);
    struct answer name = frontend_call(&f, RF_OP_GETPEERNAME, 1, 0, 0, 0, NULL, 0);
    check(name.error == ENOTCONN, "GETPEERNAME of a socket in progress is ENOTCONN", "%d", name.error);
    check(frontend_close(&f, 1, false).error == 0, "a socket in progress can be closed", "it cannot");
    close(filler);
    close(listener);
}

static void binds(void) {
    frontend_socket(&f, 1, 0, AF_INET);
    struct answer bound = call_address(RF_OP_BIND, 1, AF_INET, 0);
    struct sockaddr_in in;
    memcpy(&in, bound.payload, sizeof in);
    check(bound.error == 0 && bound.length == sizeof in && in.sin_port != 0 &&
              memcmp(frontend_slot(&f, 1)->local.address, &in, sizeof in) == 0,
          "BIND to port 0 reports the port that was chosen", "error %d, length %u", bound.error, bound.length);
    check_need(frontend_call(&f, RF_OP_LISTEN, 1, 8, 0, 0, NULL, 0).error == 0, "LISTEN");
    frontend_socket(&f, 2, 0, AF_INET);
    struct answer taken = call_address(RF_OP_BIND, 2, AF_INET, ntohs(in.sin_port));
    check(taken.error == EADDRINUSE && taken.length == 0, "BIND to a port in use is EADDRINUSE", "%d", taken.error);
    struct answer twice = call_address(RF_OP_BIND, 1, AF_INET, 0);
    check(twice.error == EINVAL, "a second BIND is EINVAL", "%d", twice.error);
    frontend_close(&f, 1, false);
    taken = call_address(RF_OP_BIND, 2, AF_INET, ntohs(in.sin_port));
    check(taken.error == 0, "the port is free once CLOSE has been answered", "%d", taken.error);
    frontend_close(&f, 2, false);
}

static void options(void) {
    frontend_socket(&f, 1, 0, AF_INET);
    int reuse = get_option(1, SOL_SOCKET, SO_REUSEADDR);
    struct answer set = set_option(1, SOL_SOCKET, SO_REUSEADDR, 1);
    check(reuse == 0 && set.error == 0 && get_option(1, SOL_SOCKET, SO_REUSEADDR) == 1,
          "SO_REUSEADDR is off until it is set, and then on", "%d, then error %d", reuse, set.error);
    int before = get_option(1, IPPROTO_TCP, TCP_NODELAY);
    set_option(1, IPPROTO_TCP, TCP_NODELAY, 1);
    int on = get_option(1, IPPROTO_TCP, TCP_NODELAY);
    set_option(1, IPPROTO_TCP, TCP_NODELAY, 0);
    int off = get_option(1, IPPROTO_TCP, TCP_NODELAY);
    check(before == 0 && on == 1 && off == 0, "TCP_NODELAY reads as it was set, although the INS always has it",
          "%d %d %d", before, on, off);
    set = set_option(1, IPPROTO_TCP, 9999, 1);
    check(set.error == ENOPROTOOPT, "an unknown option is ENOPROTOOPT", "%d", set.error);
    check(get_option(1, IPPROTO_TCP, 9999) == -1 && errno == ENOPROTOOPT, "reading an unknown option, too", "%d",
          errno);
    struct answer info = frontend_call(&f, RF_OP_GETSOCKOPT, 1, IPPROTO_TCP, TCP_INFO, 4096, NULL, 0);
    check(info.error == 0 && info.length >= sizeof(struct tcp_info) / 2 && info.length <= RF_CELL_PAYLOAD,
          "TCP_INFO fits an answer", "error %d, %u bytes", info.error, info.length);
    struct answer negative = frontend_call(&f, RF_OP_GETSOCKOPT, 1, SOL_SOCKET, SO_ERROR, -1, NULL, 0);
    check(negative.error == EINVAL, "a negative buffer size is EINVAL", "%d", negative.error);
    struct answer oversized = frontend_call(&f, RF_OP_SETSOCKOPT, 1, SOL_SOCKET, SO_REUSEADDR, 0, "x",
                                            RF_COMMAND_PAYLOAD + 1);
    check(oversized.error == EMSGSIZE, "a payload beyond the entry is EMSGSIZE", "%d", oversized.error);
    frontend_close(&f, 1, false);
}

/* Else the kernel would tell the INS of no byte below the mark. */
static void low_mark(void) {
    uint16_t port;
    int listener = plain_listen(AF_INET, &port);
    char got[8] = "";
    frontend_socket(&f, 1, 0, AF_INET);
    check(get_option(1, SOL_SOCKET, SO_RCVLOWAT) == 1 && set_option(1, SOL_SOCKET, SO_RCVLOWAT, 1000).error == 0 &&
              get_option(1, SOL_SOCKET, SO_RCVLOWAT) == 1000 &&
              frontend_call(&f, RF_OP_SETSOCKOPT, 1, SOL_SOCKET, SO_RCVLOWAT, 0, "x", 1).error == EINVAL,
          "SO_RCVLOWAT reads as it was set", "%d", get_option(1, SOL_SOCKET, SO_RCVLOWAT));
    check_need(call_address(RF_OP_CONNECT, 1, AF_INET, port).error == EINPROGRESS || frontend_state(&f, 1) == RF_STATE_CONNECTED, "CONNECT");
    int s = accept(listener, NULL, NULL);
    check_need(FRONTEND_WAIT(&f, frontend_state(&f, 1) == RF_STATE_CONNECTED), "a connection");
    bool arrived = send(s, "few", 3, 0) == 3 && frontend_receive(&f, 1, got, 3) == 3;
    check(arrived, "and fewer bytes come all the same", "they do not");
    check(set_option(1, SOL_SOCKET, SO_RCVLOWAT, 2000000).error == 0 && send(s, "more", 4, 0) == 4 && frontend_receive(&f, 1, got, 4) == 4 &&
              get_option(1, SOL_SOCKET, SO_RCVLOWAT) == 2000000 && set_option(1, SOL_SOCKET, SO_RCVLOWAT, 0).error == 0 &&
              get_option(1, SOL_SOCKET, SO_RCVLOWAT) == 1,
          "also where it is set later", "they do not");
    close(s);
    close(listener);
    frontend_close(&f, 1, false);
    uint16_t here = frontend_listen(&f, 1, AF_INET, 8);
    set_option(1, SOL_SOCKET, SO_RCVLOWAT, 1000);
    frontend_grant(&f, 2, 0);
    uint32_t cell = frontend_post_accept(&f, 1, 2);
    s = plain_connect(AF_INET, here);
    check_need(frontend_answer(&f, cell).error == 0, "ACCEPT");
    check(get_option(2, SOL_SOCKET, SO_RCVLOWAT) == 1000 && send(s, "few", 3, 0) == 3 && frontend_receive(&f, 2, got, 3) == 3,
          "accepted sockets have it of their listener, and get fewer bytes, too", "they do not");
    close(s);
    frontend_close(&f, 2, false);
    frontend_close(&f, 1, false);
}

static void mistakes(void) {
    frontend_socket(&f, 1, 0, AF_INET);
    struct answer unknown = frontend_call(&f, 77, 1, 0, 0, 0, NULL, 0);
    check(unknown.error == ENOSYS, "an unknown operation is ENOSYS", "%d", unknown.error);
    struct answer busy = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_STREAM, 0, NULL, 0);
    check(busy.error == EBADF, "SOCKET for a slot in use is EBADF", "%d", busy.error);
    atomic_fetch_add(&frontend_slot(&f, 1)->generation, 2);
    struct answer old = frontend_call(&f, RF_OP_LISTEN, 1, 8, 0, 0, NULL, 0);
    check(old.error == EBADF, "a call with another generation is EBADF", "%d", old.error);
    atomic_fetch_sub(&frontend_slot(&f, 1)->generation, 2);
    check(frontend_call(&f, RF_OP_LISTEN, FRONTEND_SLOTS, 8, 0, 0, NULL, 0).error == EBADF,
          "a slot beyond the table is EBADF", "it is not");
    check(frontend_call(&f, RF_OP_LISTEN, UINT32_MAX, 8, 0, 0, NULL, 0).error == EBADF,
          "slot 4294967295 is EBADF", "it is not");
    check(frontend_call(&f, RF_OP_CLOSE, 2, 0, 0, 0, NULL, 0).error == EBADF, "CLOSE of a free slot is EBADF",
          "it is not");
    struct answer accepted = frontend_call(&f, RF_OP_ACCEPT, 1, 2, 1, 0, NULL, 0);
    check(accepted.error == EINVAL, "ACCEPT on a socket that does not listen is EINVAL", "%d", accepted.error);
    struct answer shut = frontend_call(&f, RF_OP_SHUTDOWN, 1, SHUT_WR, 0, 0, NULL, 0);
    check(shut.error == ENOTCONN, "SHUTDOWN of an unconnected socket is ENOTCONN", "%d", shut.error);
    check_need(frontend_close(&f, 1, false).error == 0, "CLOSE");
    check(frontend_call(&f, RF_OP_LISTEN, 1, 8, 0, 0, NULL, 0).error == EBADF, "a call after CLOSE is EBADF",
          "it is not");
    frontend_grant(&f, 1, 0);
    struct answer family = frontend_call(&f, RF_OP_SOCKET, 1, AF_UNIX, SOCK_STREAM, 0, NULL, 0);
    check(family.error == EAFNOSUPPORT, "a socket of another family is EAFNOSUPPORT", "%d", family.error);
    struct answer protocol = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_STREAM, IPPROTO_UDP, NULL, 0);
    check(protocol.error == EPROTONOSUPPORT, "a protocol that does not fit is EPROTONOSUPPORT", "%d", protocol.error);
    struct answer multipath = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */, NULL, 0);
    struct answer large = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET6, SOCK_STREAM, 256 + IPPROTO_TCP, NULL, 0);
    check(multipath.error == EPROTONOSUPPORT && large.error == EPROTONOSUPPORT &&
              frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_STREAM, IPPROTO_SCTP, NULL, 0).error == EPROTONOSUPPORT,
          "so is every protocol of a stream but TCP's", "%d, %d", multipath.error, large.error);
    struct answer raw = frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_RAW, IPPROTO_ICMP, NULL, 0);
    check(raw.error != 0, "a raw socket is refused", "it was made");
    check(frontend_state(&f, 1) == RF_STATE_FREE, "a slot whose SOCKET failed stays free", "state %u",
          frontend_state(&f, 1));
}

static void remembers(void) {
    frontend_socket(&f, 1, 0, AF_INET);
    uint32_t cell = frontend_post(&f, RF_OP_SHUTDOWN, 1, SHUT_WR, 0, 0, NULL, 0);
    uint64_t number = f.calls[cell];
    frontend_answer(&f, cell);
    const struct rf_slot *slot = frontend_slot(&f, 1);
    check(atomic_load(&slot->last_call) == number && slot->last_error == ENOTCONN,
          "the slot remembers its last call and how it ended", "call %llu, error %d",
          (unsigned long long)atomic_load(&slot->last_call), slot->last_error);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    connects(AF_INET, "a connection over IPv4 has the names of both ends");
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t length;
    struct sockaddr_storage loopback = plain_address(AF_INET6, 0, &length);
    if (six >= 0 && bind(six, (struct sockaddr *)&loopback, length) == 0)
        connects(AF_INET6, "a connection over IPv6 has the names of both ends");
    else
        check_skip("a connection over IPv6 has the names of both ends", "no IPv6 loopback");
    close(six);
    refused();
    dissolved();
    in_progress();
    binds();
    options();
    low_mark();
    mistakes();
    remembers();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
