/* Urgent bytes of TCP: MSG_OOB, SO_OOBINLINE, the mark, and how they are told. */
#include "check.h"

#include <linux/sockios.h>

static int ends[2];

static void begin(void) { connection(AF_INET, ends); }
static void end(void) { close(ends[0]), close(ends[1]); }

static bool at_mark(int fd) {
    int is = -1;
    need(ioctl(fd, SIOCATMARK, &is) == 0 && (is == 0 || is == 1));
    return is == 1;
}

/* The byte, or minus the error. */
static int urgent(int fd, int flags) {
    unsigned char byte = 0;
    ssize_t got = recv(fd, &byte, 1, MSG_OOB | flags);
    return got == 1 ? byte : got == 0 ? -1000 : -errno;
}

static bool comes(int fd) { return (polled(fd, POLLPRI, 10000) & POLLPRI) != 0; }

/* What one read gets. */
static bool reads(int fd, const char *expected) {
    char bytes[64] = "";
    ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
    bool as = got == (ssize_t)strlen(expected) && memcmp(bytes, expected, strlen(expected)) == 0;
    if (!as) printf("# read '%s', not '%s'\n", bytes, expected);
    return as;
}

static void none(void) {
    begin();
    int alone = socket(AF_INET, SOCK_STREAM, 0), listening = listener(AF_INET), datagrams = datagram(AF_INET);
    check(urgent(ends[1], 0) == -EINVAL && urgent(ends[1], MSG_DONTWAIT) == -EINVAL, "without an urgent byte MSG_OOB is invalid");
    check(!at_mark(ends[1]) && sockatmark(ends[1]) == 0, "and there is no mark");
    check(urgent(alone, 0) == -EINVAL, "also of a socket that is not connected");
    check(urgent(listening, 0) == -ENOTCONN, "a listener is not connected");
    check(urgent(datagrams, MSG_DONTWAIT) == -EAGAIN || errno == EOPNOTSUPP, "datagrams know no urgency");
    check(send(datagrams, "x", 1, MSG_OOB) == -1 && errno == EOPNOTSUPP, "neither in sending");
    check(send(alone, "x", 1, MSG_OOB | MSG_NOSIGNAL) == -1 && errno == EPIPE, "nothing urgent leaves a socket that is not connected");
    close(alone), close(listening), close(datagrams);
    end();
}

static void apart(void) {
    begin();
    check(send(ends[0], "ab!", 3, MSG_OOB) == 3, "the last byte of a send with MSG_OOB is urgent");
    need(comes(ends[1]));
    check(!at_mark(ends[1]), "the mark is behind what comes before");
    int bytes = -1;
    check(ioctl(ends[1], FIONREAD, &bytes) == 0 && bytes == 2, "FIONREAD counts up to it");
    check(urgent(ends[1], MSG_PEEK) == '!' && urgent(ends[1], 0) == '!', "MSG_OOB gets the urgent byte before all others");
    check(urgent(ends[1], 0) == -EINVAL, "once");
    check(reads(ends[1], "ab"), "a read gets the bytes before it");
    check(at_mark(ends[1]), "and stops at the mark");
    need(write(ends[0], "cd", 2) == 2);
    await_readable(ends[1]);
    check(reads(ends[1], "cd"), "a read at the mark goes on behind the urgent byte");
    check(!at_mark(ends[1]) && urgent(ends[1], 0) == -EINVAL, "and the mark is gone");
    end();
}

static void stops(void) {
    char bytes[8];
    begin();
    need(write(ends[0], "ab", 2) == 2 && send(ends[0], "!", 1, MSG_OOB) == 1 && write(ends[0], "cd", 2) == 2);
    need(comes(ends[1]));
    need(comes_to(ends[1], POLLIN, POLLIN));
    usleep(20000); /* everything may be here, and need not */
    check(reads(ends[1], "ab"), "a read does not go beyond a mark");
    check(at_mark(ends[1]) && urgent(ends[1], 0) == '!', "where the urgent byte can still be had");
    await_readable(ends[1]);
    check(recv(ends[1], bytes, 2, MSG_WAITALL) == 2 && memcmp(bytes, "cd", 2) == 0, "behind it reading goes on");
    need(write(ends[0], "ef", 2) == 2 && send(ends[0], "?", 1, MSG_OOB) == 1 && write(ends[0], "gh", 2) == 2);
    need(comes(ends[1]));
    check(recv(ends[1], bytes, 4, MSG_WAITALL) == 2, "MSG_WAITALL stops at a mark, too");
    check(recv(ends[1], bytes, 2, MSG_WAITALL) == 2 && memcmp(bytes, "gh", 2) == 0 && urgent(ends[1], 0) == -EINVAL,
          "an urgent byte that was passed is lost");
    end();
}

