/* Epoll where several descriptors share a word: nobody's events are lost, whoever was put in last. */
#include "check.h"

static int ends[2], other[2], epoll;

static void begin(void) {
    connection(AF_INET, ends);
    connection(AF_INET, other);
    epoll = epoll_create1(EPOLL_CLOEXEC);
}

static void end(void) { close(ends[0]), close(ends[1]), close(other[0]), close(other[1]), close(epoll); }

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event e = {.events = events, .data.u64 = 7};
    need(epoll_ctl(epoll, operation, fd, &e) == 0);
}

/* All that is told of the word by one call. */
static uint32_t told(int milliseconds) {
    struct epoll_event e[8];
    uint32_t events = 0;
    int count = epoll_wait(epoll, e, 8, milliseconds);
    need(count >= 0);
    for (int i = 0; i < count; i++) {
        need(e[i].data.u64 == 7);
        events |= e[i].events;
    }
    return events;
}

static void sockets(void) {
    begin();
    watch(EPOLL_CTL_ADD, ends[0], EPOLLOUT), watch(EPOLL_CTL_ADD, other[1], EPOLLIN);
    check(told(5000) == EPOLLOUT, "two sockets with one word: the room of the first is told");
    need(write(other[0], "x", 1) == 1 && polled(other[1], POLLIN, 10000) == POLLIN);
    check(told(5000) == (EPOLLOUT | EPOLLIN), "and the bytes of the second with it");
    watch(EPOLL_CTL_MOD, other[1], EPOLLIN | EPOLLRDHUP);
    check(told(5000) == (EPOLLOUT | EPOLLIN), "also when that has been asked anew");
    end();
}

static void edges(void) {
    begin();
    watch(EPOLL_CTL_ADD, ends[1], EPOLLIN | EPOLLET), watch(EPOLL_CTL_ADD, other[1], EPOLLOUT | EPOLLET);
    check(told(5000) == EPOLLOUT && told(0) == 0, "two edges with one word: room is told once");
    need(polled(ends[1], POLLIN, 0) == 0 && write(ends[0], "x", 1) == 1); /* by a packet */
    check(told(5000) == EPOLLIN, "and the bytes of the one that was put in first");
    end();
}

static void a_pipe(void) {
    int pipes[2];
    begin();
    need(pipe(pipes) == 0);
    watch(EPOLL_CTL_ADD, pipes[1], EPOLLOUT), watch(EPOLL_CTL_ADD, ends[1], EPOLLIN);
    check(told(5000) == EPOLLOUT, "a pipe and a socket with one word: the pipe's room is told");
    need(write(ends[0], "x", 1) == 1 && polled(ends[1], POLLIN, 10000) == POLLIN);
    check(told(5000) == (EPOLLOUT | EPOLLIN), "and the socket's bytes");
    close(pipes[0]), close(pipes[1]);
    end();
}

static void a_copy(void) {
    begin();
    int copy = dup(ends[1]);
    watch(EPOLL_CTL_ADD, ends[1], EPOLLIN), watch(EPOLL_CTL_ADD, copy, EPOLLOUT | EPOLLET);
    check(told(5000) == EPOLLOUT && told(0) == 0, "a socket and its copy with one word: room is told once");
    need(write(ends[0], "x", 1) == 1);
    check((told(5000) & EPOLLIN) != 0, "and bytes, though the copy was put in last");
    close(copy);
    end();
}

/* A word that was another's before is no shared one. */
static void a_new_owner(void) {
    begin();
    watch(EPOLL_CTL_ADD, ends[1], EPOLLIN);
    close(ends[1]);
    watch(EPOLL_CTL_ADD, other[1], EPOLLPRI);
    need(write(other[0], "x", 1) == 1 && polled(other[1], POLLIN, 10000) == POLLIN);
    check(told(30) == 0, "a word that was a closed socket's: who waits for urgent bytes is not told of others");
    need(send(other[0], "!", 1, MSG_OOB) == 1);
    check(told(5000) == EPOLLPRI, "but of these");
    ends[1] = dup(other[1]);
    end();
}

static void urgent(void) {
    begin();
    watch(EPOLL_CTL_ADD, ends[1], EPOLLRDHUP), watch(EPOLL_CTL_ADD, other[1], EPOLLPRI);
    need(write(other[0], "x", 1) == 1 && polled(other[1], POLLIN, 10000) == POLLIN);
    check(told(30) == 0, "two sockets with one word: bytes that neither wants are not told");
    need(send(other[0], "!", 1, MSG_OOB) == 1);
    check(told(5000) == EPOLLPRI, "urgent ones are");
    need(shutdown(ends[0], SHUT_WR) == 0 && comes_to(ends[1], POLLRDHUP, POLLRDHUP));
    check((told(5000) & EPOLLRDHUP) != 0, "and the end of the other");
    end();
}

/* Programs use the memory that a word points to again. */
static void a_word_again(void) {
    int pipes[2], fresh;
    begin();
    need(pipe(pipes) == 0);
    watch(EPOLL_CTL_ADD, pipes[1], EPOLLOUT);
    fresh = socket(AF_INET, SOCK_STREAM, 0);
    close(pipes[0]), close(pipes[1]);
    watch(EPOLL_CTL_ADD, fresh, EPOLLIN | EPOLLOUT);
    check(told(5000) == (EPOLLOUT | EPOLLHUP), "a word of a pipe that is closed is a socket's alone: its end is told");
    close(fresh);
    end();
}

int main(void) {
    sockets();
    edges();
    a_pipe();
    a_copy();
    a_new_owner();
    urgent();
    a_word_again();
    finished();
}
