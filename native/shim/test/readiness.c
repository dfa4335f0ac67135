/* select, poll and epoll, level and edge triggered, say the truth about a socket. */
#include "check.h"

static bool selected(int fd, bool writing) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval now = {0};
    return select(fd + 1, writing ? NULL : &set, writing ? &set : NULL, NULL, &now) == 1;
}

static void level_triggered(void) {
    int ends[2];
    char bytes[8];
    connection(AF_INET, ends);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    check(polled(ends[1], POLLIN, 0) == 0 && !selected(ends[1], false) && epoll_wait(epoll, &e, 1, 0) == 0,
          "a socket without bytes is not readable");
    check(polled(ends[1], POLLOUT, 0) == POLLOUT && selected(ends[1], true), "and is writable");
    need(write(ends[0], "abcdef", 6) == 6);
    check(polled(ends[1], POLLIN, 10000) == POLLIN, "poll says when bytes come");
    check(selected(ends[1], false) && epoll_wait(epoll, &e, 1, 1000) == 1 && e.events == EPOLLIN,
          "select and epoll say so too");
    need(read(ends[1], bytes, 3) == 3);
    check(polled(ends[1], POLLIN, 0) == POLLIN && epoll_wait(epoll, &e, 1, 0) == 1,
          "a socket of which part has been read stays readable");
    need(read(ends[1], bytes, 8) == 3);
    check(polled(ends[1], POLLIN, 0) == 0 && epoll_wait(epoll, &e, 1, 0) == 0 && !selected(ends[1], false),
          "and when all has been read it is not");
    set_nonblocking(ends[1]);
    check(read(ends[1], bytes, 1) == -1 && errno == EAGAIN, "a non-blocking read then fails with EAGAIN");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void edge_triggered(void) {
    int ends[2], missed = 0;
    char buffer[64];
    connection(AF_INET, ends);
    set_nonblocking(ends[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    for (int i = 0; i < 3000 && missed == 0; i++) {
        need(write(ends[0], "abc", 3) == 3);
        size_t got = 0;
        while (got < 3) {
            if (epoll_wait(epoll, &e, 1, 5000) != 1) {
                missed++;
                break;
            }
            ssize_t n;
            while ((n = read(ends[1], buffer, 2)) > 0) got += (size_t)n;
        }
    }
    check(missed == 0, "edge-triggered epoll wakes the reader for each of 3000 messages");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void *send_pieces(void *argument) {
    static char block[2000];
    int fd = *(int *)argument;
    unsigned chance = 1;
    for (int i = 0; i < 30000; i++) {
        chance = chance * 1103515245 + 12345;
        need(write(fd, block, 1 + (chance >> 16) % (sizeof block - 1)) > 0);
    }
    need(shutdown(fd, SHUT_WR) == 0);
    return NULL;
}

/* A program that reads after poll() counts on it. */
static void readable_means_readable(void) {
    static char block[4096];
    int ends[2], for_nothing = 0;
    pthread_t sender;
    connection(AF_INET, ends);
    set_nonblocking(ends[1]);
    need(pthread_create(&sender, NULL, send_pieces, &ends[0]) == 0);
    for (;;) {
        need(polled(ends[1], POLLIN, 10000) != 0);
        ssize_t n = read(ends[1], block, sizeof block);
        if (n == 0) break;
        if (n < 0) for_nothing++;
        while (n > 0) n = read(ends[1], block, sizeof block);
        if (n == 0) break;
    }
    check(for_nothing == 0, "what poll calls readable can be read: %d times it could not", for_nothing);
    pthread_join(sender, NULL);
    close(ends[0]), close(ends[1]);
}

/* Fills the connection until the sender has no room. */
static size_t fill(int fd) {
    static char block[65536];
    size_t sent = 0;
    for (;;) {
        ssize_t n = write(fd, block, sizeof block);
        if (n > 0) sent += (size_t)n;
        else if (errno == EAGAIN && polled(fd, POLLOUT, 100) == 0) return sent;
        else need(errno == EAGAIN);
    }
}

static void writable(bool edge) {
    static char block[65536];
    int ends[2];
    connection(AF_INET, ends);
    set_nonblocking(ends[0]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLOUT | (edge ? (unsigned)EPOLLET : 0)};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &e) == 0);
    size_t sent = fill(ends[0]), got = 0;
    while (epoll_wait(epoll, &e, 1, 0) > 0) continue;
    check(polled(ends[0], POLLOUT, 0) == 0 && !selected(ends[0], true), "a full connection is not writable");
    while (got < sent) {
        ssize_t n = read(ends[1], block, sizeof block);
        need(n > 0);
        got += (size_t)n;
    }
    check(epoll_wait(epoll, &e, 1, 10000) == 1 && (e.events & EPOLLOUT) != 0,
          "epoll, %s triggered, tells when there is room again", edge ? "edge" : "level");
    check(write(ends[0], "x", 1) == 1 && read(ends[1], block, 1) == 1, "and bytes go through again");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void listening(void) {
    int fd = listener(AF_INET);
    set_nonblocking(fd);
    check(polled(fd, POLLIN | POLLOUT, 0) == 0, "a listening socket is neither readable nor writable");
    check(accept(fd, NULL, NULL) == -1 && errno == EAGAIN, "a non-blocking accept fails with EAGAIN");
    int client = connected_to(fd);
    check(polled(fd, POLLIN | POLLOUT, 10000) == POLLIN, "a connection makes it readable");
    int server = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    check(server >= 0 && (fcntl(server, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(server, F_GETFD) & FD_CLOEXEC) != 0,
          "accept4 sets its flags");
    check(polled(fd, POLLIN, 0) == 0, "and when it has been accepted the listener is quiet");
    close(client), close(server), close(fd);
}

int main(void) {
    level_triggered();
    edge_triggered();
    readable_means_readable();
    writable(false);
    writable(true);
    listening();
    finished();
}
