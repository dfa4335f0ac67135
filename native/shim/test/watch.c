/* epoll where a program is mostly awake: events that come through memory are the kernel's in every respect. */
#include "check.h"

static int ends[2], epoll;

static void begin(uint32_t events) {
    connection(AF_INET, ends);
    set_nonblocking(ends[1]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = events, .data.u64 = 7};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
}

static void end(void) { close(ends[0]), close(ends[1]), close(epoll); }

/* The one event there is within ten seconds, or 0. */
static uint32_t event(int milliseconds) {
    struct epoll_event e[4];
    int count = epoll_wait(epoll, e, 4, milliseconds);
    if (count != 1) return count == 0 && milliseconds < 10000 ? 0 : ~0u;
    return e[0].data.u64 == 7 ? e[0].events : ~0u;
}

static void send_one(void) { need(write(ends[0], "abcdef", 6) == 6); }

/* Waits until the bytes are here, without looking at them in a way that changes how they are told. */
static void arrived(int fd, int bytes) {
    for (int there = 0; there < bytes; usleep(1000)) need(ioctl(fd, FIONREAD, &there) == 0);
}

static void takes(int fd, ssize_t bytes, const char *what) {
    char buffer[64];
    check(read(fd, buffer, sizeof buffer) == bytes, "%s", what);
}

static void level(void) {
    char byte;
    begin(EPOLLIN);
    for (int i = 0; i < 3; i++) {
        send_one(), arrived(ends[1], 6);
        check(event(0) == EPOLLIN && event(0) == EPOLLIN, "level: bytes that came while the program was awake are told until they are read");
        need(read(ends[1], &byte, 1) == 1);
        check(event(0) == EPOLLIN, "level: the rest is told");
        takes(ends[1], 5, "level: and read");
        check(event(0) == 0, "level: then there is nothing");
    }
    end();
}

static void edge(void) {
    char byte;
    begin(EPOLLIN | EPOLLET | EPOLLRDHUP);
    send_one(), arrived(ends[1], 6);
    check((event(10000) & EPOLLIN) != 0, "edge: bytes are told");
    check(event(0) == 0, "edge: once");
    need(read(ends[1], &byte, 1) == 1);
    send_one(), arrived(ends[1], 11);
    check((event(10000) & EPOLLIN) != 0, "edge: more bytes are told though some were left");
    takes(ends[1], 11, "edge: all are read");
    need(shutdown(ends[0], SHUT_WR) == 0);
    uint32_t told = 0;
    while (told != ~0u && (told & EPOLLRDHUP) == 0) told = event(10000); /* perhaps of more to read first */
    check(told != ~0u, "edge: the end is told");
    takes(ends[1], 0, "edge: and read");
    end();
}

static void edge_with_all_that_holds(void) {
    begin(EPOLLIN | EPOLLOUT | EPOLLET);
    check(event(10000) == EPOLLOUT && event(0) == 0, "edge: room is told once");
    for (int i = 0; i < 2; i++) {
        send_one(), arrived(ends[1], 6);
        check(event(10000) == (EPOLLIN | EPOLLOUT), "edge: bytes are told together with the room there is");
        takes(ends[1], 6, "edge: and read");
    }
    end();
}

static void modified(void) {
    begin(EPOLLIN | EPOLLET);
    send_one(), arrived(ends[1], 6);
    check((event(10000) & EPOLLIN) != 0 && event(0) == 0, "modified: told once");
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 7};
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &e) == 0);
    check((event(10000) & EPOLLIN) != 0, "EPOLL_CTL_MOD tells again of what is there");
    e.events = EPOLLOUT | EPOLLET;
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &e) == 0);
    check((event(10000) & EPOLLIN) == 0, "who asks for room is not told of bytes");
    need(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL) == 0);
    send_one(), arrived(ends[1], 12);
    check(event(0) == 0, "a socket that was taken out is not told of");
    check(polled(ends[1], POLLIN, 10000) == POLLIN, "but poll tells");
    e = (struct epoll_event){.events = EPOLLIN, .data.u64 = 7};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    check(event(10000) == EPOLLIN, "and epoll, when it is put in again");
    end();
}

static void once(void) {
    begin(EPOLLIN | EPOLLONESHOT);
    send_one(), arrived(ends[1], 6);
    check(event(10000) == EPOLLIN && event(0) == 0, "EPOLLONESHOT tells once");
    send_one(), arrived(ends[1], 12);
    check(event(50) == 0, "and not again");
    struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 7};
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &e) == 0);
    check(event(10000) == EPOLLIN, "until it is asked again");
    end();
}

