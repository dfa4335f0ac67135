/* Epoll instances whose threads are cancelled while they wait, before or after the instance is closed. */
#include "sleeper.h"

/* More than any table of instances has places. */
static void cancelled(void) {
    enum { ROUNDS = 40 };
    int ends[2];
    struct sleeper s;
    connection(AF_INET, ends);
    for (int round = 0; round < ROUNDS; round++) {
        bool first = round % 2 == 0;
        int epoll = instance(ends[1]);
        begin(&s, epoll);
        if (first) close(epoll);
        need(pthread_cancel(s.thread) == 0 && pthread_join(s.thread, NULL) == 0);
        if (!first) close(epoll);
    }
    int epoll = instance(ends[1]);
    struct epoll_event e;
    need(write(ends[0], "x", 1) == 1);
    check(epoll_wait(epoll, &e, 1, 5000) == 1, "after %d instances whose threads were cancelled the next one works", ROUNDS);
    close(epoll), close(ends[0]), close(ends[1]);
}

int main(void) {
    cancelled();
    finished();
}
