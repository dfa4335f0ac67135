/*
 * check.h - what the shim's test programs share: reporting, a bound on everything, and sockets on the
 * loopback address. Every program is an ordinary network program that knows nothing of the shim, and has
 * to pass on the host's own stack too.
 */
#ifndef RINGFENCE_SHIM_CHECK_H
#define RINGFENCE_SHIM_CHECK_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOUND_SECONDS 30

static int check_failures;

/* A program that hangs is ended by SIGALRM, which the runner reports. */
__attribute__((constructor)) static void check_begin(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    alarm(BOUND_SECONDS);
}

/* Behind an INS with NetBSD's stack, which lacks what docs/translation.md says that it lacks. The caller of a test says so: a
 * program cannot tell, save by that. */
__attribute__((unused)) static bool on_netbsd(void) {
    const char *stack = getenv("RINGFENCE_TEST_STACK");
    return stack != NULL && strcmp(stack, "netbsd") == 0;
}

/* One sentence about one behaviour. */
__attribute__((format(printf, 3, 4), unused)) static bool check_at(int line, bool holds, const char *sentence, ...) {
    char text[300];
    int error = errno;
    va_list arguments;
    va_start(arguments, sentence);
    vsnprintf(text, sizeof text, sentence, arguments);
    va_end(arguments);
    if (holds) {
        printf("ok - %s\n", text);
    } else {
        printf("not ok - %s: line %d, errno %d (%s)\n", text, line, error, strerror(error));
        check_failures++;
    }
    return holds;
}
#define check(holds, ...) check_at(__LINE__, (holds), __VA_ARGS__)

/* For what a test needs and does not test. */
#define need(holds)                                                                       \
    do {                                                                                  \
        if (!(holds)) {                                                                   \
            printf("not ok - %s: line %d, errno %d (%s)\n", #holds, __LINE__, errno, strerror(errno)); \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

#define finished() return check_failures == 0 ? 0 : 1

__attribute__((unused)) static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until the thread, which says its number when it begins, sleeps in the kernel, as /proc says. */
__attribute__((unused)) static void await_sleep(_Atomic pid_t *thread) {
    char path[64], line[256];
    for (double end = seconds() + 10; seconds() < end;) {
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)*thread);
        int file = *thread != 0 ? open(path, O_RDONLY) : -1;
        ssize_t n = file >= 0 ? read(file, line, sizeof line - 1) : 0;
        if (file >= 0) close(file);
        line[n > 0 ? n : 0] = '\0';
        char *state = strrchr(line, ')');
        if (state != NULL && state[2] == 'S') return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    need(!"the thread sleeps");
}

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

/* The loopback address of a family, with a port in host order. */
__attribute__((unused)) static struct endpoint loopback(int family, int port) {
    struct endpoint e = {.length = 0};
    if (family == AF_INET6) {
        struct sockaddr_in6 *in6 = (void *)&e.address;
        in6->sin6_family = AF_INET6, in6->sin6_addr = in6addr_loopback, in6->sin6_port = htons((uint16_t)port);
        e.length = sizeof *in6;
    } else {
        struct sockaddr_in *in = (void *)&e.address;
        in->sin_family = AF_INET, in->sin_addr.s_addr = htonl(INADDR_LOOPBACK), in->sin_port = htons((uint16_t)port);
        e.length = sizeof *in;
    }
    return e;
}

__attribute__((unused)) static struct endpoint local_of(int fd) {
    struct endpoint e = {.length = sizeof e.address};
    need(getsockname(fd, (void *)&e.address, &e.length) == 0);
    return e;
}

__attribute__((unused)) static int port_of(const struct endpoint *e) {
    /* The port has the same place in both families. */
    return ntohs(((const struct sockaddr_in *)&e->address)->sin_port);
}

__attribute__((unused)) static int listener(int family) {
    struct endpoint e = loopback(family, 0);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0);
    need(bind(fd, (void *)&e.address, e.length) == 0);
    need(listen(fd, 64) == 0);
    return fd;
}

__attribute__((unused)) static int connected_to(int listening) {
    struct endpoint e = local_of(listening);
    int fd = socket(e.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0);
    need(connect(fd, (void *)&e.address, e.length) == 0);
    return fd;
}

/* A connection: [0] connected, [1] accepted. */
__attribute__((unused)) static void connection(int family, int ends[2]) {
    int listening = listener(family);
    ends[0] = connected_to(listening);
    ends[1] = accept(listening, NULL, NULL);
    need(ends[1] >= 0);
    close(listening);
}

/* A connection through a listener that stays. */
__attribute__((unused)) static void connection_through(int listening, int ends[2], int flags) {
    ends[0] = connected_to(listening);
    ends[1] = accept4(listening, NULL, NULL, flags);
    need(ends[0] >= 0 && ends[1] >= 0);
}

/* Closes the accepted end first, as a server does, and waits until the other has heard of it. */
__attribute__((unused)) static void close_accepted(int ends[2]) {
    char byte;
    close(ends[1]);
    need(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
}

/* A datagram socket bound to the loopback address. */
__attribute__((unused)) static int datagram(int family) {
    struct endpoint e = loopback(family, 0);
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(fd >= 0);
    need(bind(fd, (void *)&e.address, e.length) == 0);
    return fd;
}

/* [0] connected to [1] */
__attribute__((unused)) static void datagram_pair(int family, int ends[2]) {
    ends[0] = datagram(family);
    ends[1] = datagram(family);
    struct endpoint e = local_of(ends[1]);
    need(connect(ends[0], (void *)&e.address, e.length) == 0);
}

__attribute__((unused)) static void set_nonblocking(int fd) {
    need(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

/* Events of poll, waiting at most the given time. */
__attribute__((unused)) static short polled(int fd, short events, int milliseconds) {
    struct pollfd p = {.fd = fd, .events = events};
    need(poll(&p, 1, milliseconds) >= 0);
    return p.revents;
}

/* Waits until poll tells exactly these of the events. A stack may tell the parts of one change one after the
 * other. */
__attribute__((unused)) static bool comes_to(int fd, short events, short expected) {
    short told;
    double end = seconds() + 5;
    while ((told = polled(fd, events, 100) & (events | POLLHUP)) != expected && seconds() < end) continue;
    if (told != expected) printf("# poll tells %x, not %x\n", told, expected);
    return told == expected;
}

/* Waits until the peer's bytes are there, so that what follows depends on no race. */
__attribute__((unused)) static void await_readable(int fd) { need(polled(fd, POLLIN, 10000) != 0); }

__attribute__((unused)) static bool read_all(int fd, void *buffer, size_t length) {
    for (size_t got = 0; got < length;) {
        ssize_t n = read(fd, (char *)buffer + got, length - got);
        if (n <= 0) return false;
        got += (size_t)n;
    }
    return true;
}

/* Byte number `at` of the stream that the transfer tests send: no period that a ring's size divides. */
__attribute__((unused)) static inline uint8_t pattern(uint64_t at) { return (uint8_t)(at * 131 + at / 251 + at / 65521); }

__attribute__((unused)) static bool exited_well(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