static void alone(void) {
    char byte;
    begin();
    need(send(ends[0], "!", 1, MSG_OOB) == 1);
    check(comes(ends[1]), "poll tells an urgent byte as POLLPRI");
    check(polled(ends[1], POLLIN | POLLPRI | POLLOUT, 0) == (POLLPRI | POLLOUT), "which is not readable");
    check(at_mark(ends[1]), "the mark is here");
    check(polled(ends[1], POLLPRI, 0) == POLLPRI, "and is told until it is taken");
    check(urgent(ends[1], 0) == '!' && polled(ends[1], POLLIN | POLLPRI, 0) == 0, "which ends it");
    check(recv(ends[1], &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN, "there is nothing to read");
    need(send(ends[0], "?", 1, MSG_OOB) == 1 && comes(ends[1]));
    check(recv(ends[1], &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN && urgent(ends[1], 0) == -EINVAL,
          "a read at an urgent byte that is alone passes it");
    end();
}

static void in_line(void) {
    int on = 1, is = 0;
    socklen_t length = sizeof is;
    begin();
    need(setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on) == 0);
    check(getsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &is, &length) == 0 && is == 1, "SO_OOBINLINE is on");
    check(getsockopt(ends[0], SOL_SOCKET, SO_OOBINLINE, &is, &length) == 0 && is == 0, "and off at first");
    need(send(ends[0], "ab!", 3, MSG_OOB) == 3 && comes(ends[1]));
    check(urgent(ends[1], 0) == -EINVAL, "with SO_OOBINLINE there is no MSG_OOB");
    check(reads(ends[1], "ab") && at_mark(ends[1]), "a read stops at the mark");
    check(polled(ends[1], POLLIN | POLLPRI, 0) == (POLLIN | POLLPRI), "where the urgent byte is readable");
    need(write(ends[0], "cd", 2) == 2);
    char bytes[3];
    check(recv(ends[1], bytes, 3, MSG_WAITALL) == 3 && memcmp(bytes, "!cd", 3) == 0, "and is read as any other");
    check(!at_mark(ends[1]) && polled(ends[1], POLLIN | POLLPRI, 0) == 0, "then the mark is gone");
    end();
    int listening = listener(AF_INET);
    need(setsockopt(listening, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on) == 0);
    ends[0] = connected_to(listening);
    ends[1] = accept(listening, NULL, NULL);
    need(ends[1] >= 0 && send(ends[0], "ab!", 3, MSG_OOB) == 3 && comes(ends[1]));
    check(getsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &is, &length) == 0 && is == 1 && reads(ends[1], "ab") && reads(ends[1], "!"),
          "accepted sockets have SO_OOBINLINE of their listener");
    close(listening);
    end();
}

static void selects(void) {
    begin();
    need(send(ends[0], "!", 1, MSG_OOB) == 1);
    fd_set reading, other;
    FD_ZERO(&reading);
    FD_ZERO(&other);
    FD_SET(ends[1], &reading), FD_SET(ends[1], &other);
    struct timeval limit = {10, 0};
    check(select(ends[1] + 1, &reading, NULL, &other, &limit) == 1 && FD_ISSET(ends[1], &other) && !FD_ISSET(ends[1], &reading),
          "select tells it in the third set");
    FD_ZERO(&other);
    FD_SET(ends[1], &other);
    check(pselect(ends[1] + 1, NULL, NULL, &other, NULL, NULL) == 1, "and pselect in the third set alone");
    need(urgent(ends[1], 0) == '!' && write(ends[0], "a", 1) == 1);
    await_readable(ends[1]);
    FD_ZERO(&other);
    FD_SET(ends[1], &other);
    limit = (struct timeval){0, 30000};
    check(select(ends[1] + 1, NULL, NULL, &other, &limit) == 0 && limit.tv_sec == 0 && limit.tv_usec == 0,
          "which knows nothing of ordinary bytes");
    end();
}

static void *send_later(void *byte) {
    usleep(30000);
    need(send(ends[0], byte, 1, MSG_OOB) == 1);
    return NULL;
}

