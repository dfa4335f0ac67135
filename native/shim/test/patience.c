/* Waits for urgent bytes while others lie there: signals that the wait lets in, its end, and what the kernel refuses. */
#include "check.h"

#include <sys/syscall.h>

static int ends[2], epoll;
static volatile sig_atomic_t signals;
static sigset_t open_mask;
static timer_t timer;

static void count(int number) {
    (void)number;
    signals++;
}

/* The ways to wait; -1 as limit is none. What they are told of is urgent, or nothing. */
enum way { POLL, PPOLL, PPOLL_BY_NUMBER, SELECT, PSELECT, PSELECT_BY_NUMBER, EPOLL, EPOLL_P, EPOLL_P2, EPOLL_BY_NUMBER, EPOLL_P_BY_NUMBER, WAYS };
static const char *const names[WAYS] = {"poll", "ppoll", "ppoll by number", "select", "pselect", "pselect6 by number", "epoll_wait",
                                        "epoll_pwait", "epoll_pwait2", "epoll_wait by number", "epoll_pwait by number"};

static int waits(enum way way, int milliseconds, const sigset_t *mask) {
    struct pollfd p = {.fd = ends[1], .events = POLLPRI};
    struct epoll_event e;
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000}, *or_none = milliseconds < 0 ? NULL : &limit;
    struct timeval rough = {milliseconds / 1000, milliseconds % 1000 * 1000};
    const struct {
        const sigset_t *mask;
        size_t bytes;
    } masked = {mask, 8};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    switch (way) {
    case POLL: return poll(&p, 1, milliseconds);
    case PPOLL: return ppoll(&p, 1, or_none, mask);
    case PPOLL_BY_NUMBER: return (int)syscall(SYS_ppoll, &p, 1, or_none, mask, 8);
    case SELECT: return select(ends[1] + 1, NULL, NULL, &set, milliseconds < 0 ? NULL : &rough);
    case PSELECT: return pselect(ends[1] + 1, NULL, NULL, &set, or_none, mask);
    case PSELECT_BY_NUMBER: return (int)syscall(SYS_pselect6, ends[1] + 1, NULL, NULL, &set, or_none, &masked);
    case EPOLL: return epoll_wait(epoll, &e, 1, milliseconds);
    case EPOLL_P: return epoll_pwait(epoll, &e, 1, milliseconds, mask);
    case EPOLL_P2: return epoll_pwait2(epoll, &e, 1, or_none, mask);
    case EPOLL_BY_NUMBER: return (int)syscall(SYS_epoll_wait, epoll, &e, 1, milliseconds);
    default: return (int)syscall(SYS_epoll_pwait, epoll, &e, 1, milliseconds, mask, 8);
    }
}

static void after(int milliseconds) {
    struct itimerspec in = {.it_value = {0, milliseconds * 1000000L}};
    need(timer_settime(timer, 0, &in, NULL) == 0);
}

/* Again and again: the first may come before the wait. */
static void each(int milliseconds) {
    struct itimerspec in = {.it_value = {0, milliseconds * 1000000L}};
    in.it_interval = in.it_value;
    need(timer_settime(timer, 0, &in, NULL) == 0);
}

/* SIGUSR1 is blocked but for the wait. */
static void lets_signals_in(void) {
    static const enum way masking[] = {PPOLL, PPOLL_BY_NUMBER, PSELECT, PSELECT_BY_NUMBER, EPOLL_P, EPOLL_P2, EPOLL_P_BY_NUMBER};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    need(sigprocmask(SIG_BLOCK, &blocked, &open_mask) == 0);
    for (size_t i = 0; i < sizeof masking / sizeof *masking; i++) {
        signals = 0;
        after(50);
        check(waits(masking[i], 1000, &open_mask) == -1 && errno == EINTR && signals == 1, "%s lets in a signal that its mask does not block",
              names[masking[i]]);
        signals = 0;
        after(20);
        check(waits(masking[i], 60, &blocked) == 0 && signals == 0, "and none that it does");
        need(waits(PPOLL, 0, &open_mask) <= 0);
        need(sigprocmask(SIG_SETMASK, &open_mask, NULL) == 0 && sigprocmask(SIG_BLOCK, &blocked, NULL) == 0 && signals == 1);
    }
    need(sigprocmask(SIG_SETMASK, &open_mask, NULL) == 0);
}

static void ends_by_signal(void) {
    for (enum way way = 0; way < WAYS; way++) {
        signals = 0;
        each(50);
        check(waits(way, -1, NULL) == -1 && errno == EINTR && signals >= 1, "%s without a limit ends by a signal", names[way]);
        each(0);
    }
}

