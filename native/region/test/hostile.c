/* Whatever a peer does to the descriptors it shares with the gateway, no operation of the gateway blocks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

enum { BOUND = 2000 /* milliseconds; everything here takes microseconds */, NO_USERFAULTFD = 77 };

/* What the peer and the gateway share: the peer's end and the gateway's. */
static struct {
    int peer, gateway;
} ends;
static pid_t attacker;
static _Atomic int *ready; /* set by the peer when it has done its worst and goes on doing it */

/* Lets `peer` do its worst and then runs `gateway`, each in a process of its own. */
static int under_attack(int (*peer)(void *), int (*gateway)(void *)) {
    atomic_store(ready, 0);
    attacker = check_spawn(peer, NULL);
    double end = check_now() + 5;
    while (atomic_load(ready) == 0 && check_now() < end) sched_yield();
    check_need(atomic_load(ready) != 0, "a peer that does its worst");
    if (atomic_load(ready) == NO_USERFAULTFD) {
        check_kill(attacker);
        return NO_USERFAULTFD;
    }
    pid_t child = check_spawn(gateway, NULL);
    bool blocked = !check_ends(child, BOUND);
    check_kill(attacker); /* first: who holds the other one may be beyond kill -9 */
    int status = check_wait(child, BOUND);
    if (blocked) status = -1;
    close(ends.peer);
    close(ends.gateway);
    return status;
}

static void verdict(const char *sentence, int status) {
    check(status == 0, sentence, status == -1 ? "it blocked" : "step %d went wrong", status);
}

static void make_pair(int type) {
    int pair[2];
    check_need(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "a pair");
    ends.peer = pair[0];
    ends.gateway = pair[1];
}

static void make_blocking(int fd) {
    int off = 0;
    fcntl(fd, F_SETFL, 0);
    ioctl(fd, FIONBIO, &off);
}

/* ---- the eventfd by which the gateway is rung ---- */

static int fill_counter(void *argument) {
    (void)argument;
    uint64_t most = UINT64_MAX - 1, one = 1;
    make_blocking(ends.peer);
    if (write(ends.peer, &most, sizeof most) < 0) return 1;
    atomic_store(ready, 1);
    return write(ends.peer, &one, sizeof one) < 0; /* blocks: its own affair */
}

static int wait_for_doorbell(void *argument) {
    (void)argument;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, ends.gateway, &event) != 0) return 1;
    if (epoll_wait(epoll, &event, 1, 0) != 1) return 2;
    for (int i = 0; i < 1000; i++)
        if (epoll_wait(epoll, &event, 1, 0) != 0) return 3; /* no spinning either */
    return 0;
}

static void doorbell_of_the_gateway(void) {
    ends.peer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ends.gateway = dup(ends.peer);
    verdict("an eventfd that is full and blocking neither blocks nor spins who waits on its edges",
            under_attack(fill_counter, wait_for_doorbell));

    int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC), edges = 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    check_need(epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) == 0, "epoll_ctl");
    for (uint64_t i = 0, one = 1; i < 1000; i++)
        edges += write(bell, &one, sizeof one) > 0 && epoll_wait(epoll, &event, 1, 0) == 1;
    check(edges == 1000, "an eventfd that is never read gives an edge for each ring", "%d of 1000", edges);
    close(bell);
    close(epoll);
}

/* ---- the socketpair by which the gateway rings the INS ---- */

