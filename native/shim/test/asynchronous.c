/* SIGIO: a socket that sends signals when it becomes ready. */
#include "check.h"

static volatile sig_atomic_t told, told_of;

static void note(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    told++;
    told_of = info->si_fd;
}

static bool is_told(void) {
    for (double end = seconds() + 10; told == 0 && seconds() < end;) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return told > 0;
}

/* An instance that is asked once in a while watches the socket as well. */
static void watched(bool before) {
    int ends[2], epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    char byte;
    connection(AF_INET, ends);
    if (before) need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
    need(fcntl(ends[0], F_SETOWN, getpid()) == 0 && fcntl(ends[0], F_SETFL, O_RDWR | O_ASYNC) == 0);
    if (!before) need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
    need(epoll_wait(epoll, &event, 1, 0) == 0);
    for (int i = 0; i < 3; i++) {
        told = 0;
        need(write(ends[1], "z", 1) == 1);
        check(is_told(), "SIGIO tells of what an instance watches, %s", before ? "before" : "since");
        check(epoll_wait(epoll, &event, 1, 1000) == 1 && read(ends[0], &byte, 1) == 1, "and so does the instance");
    }
    close(ends[0]), close(ends[1]), close(epoll);
}

int main(void) {
    int ends[2], owner, on = 1;
    struct f_owner_ex who = {.type = F_OWNER_PID, .pid = getpid()}, is;
    char byte;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    need(sigaction(SIGIO, &action, NULL) == 0 && sigaction(SIGRTMIN, &action, NULL) == 0);
    connection(AF_INET, ends);
    check(fcntl(ends[0], F_SETOWN, getpid()) == 0 && fcntl(ends[0], F_GETOWN) == getpid(), "F_SETOWN names the owner");
    check(fcntl(ends[0], F_SETOWN_EX, &who) == 0 && fcntl(ends[0], F_GETOWN_EX, &is) == 0 && is.pid == who.pid, "F_SETOWN_EX too");
    check(ioctl(ends[0], FIOSETOWN, &who.pid) == 0 && ioctl(ends[0], SIOCGPGRP, &owner) == 0 && owner == getpid(), "and ioctl");
    check(fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_ASYNC) == 0 && (fcntl(ends[0], F_GETFL) & O_ASYNC) != 0, "O_ASYNC is set");
    told = 0;
    need(write(ends[1], "x", 1) == 1);
    check(is_told() && read(ends[0], &byte, 1) == 1, "SIGIO tells of bytes");
    check(fcntl(ends[0], F_SETSIG, SIGRTMIN) == 0 && fcntl(ends[0], F_GETSIG) == SIGRTMIN, "F_SETSIG chooses another signal");
    told = told_of = 0;
    need(write(ends[1], "y", 1) == 1);
    check(is_told() && told_of == ends[0] && read(ends[0], &byte, 1) == 1, "which names the descriptor");
    told = 0;
    close(ends[1]);
    check(is_told(), "and tells of the end");
    close(ends[0]);
    watched(true);
    watched(false);
    int listening = listener(AF_INET);
    need(ioctl(listening, FIOSETOWN, &who.pid) == 0);
    check(ioctl(listening, FIOASYNC, &on) == 0, "FIOASYNC asks for signals");
    told = 0;
    int client = connected_to(listening), server = -1;
    check(is_told() && (server = accept(listening, NULL, NULL)) >= 0, "SIGIO tells a listener of a connection");
    close(client), close(server), close(listening);
    finished();
}
