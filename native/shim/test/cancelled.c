/* Epoll instances whose threads are cancelled while they wait, before or after the instance is closed. */
#include "check.h"

struct sleeper {
    pthread_t thread;
    int epoll;
    _Atomic pid_t number;
};

static void *sleeps(void *argument) {
    struct sleeper *s = argument;
    struct epoll_event e;
    s->number = gettid();
    epoll_wait(s->epoll, &e, 1, 10000);
    return NULL;
}

static void begin(struct sleeper *s, int epoll) {
    *s = (struct sleeper){.epoll = epoll};
    need(pthread_create(&s->thread, NULL, sleeps, s) == 0);
    await_sleep(&s->number);
}

static int instance(int fd) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN};
    need(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    return epoll;
}

/* More than any table of instances has places. */
static void cancelled(void) {
    enum { ROUNDS = 40 };
    int ends[2];
    struct sleeper s;
    connection(AF_INET, ends);
    for (int round = 0; round < ROUNDS; round++) {
        bool first = round % 2 == 0;
        int epoll = instance(ends[1]);
        begin(&s, epoll);
        if (first) close(epoll);
        need(pthread_cancel(s.thread) == 0 && pthread_join(s.thread, NULL) == 0);
        if (!first) close(epoll);
    }
    int epoll = instance(ends[1]);
    struct epoll_event e;
    need(write(ends[0], "x", 1) == 1);
    check(epoll_wait(epoll, &e, 1, 5000) == 1, "after %d instances whose threads were cancelled the next one works", ROUNDS);
    close(epoll), close(ends[0]), close(ends[1]);
}

int main(void) {
    cancelled();
    finished();
}
