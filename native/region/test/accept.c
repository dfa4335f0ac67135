/* accept() is a dequeue by the kernel: connections survive the death of processes that wait for them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { ACCEPTORS = 8, KILL_EVERY = 50, IN_FLIGHT = 40 };

static int listener[2]; /* the application's end, the gateway's end */

static struct rf_offer offer_of(uint32_t slot) {
    struct rf_offer offer = {.slot = slot, .generation = slot * 2 + 1};
    offer.local.length = offer.peer.length = 16;
    for (unsigned i = 0; i < 16; i++) {
        offer.local.address[i] = (uint8_t)(slot >> 8 ^ i);
        offer.peer.address[i] = (uint8_t)(slot + i);
    }
    return offer;
}

static int send_offer(int end, const struct rf_offer *offer, int fd) {
    struct iovec data = {(void *)(uintptr_t)offer, sizeof *offer};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(end, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int receive_offer(int end, struct rf_offer *offer) {
    struct iovec data = {offer, sizeof *offer};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(end, &message, MSG_CMSG_CLOEXEC) != sizeof *offer) return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c == NULL || c->cmsg_type != SCM_RIGHTS) return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* Accepts, says over the new connection what it was told about it, and closes it. */
static int acceptor(void *argument) {
    (void)argument;
    for (;;) {
        struct rf_offer offer;
        int fd = receive_offer(listener[0], &offer);
        if (fd < 0) return 1;
        if (send(fd, &offer, sizeof offer, MSG_NOSIGNAL) < 0) return 2;
        close(fd);
    }
}

struct connection {
    int end; /* the gateway's; -1 before and after */
    bool accepted;
    double offered;
};

struct tally {
    long accepted, died, twice, wrong, late;
};

/* What a connection's end reports: what the acceptor was told, then the close. */
static bool finish(struct connection *c, uint32_t slot, struct tally *t) {
    struct rf_offer said, meant = offer_of(slot);
    bool closed = false;
    for (;;) {
        ssize_t n = recv(c->end, &said, sizeof said, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            closed = true;
            break;
        }
        if (c->accepted) t->twice++;
        if (n != sizeof said || memcmp(&said, &meant, sizeof said) != 0) t->wrong++;
        c->accepted = true;
    }
    if (!closed) return false;
    if (c->accepted)
        t->accepted++;
    else
        t->died++;
    close(c->end);
    c->end = -1;
    return true;
}

static void accepts_under_kill(void) {
    long total = check_rounds(4000), kills = 0, finished = 0, refused = 0;
    uint64_t seed = 3;
    check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, listener) == 0, "a listener's pair");
    pid_t pids[ACCEPTORS];
    for (int i = 0; i < ACCEPTORS; i++) pids[i] = check_spawn(acceptor, NULL);
    struct connection *connections = calloc((size_t)total, sizeof *connections);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    check_need(connections != NULL && epoll >= 0, "a table of connections");

    struct tally t = {0};
    long offered = 0, at_kill = 0, oldest = 0;
    while (finished < total && t.late == 0) {
        while (offered < total && offered - finished < IN_FLIGHT) {
            struct connection *c = &connections[offered];
            int pair[2];
            check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0,
                       "a pair");
            struct rf_offer offer = offer_of((uint32_t)offered);
            int error = send_offer(listener[1], &offer, pair[0]);
            close(pair[0]);
            if (error != 0) { /* the queue is full: as the backlog of a real listener */
                close(pair[1]);
                refused++;
                break;
            }
            *c = (struct connection){.end = pair[1], .offered = check_now()};
            struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)offered};
            check_need(epoll_ctl(epoll, EPOLL_CTL_ADD, c->end, &event) == 0, "epoll_ctl");
            offered++;
        }
        /* Now: while offers lie in the queue and acceptors are busy with them. */
        if (finished - at_kill >= KILL_EVERY) {
            at_kill += KILL_EVERY;
            int victim = (int)(check_random(&seed) % ACCEPTORS);
            check_kill(pids[victim]);
            pids[victim] = check_spawn(acceptor, NULL);
            kills++;
        }
        struct epoll_event events[8];
        int n = epoll_wait(epoll, events, 8, 100);
        for (int i = 0; i < n; i++)
            if (finish(&connections[events[i].data.u64], (uint32_t)events[i].data.u64, &t)) finished++;
        while (oldest < offered && connections[oldest].end < 0) oldest++;
        if (oldest < offered && check_now() - connections[oldest].offered > 3) t.late++;
    }
    for (int i = 0; i < ACCEPTORS; i++) check_kill(pids[i]);
    check_note("%ld offered, %ld accepted, %ld died with their acceptor, %ld kills, %ld times a full queue",
               offered, t.accepted, t.died, kills, refused);
    check(t.late == 0 && t.accepted + t.died == total && t.died <= kills,
          "no connection is lost when acceptors are killed",
          "%ld late, %ld accepted, %ld died, %ld kills of %ld", t.late, t.accepted, t.died, kills, total);
    check(t.twice == 0 && t.wrong == 0, "every connection has one acceptor, who was told the truth about it",
          "%ld accepted twice, %ld wrong", t.twice, t.wrong);
    check(kills >= total / KILL_EVERY / 2, "acceptors really were killed", "%ld were", kills);
    free(connections);
    close(epoll);
}

/* Connections nobody has accepted yet die with the listener: the gateway's ends report it. */
static void queued_connections_end_with_the_listener(void) {
    int pair[2], ends[20], hung_up = 0;
    check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "a listener's pair");
    for (int i = 0; i < 20; i++) {
        int connection[2];
        check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, connection) == 0, "a pair");
        struct rf_offer offer = offer_of((uint32_t)i);
        check_need(send_offer(pair[1], &offer, connection[0]) == 0, "an offer");
        close(connection[0]);
        ends[i] = connection[1];
    }
    close(pair[0]);
    for (int i = 0; i < 20; i++) {
        struct pollfd p = {.fd = ends[i]};
        /* The kernel's collector of descriptors in flight may take a moment. */
        if (poll(&p, 1, 2000) == 1 && (p.revents & POLLHUP) != 0) hung_up++;
        close(ends[i]);
    }
    close(pair[1]);
    check(hung_up == 20, "connections that wait in a listener's queue hang up when the listener closes",
          "%d of 20 did", hung_up);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    accepts_under_kill();
    queued_connections_end_with_the_listener();
    return check_end();
}
