/* A thread waits in a call while another one ends the socket under it; and processes that are killed at any
 * moment. */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/syscall.h>

struct waiter {
    int fd;
    ssize_t result;
    int error;
    char byte;
    _Atomic pid_t thread;
};

static void *receiving(void *argument) {
    struct waiter *w = argument;
    w->thread = gettid();
    w->result = recv(w->fd, &w->byte, 1, 0);
    w->error = errno;
    return NULL;
}

static void *accepting(void *argument) {
    struct waiter *w = argument;
    w->thread = gettid();
    w->result = accept(w->fd, NULL, NULL);
    w->error = errno;
    return NULL;
}

static void *polling(void *argument) {
    struct waiter *w = argument;
    struct pollfd p = {.fd = w->fd, .events = POLLIN | POLLRDHUP};
    w->thread = gettid();
    w->result = poll(&p, 1, -1);
    w->error = p.revents;
    return NULL;
}

/* Until nobody takes any more. */
static void *sending(void *argument) {
    static char block[1 << 16];
    struct waiter *w = argument;
    w->thread = gettid();
    while ((w->result = send(w->fd, block, sizeof block, MSG_NOSIGNAL)) > 0) continue;
    w->error = errno;
    return NULL;
}

static pthread_t begin(struct waiter *w, void *(*body)(void *), int fd) {
    pthread_t thread;
    *w = (struct waiter){.fd = fd};
    need(pthread_create(&thread, NULL, body, w) == 0);
    await_sleep(&w->thread);
    return thread;
}

static void ended_by_another(void) {
    static const struct {
        int how;
        const char *name;
    } ways[] = {{SHUT_RD, "SHUT_RD"}, {SHUT_RDWR, "SHUT_RDWR"}};
    struct waiter w;
    int ends[2];
    for (int i = 0; i < 2; i++) {
        connection(AF_INET, ends);
        pthread_t thread = begin(&w, receiving, ends[0]);
        need(shutdown(ends[0], ways[i].how) == 0);
        pthread_join(thread, NULL);
        check(w.result == 0, "shutdown(%s) ends another thread's recv", ways[i].name);
        close(ends[0]), close(ends[1]);
    }
    connection(AF_INET, ends);
    pthread_t thread = begin(&w, polling, ends[0]);
    need(shutdown(ends[0], SHUT_RDWR) == 0);
    pthread_join(thread, NULL);
    check(w.result == 1 && (w.error & POLLIN) != 0 && comes_to(ends[0], POLLIN | POLLRDHUP, POLLIN | POLLRDHUP | POLLHUP), "and its poll: %x", w.error);
    close(ends[0]), close(ends[1]);
    connection(AF_INET, ends);
    thread = begin(&w, sending, ends[0]);
    need(shutdown(ends[0], SHUT_WR) == 0);
    pthread_join(thread, NULL);
    check(w.result == -1 && w.error == EPIPE, "shutdown(SHUT_WR) ends another thread's send with EPIPE: %d", w.error);
    close(ends[0]), close(ends[1]);
    int listening = listener(AF_INET);
    thread = begin(&w, accepting, listening);
    need(shutdown(listening, SHUT_RDWR) == 0);
    pthread_join(thread, NULL);
    check(w.result == -1 && w.error == EINVAL, "shutdown of a listener ends another thread's accept with EINVAL: %d", w.error);
    close(listening);
}

/* A call that is under way keeps its socket, whatever becomes of its number. */
static void closed_by_another(void) {
    struct waiter w;
    int ends[2], other[2];
    char bytes[4];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
    connection(AF_INET, ends);
    int number = ends[0];
    pthread_t thread = begin(&w, receiving, number);
    close(number);
    need(dup2(other[0], number) == number);
    need(write(other[1], "abc", 3) == 3 && write(ends[1], "x", 1) == 1);
    pthread_join(thread, NULL);
    check(w.result == 1 && w.byte == 'x', "recv goes on with its socket when another thread closes the number");
    check(read(number, bytes, 4) == 3 && memcmp(bytes, "abc", 3) == 0, "and takes nothing of what the number becomes");
    /* Behind the gateway it may be a reset: the last reference goes before the byte is taken out of the ring. */
    bool over = false;
    for (double end = seconds() + 10; !over && seconds() < end;) over = (polled(ends[1], POLLIN | POLLRDHUP, 100) & POLLRDHUP) != 0;
    check(over, "then the connection ends");
    close(number), close(other[0]), close(other[1]), close(ends[1]);
}

/* Under a reader that never waits the number becomes another file and the socket again. */
static volatile int reading_of, sending_to;
static _Atomic bool over;
static _Atomic long others; /* bytes of the other file that the reader got */

