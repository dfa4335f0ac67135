/* Descriptors of accepted connections come and go, and serve one connection after the other: each is as new. */
#include <sys/syscall.h>

#include "check.h"

static int listening;

static void next_connection(int ends[2], int flags) { connection_through(listening, ends, flags); }

/* So that there are descriptors that have served before. */
static void warm_up(int flags) {
    for (int i = 0; i < 5; i++) {
        int ends[2];
        next_connection(ends, flags);
        close_accepted(ends);
    }
}

static void one_after_the_other(void) {
    enum { CONNECTIONS = 500 };
    int right = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        int ends[2];
        char question[16], answer[16], got[16] = "", heard[16] = "";
        next_connection(ends, 0);
        int length = snprintf(question, sizeof question, "question %d", i);
        need(write(ends[0], question, (size_t)length) == length);
        need(read_all(ends[1], got, (size_t)length));
        int answered = snprintf(answer, sizeof answer, "answer %d", i);
        need(write(ends[1], answer, (size_t)answered) == answered);
        close(ends[1]);
        right += strcmp(got, question) == 0 && read_all(ends[0], heard, (size_t)answered) && strcmp(heard, answer) == 0 &&
                 read(ends[0], heard, 1) == 0;
        close(ends[0]);
    }
    check(right == CONNECTIONS, "each of %d connections has its own bytes and its own end: %d", CONNECTIONS, right);
}

/* Bytes come while their reader answers and closes, so that he may be told of some that nobody takes. */
static void readable_when_there_is_something(void) {
    enum { CONNECTIONS = 1000 };
    int quiet = 0, heard = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        int ends[2];
        char got[8];
        next_connection(ends, SOCK_NONBLOCK);
        quiet += polled(ends[1], POLLIN, 0) == 0;
        need(write(ends[0], "a", 1) == 1);
        heard += polled(ends[1], POLLIN, 2000) == 1;
        if (i % 2 == 0) need(write(ends[0], "b", 1) == 1);
        need(read(ends[1], got, sizeof got) >= 1);
        if (i % 2 == 1) need(write(ends[0], "c", 1) == 1);
        close(ends[1]);
        close(ends[0]);
    }
    check(quiet == CONNECTIONS, "a new descriptor is not readable, whatever came last for the one before: %d of %d", quiet, CONNECTIONS);
    check(heard == CONNECTIONS, "and is when something comes: %d", heard);
}

