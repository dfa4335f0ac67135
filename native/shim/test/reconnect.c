/* A socket whose connect() failed is used again; names that come about without bind(); a close that leaves bytes unread. */
#include "check.h"

static void again(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), closed = listener(AF_INET), open = listener(AF_INET);
    struct endpoint nobody = local_of(closed), somebody = local_of(open);
    close(closed);
    for (int i = 0; i < 3; i++)
        check(connect(fd, (void *)&nobody.address, nobody.length) == -1 && errno == ECONNREFUSED, "nobody listens, attempt %d", i);
    check(connect(fd, (void *)&somebody.address, somebody.length) == 0, "the same socket connects to somebody else");
    int other = accept(open, NULL, NULL);
    char bytes[8];
    check(send(fd, "hello", 5, 0) == 5 && read_all(other, bytes, 5), "and sends");
    check(send(other, "hello", 5, 0) == 5 && read_all(fd, bytes, 5), "and receives");
    close(other);
    await_readable(fd);
    check(recv(fd, bytes, 1, 0) == 0, "and sees the end");
}

static void any_address(void) {
    int open = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name;
    struct endpoint at = local_of(open);
    socklen_t length = sizeof name;
    memcpy(&name, &at.address, sizeof name);
    name.sin_addr.s_addr = htonl(INADDR_ANY);
    check(connect(fd, (void *)&name, sizeof name) == 0 && getpeername(fd, (void *)&name, &length) == 0 &&
              name.sin_addr.s_addr == htonl(INADDR_LOOPBACK),
          "the unspecified address is the loopback's");
}

static void unbound(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    check(listen(fd, 1) == 0 && getsockname(fd, (void *)&name, &length) == 0 && name.sin_port != 0,
          "listen() gives an unbound socket a port");
}

static void unread(void) {
    int pair[2];
    char bytes[16];
    connection(AF_INET, pair);
    need(send(pair[0], "not read", 8, 0) == 8);
    await_readable(pair[1]);
    need(send(pair[1], "read", 4, 0) == 4);
    close(pair[1]);
    check(read_all(pair[0], bytes, 4) && memcmp(bytes, "read", 4) == 0, "what was sent before the close arrives");
    check(comes_to(pair[0], POLLIN | POLLHUP, POLLIN | POLLHUP), "a close with bytes unread is a reset");
    check(recv(pair[0], bytes, 1, 0) == -1 && errno == ECONNRESET, "and recv() says so");
    check(recv(pair[0], bytes, 1, 0) == 0, "once");
    connection(AF_INET, pair);
    close(pair[1]);
    await_readable(pair[0]);
    check(send(pair[0], "x", 1, 0) == 1 && comes_to(pair[0], POLLHUP, POLLHUP), "a send after the peer's close breaks the connection");
    check(recv(pair[0], bytes, 1, 0) == 0 && recv(pair[0], bytes, 1, 0) == 0, "of which a reader sees the end");
    check(send(pair[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "and a writer that it is broken");
}

/* A sender that never reads, whose peer does not read either and then closes with bytes unread. */
static void neither_reads(void) {
    static char bytes[65536];
    int pair[2];
    connection(AF_INET, pair);
    set_nonblocking(pair[1]);
    pid_t child = fork();
    if (child == 0) {
        close(pair[1]);
        signal(SIGPIPE, SIG_IGN);
        while (send(pair[0], bytes, sizeof bytes, 0) > 0) continue;
        _exit(errno == ECONNRESET || errno == EPIPE ? 0 : 1);
    }
    need(child > 0);
    close(pair[0]);
    /* Until the peer's rings and buffers are full, too: its end is what the child has to read before the reset. */
    while (polled(pair[1], POLLOUT, 500) != 0 && send(pair[1], bytes, sizeof bytes, 0) > 0) continue;
    close(pair[1]);
    check(exited_well(child), "a sender that does not read learns of the reset");
}

int main(void) {
    again();
    any_address();
    unbound();
    unread();
    neither_reads();
    finished();
}