static int never_read(void *argument) {
    (void)argument;
    make_blocking(ends.peer);
    int smallest = 1;
    setsockopt(ends.peer, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
    atomic_store(ready, 1);
    return pause();
}

/* Reads into a page that never comes: in the middle of read(2), with the kernel's locks held. */
static int read_into_nothing(void *argument) {
    (void)argument;
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    char *page = mmap(NULL, RF_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register missing = {.range = {(uintptr_t)page, RF_PAGE},
                                      .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) < 0 || ioctl(faults, UFFDIO_REGISTER, &missing) < 0) {
        atomic_store(ready, NO_USERFAULTFD);
        return pause();
    }
    make_blocking(ends.peer);
    atomic_store(ready, 1);
    return read(ends.peer, page, 1) < 0;
}

static int ring_until_full(void *argument) {
    (void)argument;
    for (int i = 0; i < 100000; i++)
        if (send(ends.gateway, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return errno == EAGAIN ? 0 : 1;
    return 2;
}

static int ring_once(void *argument) {
    (void)argument;
    if (!check_sleeps(attacker)) return 2;
    return send(ends.gateway, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN;
}

static int write_once(void *argument) {
    (void)argument;
    if (!check_sleeps(attacker)) return 2;
    return write(ends.gateway, "", 1) < 0 && errno != EAGAIN;
}

static void doorbell_of_the_ins(void) {
    make_pair(SOCK_STREAM);
    verdict("ringing an INS that never reads its doorbell does not block",
            under_attack(never_read, ring_until_full));

    const char *sentence =
        "ringing an INS that reads its doorbell into a page that never comes does not block";
    make_pair(SOCK_STREAM);
    check_need(send(ends.gateway, "", 1, 0) == 1, "a byte to read");
    int status = under_attack(read_into_nothing, ring_once);
    if (status == NO_USERFAULTFD) {
        check_skip(sentence, "userfaultfd is not permitted here");
        return;
    }
    verdict(sentence, status);

    int pipe_ends[2];
    check_need(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 && write(pipe_ends[1], "", 1) == 1, "a pipe");
    ends.peer = pipe_ends[0];
    ends.gateway = pipe_ends[1];
    check_note("with a pipe as doorbell it %s", under_attack(read_into_nothing, write_once) == -1
                                                    ? "blocks: that is why it is a socketpair"
                                                    : "does not block on this kernel");
}

/* ---- the readiness pair, and whatever else is a SOCK_SEQPACKET pair ---- */

static int flood(void *argument) {
    (void)argument;
    int large = 1 << 24;
    setsockopt(ends.peer, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    make_blocking(ends.peer);
    for (long i = 0;; i++) {
        if (i == 100) atomic_store(ready, 1);
        char packet[512] = {0};
        /* Blocks when the gateway's end is full, and goes on at once when it is read. */
        if (send(ends.peer, packet, (size_t)i % sizeof packet, MSG_NOSIGNAL) < 0) return 1;
    }
}

static int packets_and_reading_away(void *argument) {
    (void)argument;
    char byte;
    int sent = 0, calls = 0;
    while (send(ends.gateway, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 && sent < 100000) sent++;
    if (sent == 100000 || errno != EAGAIN) return 1;
    /* A peer that floods is never read empty: reading away needs a bound of its own. */
    while (recv(ends.gateway, &byte, 1, MSG_DONTWAIT) >= 0 && calls < 1000) calls++;
    if (calls == 0) return 2;
    if (shutdown(ends.gateway, SHUT_RDWR) != 0) return 3;
    return close(ends.gateway) == 0 ? 0 : 4;
}

static void readiness_pair(void) {
    make_pair(SOCK_SEQPACKET);
    verdict("packets, reading away, shutdown and close do not block on a pair whose application floods it",
            under_attack(flood, packets_and_reading_away));
}

static int offer_until_full(void *argument) {
    (void)argument;
    int offers = 0;
    for (; offers < 100000; offers++) {
        int fd = ends.gateway;
        struct rf_offer offer = {.slot = 1};
        struct iovec data = {&offer, sizeof offer};
        union {
            char bytes[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control = {0};
        struct msghdr message = {
            .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
        if (sendmsg(ends.gateway, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
    }
    return (errno == EAGAIN || errno == ETOOMANYREFS) && offers > 0 ? 0 : 1;
}

static void offers(void) {
    make_pair(SOCK_SEQPACKET);
    verdict("offers to a pool socket or listener that nobody receives from do not block",
            under_attack(never_read, offer_until_full));
}

/* ---- attaching ---- */

static struct sockaddr_un address;
static socklen_t address_length = sizeof(sa_family_t); /* only the family: the kernel chooses a name */

static int connect_and_say_nothing(void *argument) {
    (void)argument;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), smallest = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
    if (connect(fd, (struct sockaddr *)&address, address_length) != 0) return 1;
    atomic_store(ready, 1);
    return pause();
}

static int accept_and_welcome(void *argument) {
    (void)argument;
    struct rf_hello hello;
    struct rf_welcome welcome = {.magic = RF_MAGIC};
    int fd = accept4(ends.gateway, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), sent = 0;
    if (fd < 0) return 1;
    if (recv(fd, &hello, sizeof hello, MSG_DONTWAIT) != -1 || errno != EAGAIN) return 2;
    while (send(fd, &welcome, sizeof welcome, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 && sent < 100000) sent++;
    if (sent == 100000 || errno != EAGAIN) return 3;
    return accept4(ends.gateway, NULL, NULL, SOCK_CLOEXEC) == -1 && errno == EAGAIN ? 0 : 4;
}

static void attaching(void) {
    address.sun_family = AF_UNIX;
    ends.gateway = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ends.peer = dup(ends.gateway);
    check_need(bind(ends.gateway, (struct sockaddr *)&address, address_length) == 0 &&
                   listen(ends.gateway, 8) == 0 &&
                   getsockname(ends.gateway, (struct sockaddr *)&address, &(socklen_t){sizeof address}) == 0,
               "a listening socket");
    address_length = (socklen_t)(sizeof(sa_family_t) + 6); /* a NUL and five digits: unix(7), autobind */
    verdict("a connection that says nothing and reads nothing does not block attaching",
            under_attack(connect_and_say_nothing, accept_and_welcome));
}

/* ---- descriptors that nobody asked for ---- */

/* Sends a TCP socket whose last close waits for a peer that never reads, for as long as its sender
 * likes: here a minute. */
static int send_lingering_socket(void *argument) {
    (void)argument;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    static char bytes[65536];
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&at, length) != 0 || listen(server, 1) != 0 ||
        getsockname(server, (struct sockaddr *)&at, &length) != 0 ||
        connect(client, (struct sockaddr *)&at, length) != 0 || accept(server, NULL, NULL) < 0)
        return 1;
    while (send(client, bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
    struct linger linger = {1, 60};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    struct iovec data = {bytes, 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof client)};
    memcpy(CMSG_DATA(c), &client, sizeof client);
    ssize_t sent = sendmsg(ends.peer, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        atomic_store(ready, errno);
    } else {
        close(client); /* the last reference is now the packet's */
        atomic_store(ready, 1000);
    }
    return pause();
}

static int read_one_away(void *argument) {
    (void)argument;
    char byte;
    ssize_t n = recv(ends.gateway, &byte, 1, MSG_DONTWAIT);
    return n >= 0 || errno == EAGAIN ? 0 : 1;
}

static void descriptors_nobody_asked_for(void) {
    const char *sentence =
        "a descriptor sent to the gateway is refused, so that its last close cannot block the loop";
    int off = 0;
    make_pair(SOCK_SEQPACKET);
    if (setsockopt(ends.gateway, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) != 0) {
        check_skip(sentence, "this kernel has no SO_PASSRIGHTS (Linux 6.16)");
        close(ends.peer);
        close(ends.gateway);
    } else {
        int status = under_attack(send_lingering_socket, read_one_away);
        check(status == 0 && *ready == EPERM, sentence, "result %d, sender's errno %d", status, *ready);
    }
    make_pair(SOCK_SEQPACKET);
    check_note("with SO_PASSRIGHTS set, reading such a packet away %s",
               under_attack(send_lingering_socket, read_one_away) == -1 ? "blocks: that is why it is cleared"
                                                                        : "does not block on this kernel");
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    ready = check_shared(sizeof *ready);
    doorbell_of_the_gateway();
    doorbell_of_the_ins();
    readiness_pair();
    offers();
    attaching();
    descriptors_nobody_asked_for();
    return check_end();
}