/* The next event of `epoll`; 0 if there is none. */
static uint32_t event(int epoll, int milliseconds) {
    struct epoll_event e = {.events = 0};
    int count = epoll_wait(epoll, &e, 1, milliseconds);
    need(count >= 0);
    return count == 1 ? e.events : 0;
}

static void wakes(void) {
    static const struct {
        const char *name;
        uint32_t events;
    } ways[] = {{"for urgent bytes alone", EPOLLPRI}, {"for both", EPOLLIN | EPOLLPRI}, {"for the edge", EPOLLIN | EPOLLPRI | EPOLLET}};
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        begin();
        int epoll = epoll_create1(0);
        struct epoll_event e = {.events = ways[i].events, .data.fd = ends[1]};
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e) == 0);
        check(event(epoll, 0) == 0, "epoll has nothing to tell to who waits %s", ways[i].name);
        need(pthread_create(&thread, NULL, send_later, "!") == 0);
        check(event(epoll, 10000) == EPOLLPRI, "who waits in epoll %s is woken by one", ways[i].name);
        pthread_join(thread, NULL);
        check(event(epoll, 0) == ((ways[i].events & EPOLLET) != 0 ? 0 : EPOLLPRI), "and is told again, unless it waits for the edge");
        check(urgent(ends[1], 0) == '!' && event(epoll, 0) == 0, "until it has been taken");
        need(send(ends[0], "?", 1, MSG_OOB) == 1);
        check(event(epoll, 10000) == EPOLLPRI && urgent(ends[1], 0) == '?', "and the next one likewise");
        need(write(ends[0], "a", 1) == 1);
        check(event(epoll, (ways[i].events & EPOLLIN) != 0 ? 10000 : 30) == (ways[i].events & EPOLLIN), "bytes are told as bytes");
        close(epoll);
        end();
    }
    begin();
    need(pthread_create(&thread, NULL, send_later, "!") == 0);
    check(polled(ends[1], POLLPRI, 10000) == POLLPRI, "who waits in poll is woken");
    pthread_join(thread, NULL);
    end();
}

/* A reader who knows nothing of urgent bytes is not disturbed by them. */
static void strangers(void) {
    char bytes[4];
    begin();
    need(write(ends[0], "ab", 2) == 2 && send(ends[0], "!", 1, MSG_OOB) == 1 && write(ends[0], "cd", 2) == 2);
    shutdown(ends[0], SHUT_WR);
    size_t got = 0;
    for (ssize_t n; (n = read(ends[1], bytes + got, sizeof bytes - got)) > 0;) got += (size_t)n;
    check(got == 4 && memcmp(bytes, "abcd", 4) == 0, "a reader who does not know of urgent bytes gets the others");
    end();
    begin();
    set_nonblocking(ends[1]);
    need(send(ends[0], "!", 1, MSG_OOB) == 1);
    check(polled(ends[1], POLLIN, 50) == 0, "and is not woken by one that is alone");
    end();
}

/* Between many others: each mark where it was made. */
static void *send_many(void *argument) {
    static char block[3000];
    unsigned chance = 7;
    (void)argument;
    for (int i = 0; i < 200; i++) {
        chance = chance * 1103515245 + 12345;
        size_t length = 1 + (chance >> 16) % sizeof block;
        need(send(ends[0], block, length, MSG_NOSIGNAL) == (ssize_t)length);
        need(send(ends[0], "U", 1, MSG_OOB) == 1);
        char answer;
        need(recv(ends[0], &answer, 1, 0) == 1);
    }
    shutdown(ends[0], SHUT_WR);
    return NULL;
}

static void many(void) {
    static char block[4096];
    int marks = 0, wrong = 0;
    pthread_t thread;
    begin();
    need(pthread_create(&thread, NULL, send_many, NULL) == 0);
    for (;;) {
        need(polled(ends[1], POLLIN | POLLPRI, 10000) != 0);
        if (at_mark(ends[1]) && urgent(ends[1], 0) == 'U') {
            marks++;
            need(send(ends[1], "a", 1, 0) == 1);
        }
        ssize_t n = recv(ends[1], block, sizeof block, MSG_DONTWAIT);
        if (n == 0) break;
        for (ssize_t i = 0; i < n; i++) wrong += block[i] != 0;
    }
    check(marks == 200 && wrong == 0, "each of 200 urgent bytes has its mark: %d, and none is among the others: %d", marks, wrong);
    pthread_join(thread, NULL);
    end();
}

int main(void) {
    none();
    apart();
    stops();
    alone();
    in_line();
    selects();
    wakes();
    strangers();
    many();
    finished();
}