static void ends_in_time(void) {
    for (enum way way = 0; way < WAYS; way++) {
        double took = 1;
        int told = 0;
        for (int i = 0; i < 4 && told == 0 && took >= 0.33; i++) { /* on a busy machine it may be late once */
            double began = seconds();
            told = waits(way, 300, NULL);
            took = seconds() - began;
        }
        check(told == 0 && took >= 0.299 && took < 0.33, "%s ends in time: %.3f", names[way], took);
    }
}

static void *send_later(void *argument) {
    (void)argument;
    usleep(30000);
    need(send(ends[0], "!", 1, MSG_OOB) == 1);
    return NULL;
}

static void is_told(void) {
    for (enum way way = 0; way < WAYS; way++) {
        pthread_t thread;
        char byte;
        need(pthread_create(&thread, NULL, send_later, NULL) == 0);
        check(waits(way, -1, NULL) == 1, "%s is told of an urgent byte behind others", names[way]);
        pthread_join(thread, NULL);
        need(polled(ends[1], POLLPRI, 10000) == POLLPRI && recv(ends[1], &byte, 1, MSG_OOB) == 1);
    }
}

static void refuses(void) {
    struct pollfd p = {.fd = ends[1], .events = POLLPRI};
    struct epoll_event e;
    fd_set set;
    static const struct timespec wrong[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
    struct timespec far = {INT64_MAX, 0}, *nowhere = (void *)8;
    for (int i = 0; i < 3; i++) {
        struct timespec limit = wrong[i];
        FD_ZERO(&set);
        FD_SET(ends[1], &set);
        check(ppoll(&p, 1, &limit, NULL) == -1 && errno == EINVAL && syscall(SYS_ppoll, &p, 1, &limit, NULL, 8) == -1 && errno == EINVAL &&
                  pselect(ends[1] + 1, NULL, NULL, &set, &limit, NULL) == -1 && errno == EINVAL &&
                  syscall(SYS_pselect6, ends[1] + 1, NULL, NULL, &set, &limit, NULL) == -1 && errno == EINVAL &&
                  epoll_pwait2(epoll, &e, 1, &limit, NULL) == -1 && errno == EINVAL,
              "a limit that is no time is invalid: %ld.%ld", (long)limit.tv_sec, limit.tv_nsec);
    }
    check(syscall(SYS_ppoll, &p, 1, nowhere, NULL, 8) == -1 && errno == EFAULT &&
              syscall(SYS_pselect6, ends[1] + 1, NULL, NULL, &set, nowhere, NULL) == -1 && errno == EFAULT &&
              epoll_pwait2(epoll, &e, 1, nowhere, NULL) == -1 && errno == EFAULT,
          "one that lies nowhere is a fault");
    signals = 0;
    after(50);
    check(ppoll(&p, 1, &far, NULL) == -1 && errno == EINTR, "the longest limit of all is for ever");
    after(50);
    check(pselect(ends[1] + 1, NULL, NULL, &set, &far, NULL) == -1 && errno == EINTR, "also for pselect");
    after(50);
    check(epoll_pwait2(epoll, &e, 1, &far, NULL) == -1 && errno == EINTR, "and epoll_pwait2");
    struct timeval rough = {INT64_MAX, 999999};
    after(50);
    check(select(ends[1] + 1, NULL, NULL, &set, &rough) == -1 && errno == EINTR, "and select");
}

/* What a wait by number leaves of its limit. */
static void tells_what_is_left(void) {
    struct pollfd p = {.fd = ends[1], .events = POLLPRI};
    struct timespec limit = {.tv_nsec = 50000000};
    check(syscall(SYS_ppoll, &p, 1, &limit, NULL, 8) == 0 && limit.tv_sec == 0 && limit.tv_nsec == 0, "ppoll by number leaves nothing of its time");
    limit = (struct timespec){10, 0};
    need(send(ends[0], "!", 1, MSG_OOB) == 1);
    check(syscall(SYS_ppoll, &p, 1, &limit, NULL, 8) == 1 && limit.tv_sec == 9, "or what it has not waited");
}

int main(void) {
    struct sigaction action = {.sa_handler = count};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    need(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    connection(AF_INET, ends);
    need(write(ends[0], "x", 1) == 1);
    await_readable(ends[1]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLPRI};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    lets_signals_in();
    ends_by_signal();
    ends_in_time();
    refuses();
    tells_what_is_left();
    char byte;
    need(recv(ends[1], &byte, 1, MSG_OOB) == 1);
    is_told();
    finished();
}
