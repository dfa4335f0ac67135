/* sleeper.h - threads that wait in epoll instances, for tests of what becomes of those. */
#ifndef RINGFENCE_SHIM_TEST_SLEEPER_H
#define RINGFENCE_SHIM_TEST_SLEEPER_H

#include "check.h"

struct sleeper {
    pthread_t thread;
    int epoll, told;
    _Atomic pid_t number;
    double woken;
};

static void *sleeps(void *argument) {
    struct sleeper *s = argument;
    struct epoll_event e;
    s->number = gettid();
    s->told = epoll_wait(s->epoll, &e, 1, 10000);
    s->woken = seconds();
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

#endif
