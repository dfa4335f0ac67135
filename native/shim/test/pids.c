/* Processes in another process namespace, where those outside have no numbers: what they do disturbs no one who waits outside. */
#include "check.h"

#include <sched.h>

enum { NONE = 77 };

static int ends[2], begun[2], ready[2], done[2];

static void *sleeps(void *argument) {
    struct epoll_event e;
    int *told = argument, epoll = told[1];
    told[0] = epoll_wait(epoll, &e, 1, 5000);
    return NULL;
}

static int instance(int fd) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN};
    need(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    return epoll;
}

/* Is told of bytes in an instance of its own, which is there until the other side is done. */
static int works(bool waits) {
    int own[2];
    struct epoll_event e;
    char byte;
    connection(AF_INET, own);
    int epoll = instance(own[1]);
    need(write(own[0], "x", 1) == 1);
    bool right = epoll_wait(epoll, &e, 1, 5000) == 1 && read(own[1], &byte, 1) == 1;
    if (waits) need(write(ready[1], "r", 1) == 1 && read(done[0], &byte, 1) == 0);
    close(epoll);
    return right ? 0 : 1;
}

/* A child of its own, and in the namespace, is the first process there. */
static int inside(int inherited) {
    int flags = geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID;
    if (unshare(flags) != 0) {
        printf("# no namespace for this program: %s\n", strerror(errno));
        return errno == EPERM || errno == ENOSPC ? NONE : 1;
    }
    pid_t child = fork();
    if (child == 0) {
        need(getpid() == 1);
        close(inherited);
        close(done[1]);
        _exit(works(true));
    }
    close(done[1]);
    return exited_well(child) ? 0 : 1;
}

int main(void) {
    pthread_t thread;
    int status, told[2] = {0};
    char byte;
    connection(AF_INET, ends);
    need(pipe(begun) == 0 && pipe(ready) == 0 && pipe(done) == 0);
    pid_t child = fork();
    if (child == 0) {
        need(read(begun[0], &byte, 1) == 1);
        need(works(false) == 0); /* it has the region from now on */
        status = inside(ends[0]);
        if (status == NONE) need(write(ready[1], "r", 1) == 1);
        _exit(status);
    }
    told[1] = instance(ends[1]); /* what was there before the fork is given up */
    need(write(begun[1], "b", 1) == 1);
    need(pthread_create(&thread, NULL, sleeps, told) == 0);
    need(read(ready[0], &byte, 1) == 1);
    need(write(ends[0], "x", 1) == 1);
    double sent = seconds();
    pthread_join(thread, NULL);
    double took = seconds() - sent;
    close(done[1]);
    need(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == NONE) return 0;
    check(WEXITSTATUS(status) == 0, "the first process of a namespace is told of its bytes");
    check(told[0] == 1 && took < 2, "and who sleeps outside of his, at once");
    finished();
}