static void looked_at_otherwise(void) {
    begin(EPOLLIN);
    send_one(), arrived(ends[1], 6);
    check(polled(ends[1], POLLIN, 10000) == POLLIN && event(10000) == EPOLLIN, "poll and epoll tell of the same bytes");
    takes(ends[1], 6, "which are read once");
    check(polled(ends[1], POLLIN, 0) == 0 && event(0) == 0, "and then neither tells");
    int copy = dup(ends[1]);
    send_one(), arrived(ends[1], 6);
    check(event(10000) == EPOLLIN && polled(copy, POLLIN, 10000) == POLLIN, "a duplicate is told of, too");
    close(ends[1]);
    check(event(10000) == EPOLLIN, "and as long as it is there, epoll tells");
    takes(copy, 6, "a duplicate reads");
    ends[1] = copy;
    end();
}

/* Who is looked at otherwise gets packets from then on, but none for bytes of which all know. */
static void told_once_whoever_looks(void) {
    connection(AF_INET, ends);
    send_one();
    need(polled(ends[1], POLLIN, 10000) == POLLIN);
    epoll = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 7};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
    check(event(10000) == EPOLLIN, "edge: bytes that were there before are told");
    need(polled(ends[1], POLLIN, 0) == POLLIN);
    check(event(300) == 0, "and once, though poll looked at them, too, and they lie there");
    send_one(), arrived(ends[1], 12);
    check(event(10000) == EPOLLIN, "more of them are told");
    end();
}

/* Some programs look with MSG_PEEK and wait for the next edge when that was not enough. */
static void more_while_none_is_taken(void) {
    char bytes[64];
    for (int armed = 0; armed < 2; armed++) {
        begin(EPOLLIN | EPOLLET);
        int copy = armed != 0 ? -1 : dup(ends[1]);
        for (int i = 1; i <= 5; i++) {
            send_one();
            check(event(10000) == EPOLLIN && recv(ends[1], bytes, sizeof bytes, MSG_PEEK) == 6 * i,
                  "edge, %s: more bytes are told though none were taken: %d", armed != 0 ? "alone" : "duplicated", i);
        }
        check(event(0) == 0, "edge, %s: then there are no more", armed != 0 ? "alone" : "duplicated");
        if (copy >= 0) close(copy);
        end();
    }
}

static void two_instances(void) {
    begin(EPOLLIN);
    int other = epoll_create1(0), outer = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN}, got;
    send_one(), arrived(ends[1], 6);
    need(epoll_ctl(other, EPOLL_CTL_ADD, ends[1], &e) == 0);
    check(event(10000) == EPOLLIN && epoll_wait(other, &got, 1, 10000) == 1, "two instances are both told");
    takes(ends[1], 6, "and when the bytes are read");
    check(event(0) == 0 && epoll_wait(other, &got, 1, 0) == 0, "neither is");
    need(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &e) == 0);
    send_one(), arrived(ends[1], 6);
    check(epoll_wait(outer, &got, 1, 10000) == 1 && event(10000) == EPOLLIN, "an instance in an instance is told");
    close(other), close(outer);
    end();
}

static void nested_from_the_start(void) {
    begin(EPOLLIN);
    int outer = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN}, got;
    need(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &e) == 0);
    check(event(0) == 0 && epoll_wait(outer, &got, 1, 0) == 0, "an instance in an instance is quiet");
    send_one(), arrived(ends[1], 6);
    check(epoll_wait(outer, &got, 1, 10000) == 1, "and tells of bytes");
    check(polled(epoll, POLLIN, 10000) == POLLIN, "so does poll of an instance");
    close(outer);
    end();
}

static void *waits(void *argument) {
    uint32_t *seen = argument;
    *seen = event(10000);
    return NULL;
}

static void in_two_threads(void) {
    pthread_t thread;
    uint32_t first = 0;
    begin(EPOLLIN);
    check(event(0) == 0, "no event before there are bytes");
    need(pthread_create(&thread, NULL, waits, &first) == 0);
    usleep(20000);
    uint32_t second = 0;
    pthread_t other;
    need(pthread_create(&other, NULL, waits, &second) == 0);
    usleep(20000);
    send_one();
    pthread_join(thread, NULL), pthread_join(other, NULL);
    check(first == EPOLLIN && second == EPOLLIN, "two threads in one instance are both told of bytes that stay");
    end();
}