static void *reading_on(void *argument) {
    char bytes[64];
    (void)argument;
    while (!over) {
        ssize_t n = recv(reading_of, bytes, sizeof bytes, MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++) others += bytes[i] == 'o';
    }
    return NULL;
}

static void *sending_on(void *argument) {
    (void)argument;
    while (!over) {
        send(sending_to, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        for (volatile int i = 0; i < 300; i++) continue;
    }
    return NULL;
}

static void replaced_by_another(void) {
    int ends[2];
    long put = 0, there = 0;
    pthread_t reader, sender;
    connection(AF_INET, ends);
    reading_of = fcntl(ends[1], F_DUPFD, 100), sending_to = ends[0];
    need(reading_of >= 100 && pthread_create(&reader, NULL, reading_on, NULL) == 0 && pthread_create(&sender, NULL, sending_on, NULL) == 0);
    for (double end = seconds() + 4; seconds() < end; put++) {
        int other[2];
        char byte;
        need(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0 && write(other[1], "o", 1) == 1);
        need(dup2(other[0], reading_of) == reading_of);
        for (volatile int i = 0; i < 2000; i++) continue;
        need(dup2(ends[1], reading_of) == reading_of);
        usleep(100); /* the reader's call on it is over */
        there += recv(other[0], &byte, 1, MSG_DONTWAIT) == 1;
        close(other[0]), close(other[1]);
    }
    over = true;
    pthread_join(reader, NULL), pthread_join(sender, NULL);
    check(put - there - others == 0, "of %ld files that took a socket's number under its reader none loses a byte: %ld", put, put - there - others);
    close(reading_of), close(ends[0]), close(ends[1]);
}

/* What a killed process held ends; what it shared goes on. */
static void killed(void) {
    enum { ROUNDS = 40 };
    int listening = listener(AF_INET), ended = 0, sharing[2], shared = 0;
    connection(AF_INET, sharing);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        if (child == 0) {
            int fd = connected_to(listening);
            char block[3000] = "";
            /* In the midst of sending, receiving, opening and closing. */
            for (;;) {
                if (send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) _exit(1);
                recv(fd, block, sizeof block, MSG_DONTWAIT);
                send(sharing[0], "s", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
                recv(sharing[0], block, 1, MSG_DONTWAIT);
                close(socket(AF_INET, SOCK_STREAM, 0));
            }
        }
        int fd = accept(listening, NULL, NULL);
        char block[5000];
        ssize_t n = 1;
        /* At a different place each time. */
        for (int i = 0; i <= round && n > 0; i++) n = recv(fd, block, 977, 0);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while ((n = recv(fd, block, sizeof block, 0)) > 0) continue;
        ended += n == 0 || errno == ECONNRESET;
        close(fd);
        /* The locks that the child may have held are this process's too. */
        send(sharing[0], "m", 1, MSG_DONTWAIT);
        while ((n = recv(sharing[1], block, sizeof block, 0)) > 0 && memchr(block, 'm', (size_t)n) == NULL) continue;
        shared += n > 0 && write(sharing[1], "r", 1) == 1 && read(sharing[0], block, 1) == 1;
    }
    check(ended == ROUNDS, "the connections of %d killed processes end: %d", ROUNDS, ended);
    check(shared == ROUNDS, "what they shared with their parent works on: %d", shared);
    close(listening), close(sharing[0]), close(sharing[1]);
}

static int terminal;
static _Atomic bool sent; /* natively at once: no terminal is sent there */

static void *send_typed(void *argument) {
    sendfile(*(int *)argument, terminal, NULL, 100);
    sent = true;
    return NULL;
}

/* A file that comes slowly keeps its sender, and nobody else. */
static void closed_while_a_file_comes(void) {
    int ends[2], typing = posix_openpt(O_RDWR | O_NOCTTY);
    pthread_t thread;
    connection(AF_INET, ends);
    need(typing >= 0 && grantpt(typing) == 0 && unlockpt(typing) == 0);
    terminal = open(ptsname(typing), O_RDWR | O_NOCTTY);
    need(terminal >= 0 && pthread_create(&thread, NULL, send_typed, &ends[0]) == 0);
    for (double end = seconds() + 0.3; !sent && seconds() < end;) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    double began = seconds();
    check(close(ends[0]) == 0 && seconds() - began < 5, "a socket is closed while a file that comes slowly is sent");
    need(write(typing, "end\n", 4) == 4);
    close(typing); /* which ends whatever is read from the other end */
    pthread_join(thread, NULL);
    close(ends[1]), close(terminal);
}

int main(void) {
    closed_while_a_file_comes();
    ended_by_another();
    closed_by_another();
    replaced_by_another();
    killed();
    finished();
}
