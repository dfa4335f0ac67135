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

static void nobody_listens(int fd, struct endpoint *nobody) {
    int closed = listener(AF_INET);
    *nobody = local_of(closed);
    close(closed);
    need(connect(fd, (void *)&nobody->address, nobody->length) == -1 && errno == EINPROGRESS);
    need(comes_to(fd, POLLOUT, POLLOUT | POLLHUP));
}

static int error_of(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    need(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    return error;
}

/* A connection over which bytes and both ends go, from a socket that has failed before. */
static void connects(int fd, int open, const struct endpoint *somebody, const char *when) {
    char bytes[8];
    check(connect(fd, (void *)&somebody->address, somebody->length) == -1 && errno == EINPROGRESS, "%s a connect is in progress", when);
    check(comes_to(fd, POLLIN | POLLOUT, POLLOUT) && error_of(fd) == 0, "which succeeds, and nothing is to be read");
    int peer = accept(open, NULL, NULL);
    need(peer >= 0);
    check(recv(fd, bytes, 1, 0) == -1 && errno == EAGAIN, "a read finds nothing");
    check(send(fd, "to", 2, 0) == 2 && read_all(peer, bytes, 2) && send(peer, "from", 4, 0) == 4, "bytes go out");
    check(comes_to(fd, POLLIN | POLLOUT, POLLIN | POLLOUT) && read_all(fd, bytes, 4) && memcmp(bytes, "from", 4) == 0, "and come in");
    check(comes_to(fd, POLLIN | POLLOUT | POLLRDHUP, POLLOUT), "and that is all");
    close(peer);
    check(comes_to(fd, POLLIN | POLLRDHUP, POLLIN | POLLRDHUP) && recv(fd, bytes, 1, 0) == 0, "then the end");
}

/* Without waiting the refusal comes behind the call, and the next one tells that there was one. */
static void again_without_waiting(void) {
    int open = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct endpoint nobody, somebody = local_of(open);
    const short all = POLLIN | POLLOUT | POLLRDHUP;
    char byte;
    nobody_listens(fd, &nobody);
    check(polled(fd, all, 0) == (all | POLLERR | POLLHUP), "poll() tells a refusal by all that there is");
    check(error_of(fd) == ECONNREFUSED && polled(fd, all, 0) == (all | POLLHUP), "but the error, when that is known");
    check(recv(fd, &byte, 1, 0) == 0 && send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "nothing comes and goes");
    check(listen(fd, 1) == -1 && errno == EINVAL, "it does not listen");
    check(connect(fd, (void *)&somebody.address, somebody.length) == -1 && errno == ECONNABORTED, "the next connect says that it failed");
    check(recv(fd, &byte, 1, 0) == -1 && errno == ENOTCONN && polled(fd, all, 0) == (POLLOUT | POLLHUP), "and is as if it never was");
    connects(fd, open, &somebody, "after a refusal that was told");
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    nobody_listens(fd, &nobody);
    check(recv(fd, &byte, 1, 0) == -1 && errno == ECONNREFUSED && recv(fd, &byte, 1, 0) == 0, "recv() tells a refusal, once");
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    for (int i = 0; i < 3; i++) {
        nobody_listens(fd, &nobody);
        check(connect(fd, (void *)&nobody.address, nobody.length) == -1 && errno == ECONNREFUSED, "connect tells it itself, attempt %d", i);
    }
    connects(fd, open, &somebody, "after three refusals");
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    nobody_listens(fd, &nobody);
    need(fcntl(fd, F_SETFL, 0) == 0);
    check(connect(fd, (void *)&somebody.address, somebody.length) == -1 && errno == ECONNREFUSED, "a blocking call is told, too");
    check(connect(fd, (void *)&somebody.address, somebody.length) == 0 && comes_to(fd, all, POLLOUT), "and the next one waits until it connects");
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    nobody_listens(fd, &nobody);
    need(connect(fd, (void *)&nobody.address, nobody.length) == -1);
    check(listen(fd, 1) == 0 && (polled(fd, all, 0) & (POLLIN | POLLOUT)) == 0, "the socket may listen instead");
    close(fd), close(open);
}

/* Who watches the descriptor, by whichever number, sees the second attempt as the first. */
static void watched_again(uint32_t how) {
    int open = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), other = dup(fd), epoll = epoll_create1(0);
    struct endpoint nobody, somebody = local_of(open);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | how, .data.fd = fd};
    char byte;
    const char *kind = how != 0 ? "edge" : "level";
    nobody_listens(fd, &nobody);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    check(epoll_wait(epoll, &event, 1, 5000) == 1 && event.events == (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP),
          "epoll tells a refusal, %s-triggered: %x", kind, event.events);
    need(connect(other, (void *)&nobody.address, nobody.length) == -1 && errno == ECONNREFUSED);
    check(connect(other, (void *)&somebody.address, somebody.length) == -1 && errno == EINPROGRESS, "a second descriptor connects it anew");
    int peer = accept(open, NULL, NULL);
    need(peer >= 0);
    need(comes_to(other, POLLOUT, POLLOUT));
    check(epoll_wait(epoll, &event, 1, 5000) == 1 && event.events == EPOLLOUT, "epoll tells that it has connected: %x", event.events);
    need(send(peer, "x", 1, 0) == 1);
    await_readable(fd);
    check(epoll_wait(epoll, &event, 1, 5000) == 1 && event.events == (EPOLLIN | EPOLLOUT) && recv(fd, &byte, 1, 0) == 1, "and of bytes");
    pid_t child = fork();
    if (child == 0) _exit(send(other, "y", 1, 0) == 1 ? 0 : 1);
    check(exited_well(child) && recv(peer, &byte, 1, 0) == 1 && byte == 'y', "a child sends through it");
    close(fd), close(other), close(peer), close(open), close(epoll);
}

