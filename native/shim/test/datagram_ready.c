/* Readiness, waiting and the end of datagram sockets. */
#include "check.h"

static char block[65507];

static void level_triggered(void) {
    int ends[2];
    char bytes[8];
    datagram_pair(AF_INET, ends);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    check(polled(ends[1], POLLIN | POLLOUT, 0) == POLLOUT && epoll_wait(epoll, &e, 1, 0) == 0, "a fresh socket is writable only");
    need(send(ends[0], "one", 3, 0) == 3);
    await_readable(ends[1]);
    need(send(ends[0], "two", 3, 0) == 3);
    check(polled(ends[1], POLLIN, 10000) == POLLIN && epoll_wait(epoll, &e, 1, 1000) == 1 && e.events == EPOLLIN,
          "a datagram makes it readable");
    need(recv(ends[1], bytes, 8, 0) == 3);
    check(polled(ends[1], POLLIN, 10000) == POLLIN && epoll_wait(epoll, &e, 1, 0) == 1, "and it stays so until the last is read");
    need(recv(ends[1], bytes, 8, 0) == 3);
    check(polled(ends[1], POLLIN, 0) == 0 && epoll_wait(epoll, &e, 1, 0) == 0, "then it is not");
    need(send(ends[0], "", 0, 0) == 0);
    check(polled(ends[1], POLLIN, 10000) == POLLIN && recv(ends[1], bytes, 8, 0) == 0 && polled(ends[1], POLLIN, 0) == 0,
          "an empty datagram makes it readable once");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void edge_triggered(void) {
    int ends[2], missed = 0;
    char bytes[8];
    datagram_pair(AF_INET, ends);
    set_nonblocking(ends[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    for (int i = 0; i < 2000 && missed == 0; i++) {
        int got = 0;
        need(send(ends[0], "a", 1, 0) == 1 && send(ends[0], "b", 1, 0) == 1);
        while (got < 2 && missed == 0) {
            if (epoll_wait(epoll, &e, 1, 5000) != 1) missed++;
            while (recv(ends[1], bytes, 8, 0) == 1) got++;
            need(errno == EAGAIN);
        }
    }
    check(missed == 0, "edge-triggered epoll wakes the reader for all of 4000 datagrams");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void *send_later(void *argument) {
    struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL); /* only so that the reader waits, as a rule */
    need(send(*(int *)argument, "late", 4, 0) == 4);
    return NULL;
}

static void waiting(void) {
    int ends[2];
    char bytes[8];
    pthread_t sender;
    datagram_pair(AF_INET, ends);
    need(pthread_create(&sender, NULL, send_later, &ends[0]) == 0);
    check(recv(ends[1], bytes, 8, 0) == 4, "recv waits for a datagram");
    pthread_join(sender, NULL);
    struct timeval given = {.tv_usec = 100000};
    need(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &given, sizeof given) == 0);
    double start = seconds();
    ssize_t n = recv(ends[1], bytes, 8, 0);
    double took = seconds() - start;
    check(n == -1 && errno == EAGAIN && took > 0.09 && took < 5, "SO_RCVTIMEO ends it after %.3f s", took);
    check(recv(ends[1], bytes, 8, MSG_DONTWAIT) == -1 && errno == EAGAIN, "MSG_DONTWAIT does not wait");
    set_nonblocking(ends[1]);
    check(recvfrom(ends[1], bytes, 8, 0, NULL, NULL) == -1 && errno == EAGAIN, "nor does a non-blocking socket");
    close(ends[0]), close(ends[1]);
}

/* More than any buffer holds. Datagrams may be lost, but no call may fail for good or hang. */
static void flood(void) {
    int ends[2], sent = 0, refused = 0, unready = 0;
    datagram_pair(AF_INET, ends);
    set_nonblocking(ends[0]);
    for (int i = 0; i < 3000; i++) {
        size_t length = (size_t)(i * 7919) % sizeof block;
        if (send(ends[0], block, length, 0) == (ssize_t)length) {
            sent++;
            continue;
        }
        need(errno == EAGAIN);
        refused++;
        if (polled(ends[0], POLLOUT, 10000) != POLLOUT) unready++;
    }
    check(sent > 100 && unready == 0, "a flood without waiting: %d sent, after %d refusals poll told room", sent, refused);
    need(fcntl(ends[0], F_SETFL, 0) == 0);
    sent = 0;
    for (int i = 0; i < 500; i++) sent += send(ends[0], block, sizeof block, 0) == sizeof block;
    check(sent == 500, "a blocking flood is sent whole: %d", sent);
    struct timeval given = {.tv_usec = 300000};
    need(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &given, sizeof given) == 0);
    int got = 0;
    while (recv(ends[1], block, sizeof block, 0) >= 0) got++;
    need(errno == EAGAIN);
    need(send(ends[0], "end", 3, 0) == 3);
    check(got > 0 && recv(ends[1], block, sizeof block, 0) == 3, "and after %d datagrams the socket is as good as new", got);
    close(ends[0]), close(ends[1]);
}

static void *receive_one(void *argument) {
    char bytes[8];
    return (void *)(intptr_t)recv(*(int *)argument, bytes, 8, 0);
}

static void many_waiters(void) {
    enum { COUNT = 8 };
    int ends[2], right = 0;
    pthread_t readers[COUNT];
    datagram_pair(AF_INET, ends);
    for (int i = 0; i < COUNT; i++) need(pthread_create(&readers[i], NULL, receive_one, &ends[1]) == 0);
    for (int i = 0; i < COUNT; i++) need(send(ends[0], "x", 1, 0) == 1);
    for (int i = 0; i < COUNT; i++) {
        void *result;
        need(pthread_join(readers[i], &result) == 0);
        right += (intptr_t)result == 1;
    }
    check(right == COUNT, "%d threads that wait on a socket get a datagram each: %d", COUNT, right);
    close(ends[0]), close(ends[1]);
}

static void shared(void) {
    int ends[2];
    char bytes[8];
    datagram_pair(AF_INET, ends);
    pid_t child = fork();
    if (child == 0) {
        need(recv(ends[1], bytes, 8, 0) == 4 && send(ends[0], "reply", 5, 0) == 5);
        _exit(0);
    }
    need(send(ends[0], "ping", 4, 0) == 4);
    need(exited_well(child));
    check(recv(ends[1], bytes, 8, 0) == 5, "a child shares its parent's sockets");
    close(ends[0]), close(ends[1]);
}

static void shut(void) {
    int ends[2], alone = datagram(AF_INET);
    char bytes[8];
    void *result;
    pthread_t reader;
    datagram_pair(AF_INET, ends);
    check(shutdown(ends[0], SHUT_WR) == 0 && send(ends[0], "x", 1, 0) == -1 && errno == EPIPE,
          "after shutdown(SHUT_WR) send is EPIPE, without a signal");
    need(pthread_create(&reader, NULL, receive_one, &alone) == 0);
    struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL); /* only so that the reader waits, as a rule */
    check(shutdown(alone, SHUT_RD) == -1 && errno == ENOTCONN, "shutdown of a socket without a peer is ENOTCONN");
    need(pthread_join(reader, &result) == 0);
    check((intptr_t)result == 0 && recv(alone, bytes, 8, 0) == 0, "and ends a recv that waits all the same");
    close(ends[0]), close(ends[1]), close(alone);
}

int main(void) {
    level_triggered();
    edge_triggered();
    waiting();
    flood();
    many_waiters();
    shared();
    shut();
    finished();
}
