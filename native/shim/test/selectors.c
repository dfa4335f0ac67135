/* The less common ways to wait: one-shot, exclusive and nested epoll, signal masks, and sockets among files, pipes, timers
 * and ordinary sockets. */
#include "check.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

static bool add(int epoll, int fd, uint32_t events) {
    struct epoll_event e = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* The descriptor of the one event, or -1. */
static int waited(int epoll, int milliseconds) {
    struct epoll_event e[8];
    int count = epoll_wait(epoll, e, 8, milliseconds);
    return count == 1 ? e[0].data.fd : -1;
}

static void one_shot(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char bytes[8];
    connection(AF_INET, ends);
    need(add(epoll, ends[1], EPOLLIN | EPOLLONESHOT));
    need(write(ends[0], "ab", 2) == 2);
    check(waited(epoll, 10000) == ends[1], "one-shot epoll tells of bytes");
    need(write(ends[0], "cd", 2) == 2);
    await_readable(ends[1]);
    check(waited(epoll, 0) == -1, "once");
    struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = ends[1]};
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &e) == 0);
    check(waited(epoll, 10000) == ends[1], "armed again it tells of those that are there");
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &e) == 0);
    need(read_all(ends[1], bytes, 4));
    check(waited(epoll, 0) == -1, "and of none when they have been read");
    need(write(ends[0], "e", 1) == 1);
    check(waited(epoll, 10000) == ends[1], "of the next it tells without being asked anew");
    close(ends[0]), close(ends[1]), close(epoll);
}

static void nested(void) {
    int ends[2], inner = epoll_create1(EPOLL_CLOEXEC), outer = epoll_create1(EPOLL_CLOEXEC);
    char byte;
    connection(AF_INET, ends);
    need(add(inner, ends[1], EPOLLIN) && add(outer, inner, EPOLLIN));
    check(waited(outer, 0) == -1 && polled(inner, POLLIN, 0) == 0, "an epoll in an epoll has nothing to tell");
    need(write(ends[0], "a", 1) == 1);
    check(waited(outer, 10000) == inner && polled(inner, POLLIN, 0) == POLLIN, "until bytes come");
    check(waited(inner, 0) == ends[1], "the inner one says to which socket");
    need(read(ends[1], &byte, 1) == 1);
    check(waited(outer, 0) == -1 && polled(inner, POLLIN, 0) == 0, "when they have been read there is nothing again");
    close(ends[0]), close(ends[1]), close(inner), close(outer);
}

/* ---- exclusive: a listener in the epolls of several threads ---- */

#define ACCEPTORS 4
#define CLIENTS 200
static int shared_listener;
static _Atomic int accepted, woken;

static void *accept_until_closed(void *stop) {
    int epoll = epoll_create1(EPOLL_CLOEXEC), quit = *(int *)stop;
    need(add(epoll, shared_listener, EPOLLIN | EPOLLEXCLUSIVE) && add(epoll, quit, EPOLLIN));
    for (;;) {
        int fd = waited(epoll, 10000), connected;
        if (fd == quit || fd == -1) break;
        woken++;
        while ((connected = accept(shared_listener, NULL, NULL)) >= 0) {
            accepted++; /* before the client knows, who counts */
            need(write(connected, "x", 1) == 1);
            close(connected);
        }
    }
    close(epoll);
    return NULL;
}

static void exclusive(void) {
    pthread_t threads[ACCEPTORS];
    char byte;
    int heard = 0, stop = eventfd(0, EFD_CLOEXEC);
    shared_listener = listener(AF_INET);
    set_nonblocking(shared_listener);
    for (int i = 0; i < ACCEPTORS; i++) need(pthread_create(&threads[i], NULL, accept_until_closed, &stop) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        int fd = connected_to(shared_listener);
        heard += read(fd, &byte, 1) == 1;
        close(fd);
    }
    check(heard == CLIENTS && accepted == CLIENTS,
          "with a listener in exclusive epolls of %d threads each connection is accepted: %d", ACCEPTORS, (int)accepted);
    need(eventfd_write(stop, 1) == 0);
    for (int i = 0; i < ACCEPTORS; i++) pthread_join(threads[i], NULL);
    close(shared_listener), close(stop);
}

/* ---- among other descriptors ---- */

enum { SOCKET, DATAGRAM, PIPE, ORDINARY, EVENT, TIMER, KINDS };