static void across_fork(void) {
    begin(EPOLLIN);
    send_one(), arrived(ends[1], 6);
    pid_t child = fork();
    if (child == 0) _exit(event(10000) == EPOLLIN && read(ends[1], &(char[8]){0}, 8) == 6 ? 0 : 1);
    int status = -1;
    need(waitpid(child, &status, 0) == child);
    check(status == 0, "a child is told of bytes that came before it was there");
    check(event(0) == 0, "and when it has read them, its parent is not");
    send_one();
    check(event(10000) == EPOLLIN, "bytes that come then are told to the parent");
    end();
}

static void while_another_waits(void) {
    char byte;
    begin(EPOLLIN | EPOLLET);
    int flags = fcntl(ends[1], F_GETFL);
    need(fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK) == 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        send_one();
        _exit(0);
    }
    check(read(ends[1], &byte, 1) == 1, "a blocking read of a socket in an instance wakes");
    waitpid(child, NULL, 0);
    end();
}

/* Two sides that are awake and asleep in turn: nobody may be forgotten. */
enum { MESSAGES = 20000, PAIRS = 8 };
static int sides[PAIRS][2];

static void *echo(void *argument) {
    char buffer[256];
    (void)argument;
    int own = epoll_create1(0), open = PAIRS;
    struct epoll_event e[3];
    for (int i = 0; i < PAIRS; i++) {
        e[0] = (struct epoll_event){.events = EPOLLIN | (i % 2 != 0 ? (unsigned)EPOLLET : 0), .data.fd = sides[i][1]};
        need(epoll_ctl(own, EPOLL_CTL_ADD, sides[i][1], &e[0]) == 0);
    }
    while (open > 0) {
        int count = epoll_wait(own, e, 3, 10000);
        need(count > 0);
        for (int i = 0; i < count; i++) {
            ssize_t n;
            while ((n = read(e[i].data.fd, buffer, sizeof buffer)) > 0) need(write(e[i].data.fd, buffer, (size_t)n) == n);
            if (n == 0) open--, epoll_ctl(own, EPOLL_CTL_DEL, e[i].data.fd, NULL);
        }
    }
    close(own);
    return NULL;
}

static void nobody_is_forgotten(void) {
    pthread_t thread;
    unsigned chance = 1;
    long answered = 0, late = 0;
    char byte;
    for (int i = 0; i < PAIRS; i++) {
        connection(AF_INET, sides[i]);
        set_nonblocking(sides[i][1]);
    }
    need(pthread_create(&thread, NULL, echo, NULL) == 0);
    int rounds = 0;
    /* where everything takes its time, under a sanitizer on a busy machine, fewer of them */
    for (double end = seconds() + 10; rounds < MESSAGES && (rounds < MESSAGES / 10 || seconds() < end); rounds++) {
        chance = chance * 1103515245 + 12345;
        int some = 1 + (int)(chance >> 16) % PAIRS;
        for (int k = 0; k < some; k++) need(write(sides[k][0], "x", 1) == 1);
        for (int k = 0; k < some; k++) {
            if (polled(sides[k][0], POLLIN, 10000) == 0) late++;
            else answered += read(sides[k][0], &byte, 1);
        }
        if (late > 0) break;
    }
    check(late == 0 && answered >= rounds, "of %ld messages in %d connections each is answered", answered, PAIRS);
    for (int i = 0; i < PAIRS; i++) close(sides[i][0]);
    pthread_join(thread, NULL);
    for (int i = 0; i < PAIRS; i++) close(sides[i][1]);
}

/* Few places for many events: everybody has a turn. */
static void few_places(void) {
    bool told[PAIRS] = {false};
    int own = epoll_create1(0), seen = 0;
    struct epoll_event e;
    for (int i = 0; i < PAIRS; i++) {
        connection(AF_INET, sides[i]);
        e = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
        need(epoll_ctl(own, EPOLL_CTL_ADD, sides[i][1], &e) == 0);
        need(write(sides[i][0], "x", 1) == 1);
    }
    for (int i = 0; i < PAIRS; i++) arrived(sides[i][1], 1);
    for (int i = 0; i < 4 * PAIRS; i++)
        if (epoll_wait(own, &e, 1, 1000) == 1 && !told[e.data.u32]) told[e.data.u32] = true, seen++;
    check(seen == PAIRS, "with one place for an event each of %d sockets has its turn: %d", PAIRS, seen);
    for (int i = 0; i < PAIRS; i++) close(sides[i][0]), close(sides[i][1]);
    close(own);
}

int main(void) {
    level();
    edge();
    edge_with_all_that_holds();
    modified();
    once();
    looked_at_otherwise();
    told_once_whoever_looks();
    more_while_none_is_taken();
    two_instances();
    nested_from_the_start();
    in_two_threads();
    across_fork();
    while_another_waits();
    few_places();
    nobody_is_forgotten();
    finished();
}