static void flags_are_new(void) {
    int ends[2];
    bool blocks = true, not_blocks = true;
    warm_up(SOCK_NONBLOCK);
    for (int i = 0; i < 10; i++) {
        next_connection(ends, 0);
        blocks = blocks && (fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0;
        if (i % 2 == 0) set_nonblocking(ends[1]);
        if (i % 3 == 0) need(ioctl(ends[1], FIONBIO, &(int){1}) == 0);
        close_accepted(ends);
        next_connection(ends, SOCK_NONBLOCK);
        not_blocks = not_blocks && (fcntl(ends[1], F_GETFL) & O_NONBLOCK) != 0;
        if (i % 4 == 0) need(ioctl(ends[1], FIONBIO, &(int){0}) == 0);
        close_accepted(ends);
    }
    check(blocks, "accept() gives descriptors that block, whatever those before them were made");
    check(not_blocks, "accept4() with SOCK_NONBLOCK gives descriptors that do not");
}

static void time_outs_are_new(void) {
    int ends[2];
    struct timeval limit = {.tv_usec = 20000}, is = {.tv_sec = 1};
    socklen_t length = sizeof is;
    next_connection(ends, 0);
    need(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    close_accepted(ends);
    bool none = true;
    for (int i = 0; i < 5; i++) {
        next_connection(ends, 0);
        need(getsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &is, &length) == 0);
        none = none && is.tv_sec == 0 && is.tv_usec == 0;
        close_accepted(ends);
    }
    check(none, "a time-out does not outlive its socket");
}

static int events_of(int epoll, struct epoll_event *event, int milliseconds) {
    return epoll_wait(epoll, event, 1, milliseconds);
}

/* What a closed socket left in an epoll instance, with bytes that nobody has read. */
static void leaves_epoll(uint32_t events, const char *how) {
    int ends[2], others[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    bool quiet = true, heard = true;
    need(epoll >= 0);
    for (int i = 0; i < 10; i++) {
        next_connection(ends, SOCK_NONBLOCK);
        event = (struct epoll_event){events, {.u64 = 1000 + (uint64_t)i}};
        need(write(ends[0], "unread", 6) == 6);
        await_readable(ends[1]);
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
        close(ends[1]);
        quiet = quiet && events_of(epoll, &event, 5) == 0;
        close(ends[0]);
        next_connection(others, SOCK_NONBLOCK);
        event = (struct epoll_event){events, {.u64 = 2000 + (uint64_t)i}};
        heard = heard && epoll_ctl(epoll, EPOLL_CTL_ADD, others[1], &event) == 0;
        need(write(others[0], "news", 4) == 4);
        heard = heard && events_of(epoll, &event, 2000) == 1 && event.data.u64 == 2000 + (uint64_t)i;
        char news[4];
        await_readable(others[1]);
        need(read_all(others[1], news, sizeof news));
        close_accepted(others);
        quiet = quiet && events_of(epoll, &event, 0) == 0;
    }
    check(quiet, "an epoll instance tells nothing of a closed socket%s", how);
    check(heard, "and the next one can be watched in its place%s", how);
    close(epoll);
}

static void replaced(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC), pipes[2];
    struct epoll_event event = {EPOLLIN, {.u64 = 1}};
    char byte;
    need(epoll >= 0 && pipe(pipes) == 0);
    next_connection(ends, SOCK_NONBLOCK);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
    need(dup2(pipes[0], ends[1]) == ends[1]);
    check(read(ends[0], &byte, 1) == 0 && events_of(epoll, &event, 20) == 0, "dup2() onto a socket is its close");
    close(ends[0]), close(ends[1]);
    next_connection(ends, 0);
    need(close_range((unsigned)ends[1], (unsigned)ends[1], 0) == 0);
    check(read(ends[0], &byte, 1) == 0, "so is close_range()");
    close(ends[0]), close(epoll), close(pipes[0]), close(pipes[1]);
}

static bool lives(int ends[2], int accepted) {
    char byte;
    return polled(ends[0], POLLIN, 150) == 0 && write(accepted, "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x';
}

static void held_twice(void) {
    int ends[2], other;
    char byte;
    next_connection(ends, 0);
    need((other = dup(ends[1])) >= 0);
    close(ends[1]);
    check(lives(ends, other), "a connection lives as long as a duplicate of its descriptor");
    close(other);
    check(read(ends[0], &byte, 1) == 0, "and ends with that");
    close(ends[0]);
}

/* A child that goes on with the connection that its parent has closed at once. */
enum { SYS__Fork = -1 }; /* no number, but a function */

static void child_has_it(long number) {
    int ends[2];
    char byte;
    next_connection(ends, 0);
    pid_t child = number == 0 ? fork() : number == SYS__Fork ? _Fork() : (pid_t)syscall(number, number == SYS_clone ? SIGCHLD : 0, NULL, NULL, NULL, NULL);
    if (child == 0) {
        close(ends[0]);
        usleep(150000);
        _exit(write(ends[1], "c", 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    bool answered = read(ends[0], &byte, 1) == 1 && byte == 'c';
    check(answered && read(ends[0], &byte, 1) == 0, "a child answers on what its parent has closed, and its exit is the end%s",
          number == 0 ? "" : number == SYS__Fork ? " (_Fork)" : number == SYS_fork ? " (fork by syscall())" : " (clone by syscall(), as vsftpd does)");
    need(exited_well(child));
    close(ends[0]);
}

/* A message with a descriptor. */
struct parcel {
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec piece;
    struct msghdr message;
};

static struct cmsghdr *open_parcel(struct parcel *p) {
    *p = (struct parcel){.byte = 'p'};
    p->piece = (struct iovec){&p->byte, 1};
    p->message = (struct msghdr){.msg_iov = &p->piece, .msg_iovlen = 1, .msg_control = &p->control, .msg_controllen = sizeof p->control};
    return CMSG_FIRSTHDR(&p->message);
}

static void send_descriptor(int way, int fd) {
    struct parcel p;
    struct cmsghdr *c = open_parcel(&p);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    need(sendmsg(way, &p.message, 0) == 1);
}

static int received_descriptor(int way) {
    struct parcel p;
    struct cmsghdr *c = open_parcel(&p);
    int fd;
    need(recvmsg(way, &p.message, 0) == 1 && (c = CMSG_FIRSTHDR(&p.message)) != NULL);
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static void passed_on(void) {
    int ends[2], way[2];
    next_connection(ends, 0);
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, way) == 0);
    send_descriptor(way[0], ends[1]);
    close(ends[1]);
    check(polled(ends[0], POLLIN, 150) == 0, "a connection whose descriptor is on its way to somebody lives");
    int got = received_descriptor(way[1]);
    check(lives(ends, got), "and goes on with whoever has received it");
    close(got), close(ends[0]), close(way[0]), close(way[1]);
}

static void dies_with_its_process(int how) {
    int ends[2];
    char byte;
    ends[0] = connected_to(listening);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        ends[1] = accept(listening, NULL, NULL);
        need(write(ends[1], "a", 1) == 1);
        if (how == 0) _exit(0);
        for (;;) pause();
    }
    need(read(ends[0], &byte, 1) == 1);
    if (how != 0) kill(child, how);
    double before = seconds();
    ssize_t end = read(ends[0], &byte, 1);
    check(end == 0 && seconds() - before < 2, "a connection ends with its process, that %s", how == 0 ? "exits" : "was killed");
    waitpid(child, NULL, 0);
    close(ends[0]);
}

/* A connection whose last bytes are still on their way, because nobody reads them, is not taken for the one that has its pair now. */
static void known_from_those_before(void) {
    enum { ROUNDS = 5 };
    static char bytes[65536];
    int right = 0, way[2];
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, way) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        int slow[2], ends[2];
        char byte;
        next_connection(slow, SOCK_NONBLOCK);
        while (write(slow[1], bytes, sizeof bytes) > 0) continue;
        while (polled(slow[1], POLLOUT, 0) != 1 && recv(slow[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
        close(slow[1]);
        next_connection(ends, 0);
        send_descriptor(way[0], ends[1]);
        int got = received_descriptor(way[1]);
        close(ends[1]);
        right += write(got, "x", 1) == 1 && polled(ends[0], POLLIN, 2000) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x';
        close(got), close(ends[0]), close(slow[0]);
    }
    close(way[0]), close(way[1]);
    check(right == ROUNDS, "a descriptor in a message is known from the connections before it: %d of %d", right, ROUNDS);
}

/* An accepted connection that waited in the queue for so long that the gateway lends it no more. */
static void waited_in_the_queue(void) {
    int ends[2], late;
    next_connection(ends, SOCK_NONBLOCK);
    set_nonblocking(ends[1]);
    close_accepted(ends);
    need((late = connected_to(listening)) >= 0);
    need(polled(late, POLLIN, 150) == 0);
    ends[1] = accept(listening, NULL, NULL);
    need(ends[1] >= 0);
    check((fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0, "who was accepted late blocks, whatever those before were made");
    close(ends[1]), close(late);
}

/* Clients that have said all before anybody accepts them, more than wait in the listener's queue. */
static void said_all_before_accept(void) {
    enum { CLIENTS = 60, WARM = 40 };
    int clients[CLIENTS], warm[WARM][2], right = 0;
    for (int i = 0; i < WARM; i++) next_connection(warm[i], 0);
    for (int i = 0; i < WARM; i++) close_accepted(warm[i]);
    for (int i = 0; i < CLIENTS; i++) {
        need((clients[i] = connected_to(listening)) >= 0);
        need(write(clients[i], "all", 3) == 3 && shutdown(clients[i], SHUT_WR) == 0);
    }
    need(polled(clients[CLIENTS - 1], POLLIN, 20) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        char got[4] = "";
        int fd = accept(listening, NULL, NULL);
        need(fd >= 0);
        bool all = polled(fd, POLLIN, 2000) == 1 && read_all(fd, got, 3) && strcmp(got, "all") == 0;
        right += all && polled(fd, POLLIN, 2000) == 1 && recv(fd, got, 1, MSG_DONTWAIT) == 0;
        close(fd);
    }
    for (int i = 0; i < CLIENTS; i++) close(clients[i]);
    check(right == CLIENTS, "each of %d clients that have said all before they are accepted is heard to its end: %d", CLIENTS, right);
}

/* In an instance that a fork made one of two processes. */
static void watched_by_two(void) {
    enum { ROUNDS = 20 };
    int epoll = epoll_create1(EPOLL_CLOEXEC), ordinary, ends[2], watched = 0, quick = 0;
    struct epoll_event event = {EPOLLIN, {.u64 = 0}};
    need(epoll >= 0);
    pid_t child = fork();
    if (child == 0) _exit(0);
    need(exited_well(child));
    need((ordinary = epoll_create1(EPOLL_CLOEXEC)) >= 0);
    for (int i = 0; i < ROUNDS; i++) {
        char got[3];
        next_connection(ends, SOCK_NONBLOCK);
        need(epoll_ctl(ordinary, EPOLL_CTL_ADD, ends[1], &event) == 0);
        close_accepted(ends);
        need((ends[0] = connected_to(listening)) >= 0 && write(ends[0], "abc", 3) == 3);
        need((ends[1] = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
        event = (struct epoll_event){EPOLLIN, {.u64 = (uint64_t)i}};
        double before = seconds();
        watched += epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0 && events_of(epoll, &event, 2000) == 1 && event.data.u64 == (uint64_t)i;
        quick += seconds() - before < 0.04;
        need(read_all(ends[1], got, sizeof got));
        close_accepted(ends);
    }
    check(watched == ROUNDS, "%d connections, one after the other, in an instance that was forked: %d", ROUNDS, watched);
    check(quick >= ROUNDS / 2, "and nobody waits for bytes that are there: %d of %d within 40 ms", quick, ROUNDS);
    close(epoll), close(ordinary);
}

/* A duplicate of a watched socket: the instance tells of it until both are closed. */
static void duplicate_is_watched(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2], other;
    struct epoll_event event = {EPOLLIN, {.u64 = 7}};
    bool quiet = true, told = true;
    need(epoll >= 0);
    for (int i = 0; i < 10; i++) {
        next_connection(ends, SOCK_NONBLOCK);
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
        need((other = dup(ends[1])) >= 0);
        close(ends[1]);
        need(write(ends[0], "unread", 6) == 6);
        told = told && events_of(epoll, &event, 2000) == 1;
        close(other);
        quiet = quiet && events_of(epoll, &event, 5) == 0;
        close(ends[0]);
    }
    check(told && quiet, "an epoll instance tells of a duplicate until that is closed, too");
    close(epoll);
}

int main(void) {
    listening = listener(AF_INET);
    one_after_the_other();
    readable_when_there_is_something();
    flags_are_new();
    time_outs_are_new();
    leaves_epoll(EPOLLIN, "");
    leaves_epoll(EPOLLIN | EPOLLET, " (edges)");
    leaves_epoll(EPOLLIN | EPOLLONESHOT, " (once)");
    leaves_epoll(EPOLLOUT, " (room alone)");
    duplicate_is_watched();
    watched_by_two();
    known_from_those_before();
    waited_in_the_queue();
    said_all_before_accept();
    replaced();
    held_twice();
    child_has_it(0);
    child_has_it(SYS_fork);
    child_has_it(SYS_clone);
    child_has_it(SYS__Fork);
    passed_on();
    dies_with_its_process(0);
    dies_with_its_process(SIGKILL);
    one_after_the_other();
    close(listening);
    finished();
}
