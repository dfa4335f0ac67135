/*
 * calls.c - how long single calls on sockets take, in microseconds.
 *
 *   calls serve PORT      the program that is measured: listens on 127.0.0.1:PORT and does what drivers ask for
 *   calls drive PORT N    its driver: prints one "NAME MICROSECONDS" line for each kind of call, means of N
 *
 * The measured program takes the times; the driver, always on the host's own stack, plays the other end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct request {
    uint32_t kind; /* letters of KINDS */
    uint32_t count;
    uint32_t port; /* of the driver, for connect */
};
static const char KINDS[] = "gprac"; /* getsockopt, getpeername, round trip, accept+recv+close, connect+close */
static const char *const NAMES[] = {"getsockopt", "getpeername", "roundtrip", "accept", "connect"};

static void need(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct sockaddr_in loopback(uint32_t port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int listen_on(uint32_t *port) {
    struct sockaddr_in a = loopback(*port);
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    need(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    need(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 512) == 0, "listen");
    need(getsockname(fd, (struct sockaddr *)&a, &length) == 0, "getsockname");
    *port = ntohs(a.sin_port);
    return fd;
}

static int connect_to(uint32_t port) {
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    need(fd >= 0, "socket");
    need(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void receive_all(int fd, void *buffer, size_t length) { need(recv(fd, buffer, length, MSG_WAITALL) == (ssize_t)length, "recv"); }

static double measure(int listener, int fd, const struct request *r) {
    struct sockaddr_in a;
    socklen_t length;
    char byte = 0;
    int value;
    double begin = now();
    for (uint32_t i = 0; i < r->count; i++) {
        switch (KINDS[r->kind]) {
        case 'g':
            length = sizeof value;
            need(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0, "getsockopt");
            break;
        case 'p':
            length = sizeof a;
            need(getpeername(fd, (struct sockaddr *)&a, &length) == 0, "getpeername");
            break;
        case 'r':
            need(send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1, "round trip");
            break;
        case 'a':
            value = accept(listener, NULL, NULL);
            need(value >= 0 && recv(value, &byte, 1, 0) == 1 && close(value) == 0, "accept");
            break;
        default: close(connect_to(r->port));
        }
    }
    return (now() - begin) / r->count;
}

static void serve(uint32_t port) {
    int listener = listen_on(&port);
    for (;;) {
        struct request r;
        int fd = accept(listener, NULL, NULL), on = 1;
        need(fd >= 0, "accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        while (recv(fd, &r, sizeof r, MSG_WAITALL) == sizeof r && r.kind < sizeof KINDS - 1 && r.count > 0) {
            double mean = measure(listener, fd, &r);
            need(send(fd, &mean, sizeof mean, 0) == sizeof mean, "send");
        }
        close(fd);
    }
}

static void drive(uint32_t port, uint32_t count) {
    uint32_t own = 0;
    int fd = connect_to(port), listener = listen_on(&own);
    for (uint32_t kind = 0; kind < sizeof KINDS - 1; kind++) {
        struct request r = {kind, count, own};
        double mean;
        char byte = 0;
        need(send(fd, &r, sizeof r, 0) == sizeof r, "send");
        for (uint32_t i = 0; i < count; i++) {
            int other = -1;
            if (KINDS[kind] == 'r') {
                receive_all(fd, &byte, 1);
                need(send(fd, &byte, 1, 0) == 1, "send");
            } else if (KINDS[kind] == 'a') {
                other = connect_to(port);
                need(send(other, &byte, 1, 0) == 1, "send"); /* a gateway may hold a silent client back */
            } else if (KINDS[kind] == 'c') {
                other = accept(listener, NULL, NULL);
            }
            if (other >= 0) {
                recv(other, &byte, 1, 0); /* until the measured program has closed */
                close(other);
            }
        }
        receive_all(fd, &mean, sizeof mean);
        printf("%s %.2f\n", NAMES[kind], mean);
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "serve") == 0) serve((uint32_t)atoi(argv[2]));
    else if (argc == 4 && strcmp(argv[1], "drive") == 0) drive((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
    else return fprintf(stderr, "usage: calls serve PORT | calls drive PORT N\n"), 2;
    return 0;
}