/* A connection that the program dissolves: its peer is told by a reset, and what was on the way is nobody's any more. */
static void disconnected(bool accepted) {
    static char much[1000];
    static const struct sockaddr none = {.sa_family = AF_UNSPEC};
    int ends[2], open = listener(AF_INET);
    const char *which = accepted ? "accepted" : "connected";
    struct endpoint somebody = local_of(open), name = {.length = sizeof name.address};
    char byte;
    connection(AF_INET, ends);
    int fd = ends[accepted], peer = ends[!accepted], other = dup(fd);
    set_nonblocking(fd);
    need(send(peer, much, 1000, 0) == 1000 && send(fd, "lost", 4, 0) == 4);
    await_readable(fd);
    check(connect(fd, &none, sizeof none) == 0, "a %s socket is disconnected", which);
    check(recv(peer, much, 4, MSG_WAITALL) == 4 && recv(peer, much, 1, 0) == -1 && errno == ECONNRESET, "of which its peer learns by a reset");
    check(error_of(fd) == ECONNRESET && error_of(fd) == 0, "and itself by its error");
    check(getpeername(fd, (void *)&name.address, &name.length) == -1 && errno == ENOTCONN, "it has no peer");
    check(recv(fd, &byte, 1, 0) == -1 && errno == ENOTCONN && send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "and nothing comes or goes");
    check(polled(fd, POLLIN | POLLOUT | POLLRDHUP, 0) == (POLLOUT | POLLHUP), "poll() tells a socket without a connection");
    connects(other, open, &somebody, "by another number");
    close(fd), close(other), close(peer);

    /* It may listen instead, which an accepted one does where its listener was. */
    connection(AF_INET, ends);
    fd = ends[accepted];
    struct endpoint any = loopback(AF_INET, 0);
    need(connect(fd, &none, sizeof none) == 0);
    check(bind(fd, (void *)&any.address, any.length) == 0 && listen(fd, 4) == 0, "once disconnected the %s socket is bound and listens", which);
    int client = connected_to(fd), server = accept(fd, NULL, NULL);
    check(server >= 0 && send(client, "x", 1, 0) == 1 && recv(server, &byte, 1, 0) == 1 && byte == 'x', "and accepts");
    close(client), close(server), close(fd), close(ends[!accepted]), close(open);
}

/* Listening ends so, too. */
static void listens_no_more(void) {
    static const struct sockaddr none = {.sa_family = AF_UNSPEC};
    int open = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint there = local_of(open);
    check(connect(open, &none, sizeof none) == 0, "a listener is disconnected");
    check(accept(open, NULL, NULL) == -1 && errno == EINVAL, "and accepts nobody");
    check(connect(fd, (void *)&there.address, there.length) == -1 && errno == ECONNREFUSED, "nobody listens any more");
    close(open), close(fd);
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

/* A child that sends until it is told that its peer is gone, and reads nothing. */
static pid_t sends_only(const int pair[2]) {
    static char bytes[65536];
    pid_t child = fork();
    if (child == 0) {
        close(pair[1]);
        signal(SIGPIPE, SIG_IGN);
        while (send(pair[0], bytes, sizeof bytes, 0) > 0) continue;
        _exit(errno == ECONNRESET || errno == EPIPE ? 0 : 1);
    }
    need(child > 0);
    return child;
}

/* A sender that never reads, whose peer does not read either and then closes with bytes unread. */
static void neither_reads(void) {
    static char bytes[65536];
    int pair[2];
    connection(AF_INET, pair);
    set_nonblocking(pair[1]);
    pid_t child = sends_only(pair);
    close(pair[0]);
    /* Until the peer's rings and buffers are full, too: its end is what the child has to read before the reset. */
    while (polled(pair[1], POLLOUT, 500) != 0 && send(pair[1], bytes, sizeof bytes, 0) > 0) continue;
    close(pair[1]);
    check(exited_well(child), "a sender that does not read learns of the reset");
}

/* The same, but what it sends comes behind the close: nothing was unread then, and the peer's own bytes are still waiting to be read. */
static void sent_behind_the_close(void) {
    static char bytes[65536];
    int pair[2];
    connection(AF_INET, pair);
    set_nonblocking(pair[1]);
    while (polled(pair[1], POLLOUT, 500) != 0 && (send(pair[1], bytes, sizeof bytes, 0) > 0 || errno == EAGAIN)) continue;
    close(pair[1]);
    pid_t child = sends_only((int[]){pair[0], -1});
    close(pair[0]);
    check(exited_well(child), "a sender to a peer that has closed, whose bytes nobody reads, learns of the reset");
}

int main(void) {
    again();
    again_without_waiting();
    watched_again(0);
    watched_again(EPOLLET);
    disconnected(false);
    disconnected(true);
    listens_no_more();
    any_address();
    unbound();
    unread();
    neither_reads();
    sent_behind_the_close();
    finished();
}
