/* What the network says of a datagram later: ECONNREFUSED, once, by whichever call comes next. */
#include "check.h"

/* A connected socket whose peer is gone. */
static int orphan(int family) {
    int ends[2];
    datagram_pair(family, ends);
    close(ends[1]);
    return ends[0];
}

/* Sends into the void until the answer is there. (Behind the ring a close takes effect at once for this process, and
 * a moment later for a datagram that is already under way.) */
static void provoke(int fd) {
    double end = seconds() + 10;
    do need(send(fd, "x", 1, 0) == 1 || errno == ECONNREFUSED);
    while (polled(fd, POLLIN, 200) == 0 && seconds() < end);
}

static void told(int family, const char *name) {
    int fd = orphan(family), error = -1;
    char byte;
    socklen_t length = sizeof error;
    provoke(fd);
    check(recv(fd, &byte, 1, 0) == -1 && errno == ECONNREFUSED, "%s: recv tells ECONNREFUSED", name);
    check(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN && polled(fd, POLLIN, 0) == 0, "%s: once", name);
    provoke(fd);
    check(send(fd, "x", 1, 0) == -1 && errno == ECONNREFUSED && polled(fd, POLLIN | POLLERR, 0) == 0, "%s: or send does", name);
    provoke(fd);
    check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNREFUSED &&
              polled(fd, POLLIN | POLLERR, 0) == 0,
          "%s: or SO_ERROR", name);
    check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "%s: once", name);
    close(fd);
}

static void *wait_for_it(void *argument) {
    char byte;
    ssize_t n = recv(*(int *)argument, &byte, 1, 0);
    return (void *)(intptr_t)(n == -1 ? errno : 0);
}

static void waited_for(void) {
    int fd = orphan(AF_INET);
    pthread_t reader;
    void *result;
    need(pthread_create(&reader, NULL, wait_for_it, &fd) == 0);
    double end = seconds() + 10;
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 50000000;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        /* This may itself be told of the one before. */
        need(send(fd, "x", 1, 0) == 1 || errno == ECONNREFUSED);
        if (pthread_timedjoin_np(reader, &result, &until) == 0) break;
        need(seconds() < end);
    }
    check((intptr_t)result == ECONNREFUSED, "a recv that waits is told: %d", (int)(intptr_t)result);
    close(fd);
}

static void edges(void) {
    int fd = orphan(AF_INET), epoll = epoll_create1(EPOLL_CLOEXEC), seen = 0;
    char byte;
    provoke(fd);
    set_nonblocking(fd);
    /* Until nothing more comes of what provoke sent. */
    do while (recv(fd, &byte, 1, 0) >= 0 || errno == ECONNREFUSED) continue;
    while (polled(fd, POLLIN, 300) != 0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    epoll_wait(epoll, &e, 1, 0);
    for (int i = 0; i < 300; i++) {
        need(send(fd, "x", 1, 0) == 1);
        if (epoll_wait(epoll, &e, 1, 5000) != 1) break;
        seen += recv(fd, &byte, 1, 0) == -1 && errno == ECONNREFUSED;
        while (recv(fd, &byte, 1, 0) >= 0) continue;
    }
    check(seen == 300, "edge-triggered epoll tells of each of 300 errors: %d", seen);
    close(fd), close(epoll);
}

static void ignored(void) {
    int fd = datagram(AF_INET), gone = datagram(AF_INET), friend = datagram(AF_INET);
    struct endpoint to = local_of(gone), own = local_of(fd);
    char bytes[8];
    close(gone);
    need(sendto(fd, "x", 1, 0, (void *)&to.address, to.length) == 1);
    need(sendto(friend, "hello", 5, 0, (void *)&own.address, own.length) == 5);
    check(recv(fd, bytes, sizeof bytes, 0) == 5, "a socket without a peer is told nothing");
    close(fd), close(friend);
}

int main(void) {
    told(AF_INET, "IPv4");
    told(AF_INET6, "IPv6");
    waited_for();
    edges();
    ignored();
    finished();
}