static void among_others(void) {
    static const char *const names[] = {"a socket", "a datagram socket", "a pipe", "a unix socket", "an eventfd", "a timer"};
    int ends[2], datagrams[2], pipes[2], ordinary[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    connection(AF_INET, ends);
    datagram_pair(AF_INET, datagrams);
    need(pipe2(pipes, O_CLOEXEC) == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ordinary) == 0);
    int event = eventfd(0, EFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    int watched[KINDS] = {ends[1], datagrams[1], pipes[0], ordinary[1], event, timer};
    int fed[KINDS] = {ends[0], datagrams[0], pipes[1], ordinary[0], event, -1};
    for (int i = 0; i < KINDS; i++) need(add(epoll, watched[i], EPOLLIN));
    for (int i = 0; i < KINDS; i++) {
        uint64_t one = 1;
        if (i == TIMER) {
            struct itimerspec soon = {.it_value.tv_nsec = 1000000};
            need(timerfd_settime(timer, 0, &soon, NULL) == 0);
        } else {
            need(write(fed[i], &one, sizeof one) == sizeof one);
        }
        check(waited(epoll, 10000) == watched[i], "epoll over six kinds of descriptors tells of %s alone", names[i]);
        struct pollfd all[KINDS];
        fd_set set;
        FD_ZERO(&set);
        int highest = 0, others = 0;
        for (int k = 0; k < KINDS; k++) {
            all[k] = (struct pollfd){.fd = watched[k], .events = POLLIN};
            FD_SET(watched[k], &set);
            if (watched[k] > highest) highest = watched[k];
        }
        check(poll(all, KINDS, 0) == 1 && all[i].revents == POLLIN, "so does poll");
        need(select(highest + 1, &set, NULL, NULL, &(struct timeval){0}) == 1);
        for (int k = 0; k < KINDS; k++) others += k != i && FD_ISSET(watched[k], &set);
        check(FD_ISSET(watched[i], &set) && others == 0, "and select");
        need(read(watched[i], &one, sizeof one) == sizeof one);
        check(waited(epoll, 0) == -1, "and of nothing when it has been read");
    }
    int null = open("/dev/null", O_RDWR);
    struct pollfd file = {.fd = null, .events = POLLIN | POLLOUT}, both[2] = {file, {.fd = ends[1], .events = POLLIN}};
    check(poll(both, 2, 0) == 1 && both[0].revents == (POLLIN | POLLOUT) && both[1].revents == 0,
          "a file is always ready, and the socket beside it is not");
    close(null), close(event), close(timer), close(epoll);
    for (int i = 0; i < 2; i++) close(ends[i]), close(datagrams[i]), close(pipes[i]), close(ordinary[i]);
}

/* ---- signal masks ---- */

static volatile sig_atomic_t signals;
static void count(int number) {
    (void)number;
    signals++;
}

static void masks(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char byte;
    sigset_t blocked, open_mask, before;
    struct sigaction action = {.sa_handler = count};
    struct timespec ten = {.tv_sec = 10};
    connection(AF_INET, ends);
    need(add(epoll, ends[1], EPOLLIN));
    need(sigaction(SIGUSR1, &action, NULL) == 0);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    need(sigprocmask(SIG_BLOCK, &blocked, &before) == 0);
    open_mask = before;
    sigdelset(&open_mask, SIGUSR1);
    struct pollfd p = {.fd = ends[1], .events = POLLIN};
    struct epoll_event e;
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    raise(SIGUSR1);
    check(ppoll(&p, 1, &ten, &open_mask) == -1 && errno == EINTR && signals == 1, "ppoll lets a signal in while it waits");
    raise(SIGUSR1);
    check(pselect(ends[1] + 1, &set, NULL, NULL, &ten, &open_mask) == -1 && errno == EINTR && signals == 2, "so does pselect");
    raise(SIGUSR1);
    check(epoll_pwait(epoll, &e, 1, 10000, &open_mask) == -1 && errno == EINTR && signals == 3, "and epoll_pwait");
    need(write(ends[0], "x", 1) == 1);
    await_readable(ends[1]);
    raise(SIGUSR1);
    FD_SET(ends[1], &set);
    p.revents = 0;
    check(ppoll(&p, 1, &ten, &blocked) == 1 && p.revents == POLLIN && signals == 3, "with the signal blocked ppoll tells of bytes");
    check(pselect(ends[1] + 1, &set, NULL, NULL, &ten, &blocked) == 1 && FD_ISSET(ends[1], &set), "so does pselect");
    check(epoll_pwait(epoll, &e, 1, 10000, &blocked) == 1 && e.data.fd == ends[1] && signals == 3, "and epoll_pwait");
    need(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
    check(signals == 4, "afterwards the signal comes");
    need(read(ends[1], &byte, 1) == 1);
    struct timespec moment = {.tv_nsec = 20000000};
    double began = seconds();
    check(ppoll(&p, 1, &moment, NULL) == 0 && seconds() - began >= 0.019, "ppoll's time is up");
    close(ends[0]), close(ends[1]), close(epoll);
}

/* ---- a descriptor that has a second number, and one that is taken out ---- */

static void numbers(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char byte;
    connection(AF_INET, ends);
    int second = dup(ends[1]);
    need(add(epoll, ends[1], EPOLLIN) && add(epoll, second, EPOLLIN));
    need(write(ends[0], "x", 1) == 1);
    struct epoll_event e[4];
    need(polled(second, POLLIN, 10000) == POLLIN);
    check(epoll_wait(epoll, e, 4, 1000) == 2, "both numbers of a socket are told");
    need(read(second, &byte, 1) == 1);
    check(epoll_wait(epoll, e, 4, 0) == 0, "and neither when one has read");
    need(epoll_ctl(epoll, EPOLL_CTL_DEL, second, NULL) == 0);
    need(write(ends[0], "y", 1) == 1);
    check(waited(epoll, 10000) == ends[1], "one that was taken out is told no more");
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &(struct epoll_event){.events = EPOLLIN}) == -1 && errno == EEXIST,
          "one that is in is not put in again");
    close(ends[0]), close(ends[1]), close(second), close(epoll);
}

int main(void) {
    one_shot();
    nested();
    exclusive();
    among_others();
    masks();
    numbers();
    finished();
}
