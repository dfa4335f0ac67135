/* The ends of connections: half-close, end of file, broken pipe, reset. */
#include "check.h"

static volatile sig_atomic_t broken_pipes;
static void on_broken_pipe(int number) {
    (void)number;
    broken_pipes++;
}

static void half_close(void) {
    int ends[2];
    char bytes[16];
    connection(AF_INET, ends);
    need(write(ends[0], "request", 7) == 7);
    check(shutdown(ends[0], SHUT_WR) == 0, "one direction is shut down");
    check(read_all(ends[1], bytes, 7) && read(ends[1], bytes, 1) == 0, "the peer reads the bytes, then the end");
    check(comes_to(ends[1], POLLIN | POLLRDHUP, POLLIN | POLLRDHUP),
          "poll tells the peer of the end and of no more");
    need(write(ends[1], "answer", 6) == 6);
    check(read_all(ends[0], bytes, 6), "the other direction goes on");
    check(send(ends[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "sending after SHUT_WR fails with EPIPE");
    check(broken_pipes == 0, "MSG_NOSIGNAL spares the signal");
    check(write(ends[0], "x", 1) == -1 && errno == EPIPE && broken_pipes == 1, "write raises SIGPIPE");
    close(ends[1]);
    check(read(ends[0], bytes, 1) == 0, "when the peer closes there is an end here too");
    check(comes_to(ends[0], POLLIN, POLLIN | POLLHUP), "and poll says hung up");
    close(ends[0]);
}

static void shut_reading(void) {
    int ends[2];
    char byte;
    connection(AF_INET, ends);
    check(shutdown(ends[0], SHUT_RD) == 0 && read(ends[0], &byte, 1) == 0, "after SHUT_RD reading finds the end");
    check(write(ends[0], "x", 1) == 1 && read(ends[1], &byte, 1) == 1, "and writing goes on");
    close(ends[0]), close(ends[1]);
}

/* What a sender is told by its call, poll tells from then on. */
static void sender_learns_of_reset(void) {
    static char bytes[4096];
    bool all = true;
    for (int round = 0; round < 50 && all; round++) {
        int ends[2];
        connection(AF_INET, ends);
        need(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger)) == 0);
        close(ends[0]);
        while (send(ends[1], bytes, sizeof bytes, MSG_NOSIGNAL) > 0) continue;
        need(errno == ECONNRESET || errno == EPIPE);
        short told = polled(ends[1], POLLIN | POLLRDHUP, 0);
        all = (told & (POLLIN | POLLRDHUP | POLLHUP)) == (POLLIN | POLLRDHUP | POLLHUP);
        if (!all) printf("# round %d: poll tells %x\n", round, told);
        close(ends[1]);
    }
    check(all, "whose send has failed because of a reset finds the socket readable and hung up at once");
}

static void reset(void) {
    int ends[2], error = -1;
    char byte;
    socklen_t length = sizeof error;
    connection(AF_INET, ends);
    struct linger abort = {.l_onoff = 1, .l_linger = 0};
    need(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &abort, sizeof abort) == 0);
    close(ends[0]);
    check(comes_to(ends[1], POLLIN | POLLRDHUP, POLLIN | POLLRDHUP | POLLHUP), "a reset is readable and hung up");
    check(read(ends[1], &byte, 1) == -1 && errno == ECONNRESET, "reading tells the reset");
    check(read(ends[1], &byte, 1) == 0, "once");
    check(send(ends[1], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "sending finds the pipe broken");
    check(getsockopt(ends[1], SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "no error is left");
    close(ends[1]);
}

static void *accepting(void *fd) {
    return (void *)(intptr_t)(accept(*(int *)fd, NULL, NULL) < 0 ? errno : 0);
}

static void listener_shut(void) {
    int fd = listener(AF_INET);
    pthread_t thread;
    void *result;
    need(pthread_create(&thread, NULL, accepting, &fd) == 0);
    check(shutdown(fd, SHUT_RDWR) == 0, "a listener is shut down");
    pthread_join(thread, &result);
    check((intptr_t)result == EINVAL, "accept ends with EINVAL: %d", (int)(intptr_t)result);
    close(fd);
}

static void unread_bytes(void) {
    int ends[2];
    static char block[3000], heard[3000];
    connection(AF_INET, ends);
    memset(block, 'z', sizeof block);
    need(write(ends[0], block, sizeof block) == sizeof block);
    close(ends[0]);
    check(read_all(ends[1], heard, sizeof heard) && memcmp(block, heard, sizeof block) == 0 &&
              read(ends[1], heard, 1) == 0,
          "bytes written before close arrive");
    close(ends[1]);
}

/* More connections than a stack of the tests has room for at once: each has to be gone when it is closed. */
static void ended_both_ways(void) {
    int listening = listener(AF_INET), right = 0;
    for (int i = 0; i < 1500; i++) {
        char byte;
        int client = connected_to(listening), server = accept(listening, NULL, NULL);
        need(server >= 0);
        shutdown(client, SHUT_WR);
        if (i % 2 == 0) right += read(server, &byte, 1) == 0;
        shutdown(server, SHUT_WR);
        if (i % 3 == 0) close(server);
        right += read(client, &byte, 1) == 0 && (i % 2 == 0 || close(client) == 0);
        if (i % 3 != 0) close(server);
        if (i % 2 == 0) close(client);
    }
    check(right == 2250, "1500 connections that both sides have shut down end: %d", right);
    close(listening);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_broken_pipe};
    sigaction(SIGPIPE, &action, NULL);
    half_close();
    shut_reading();
    reset();
    sender_learns_of_reset();
    listener_shut();
    unread_bytes();
    ended_both_ways();
    finished();
}
