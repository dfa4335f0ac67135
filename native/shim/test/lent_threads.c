/* Accepted connections of a program with several threads: what one does, the others do not suffer from. */
#include "check.h"

static int listening;

static void next_connection(int ends[2], int flags) { connection_through(listening, ends, flags); }

struct reader {
    int fd;
    ssize_t got;
    char bytes[16];
};

static void *reads(void *given) {
    struct reader *r = given;
    r->got = recv(r->fd, r->bytes, sizeof r->bytes, 0);
    return NULL;
}

/* Waits until a thread other than this one has slept in the kernel for a while. */
static void let_it_wait(void) { usleep(20000); }

static void closed_while_another_reads(void) {
    bool own = true, never = true;
    for (int i = 0; i < 10; i++) {
        int ends[2], next[2];
        char got[4] = "";
        pthread_t thread;
        next_connection(ends, 0);
        struct reader reader = {.fd = ends[1]};
        need(pthread_create(&thread, NULL, reads, &reader) == 0);
        let_it_wait();
        close(ends[1]);
        next_connection(next, 0);
        need(write(next[0], "two", 3) == 3);
        own = own && polled(next[1], POLLIN, 2000) == 1 && read_all(next[1], got, 3) && strcmp(got, "two") == 0;
        close_accepted(next);
        close(ends[0]);
        pthread_join(thread, NULL);
        never = never && reader.got <= 0;
    }
    check(own, "a connection has all its bytes, though a thread still reads from the one whose descriptor was closed before");
    check(never, "and that thread has none of them");
}

struct waiter {
    int epoll, bell;
    double woken;
};

static void *waits(void *given) {
    struct waiter *w = given;
    struct epoll_event event;
    need(epoll_wait(w->epoll, &event, 1, 5000) == 1);
    w->woken = seconds();
    return NULL;
}

/* A connection whose bytes are there is put into the instance in which another thread waits. `before`: so was one before it. */
static void added_while_another_waits(bool before) {
    enum { ROUNDS = 10 };
    int quick = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct epoll_event event = {EPOLLIN, {.u64 = 1}};
        struct waiter waiter = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
        int first[2], ends[2];
        char got[3];
        pthread_t thread;
        need(waiter.epoll >= 0);
        next_connection(first, SOCK_NONBLOCK);
        if (before) need(epoll_ctl(waiter.epoll, EPOLL_CTL_ADD, first[1], &event) == 0);
        need(pthread_create(&thread, NULL, waits, &waiter) == 0);
        let_it_wait();
        need((ends[0] = connected_to(listening)) >= 0 && write(ends[0], "abc", 3) == 3);
        need((ends[1] = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
        double added = seconds();
        need(epoll_ctl(waiter.epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
        pthread_join(thread, NULL);
        quick += waiter.woken - added < 0.04;
        need(read_all(ends[1], got, sizeof got));
        close_accepted(ends);
        close_accepted(first);
        close(waiter.epoll);
    }
    check(quick >= ROUNDS / 2, "a thread that waits in an instance %s hears of the bytes of a connection added to it: %d of %d within 40 ms",
          before ? "with others" : "without any", quick, ROUNDS);
}

/* The same, for bytes that come when the connection has been added. */
static void bytes_while_another_waits(void) {
    enum { ROUNDS = 10 };
    int quick = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct epoll_event event = {EPOLLIN, {.u64 = 1}};
        struct waiter waiter = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
        int ends[2];
        char got[3];
        pthread_t thread;
        next_connection(ends, SOCK_NONBLOCK);
        need(pthread_create(&thread, NULL, waits, &waiter) == 0);
        let_it_wait();
        need(epoll_ctl(waiter.epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
        let_it_wait();
        double sent = seconds();
        need(write(ends[0], "abc", 3) == 3);
        pthread_join(thread, NULL);
        quick += waiter.woken - sent < 0.04;
        need(read_all(ends[1], got, sizeof got));
        close_accepted(ends);
        close(waiter.epoll);
    }
    check(quick >= ROUNDS / 2, "and of bytes that come later: %d of %d within 40 ms", quick, ROUNDS);
}

static _Atomic bool enough;

static void *forks(void *given) {
    int *children = given;
    while (!enough) {
        pid_t child = fork();
        if (child == 0) {
            usleep(2000);
            _exit(0);
        }
        need(child > 0 && waitpid(child, NULL, 0) == child);
        ++*children;
    }
    return NULL;
}

static void accepted_while_another_forks(void) {
    enum { CONNECTIONS = 1000 };
    int right = 0, children = 0;
    pthread_t thread;
    need(pthread_create(&thread, NULL, forks, &children) == 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        int ends[2];
        char got[16] = "", sent[16];
        next_connection(ends, i % 2 == 0 ? SOCK_NONBLOCK : 0);
        int length = snprintf(sent, sizeof sent, "number %d", i);
        need(write(ends[1], sent, (size_t)length) == length);
        close(ends[1]);
        right += read_all(ends[0], got, (size_t)length) && strcmp(got, sent) == 0 && read(ends[0], got, 1) == 0;
        close(ends[0]);
    }
    enough = true;
    pthread_join(thread, NULL);
    check(right == CONNECTIONS && children > 0, "%d connections are accepted and closed while another thread forks: %d", CONNECTIONS, right);
}

int main(void) {
    listening = listener(AF_INET);
    for (int i = 0; i < 5; i++) {
        int ends[2];
        next_connection(ends, 0);
        close_accepted(ends);
    }
    closed_while_another_reads();
    added_while_another_waits(true);
    added_while_another_waits(false);
    bytes_while_another_waits();
    accepted_while_another_forks();
    close(listening);
    finished();
}
