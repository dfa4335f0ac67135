/* An epoll instance that is closed while another thread waits in it: who opens the next one is not disturbed when that thread wakes. */
#include "sleeper.h"

static void over_a_sleeper(void) {
    enum { ROUNDS = 8 };
    int late = 0, unaware = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct sleeper old, new;
        int ends[2], others[2];
        connection(AF_INET, ends);
        connection(AF_INET, others);
        int epoll = instance(ends[1]);
        begin(&old, epoll);
        close(epoll);
        int next = instance(others[1]);
        begin(&new, next);
        need(write(ends[0], "x", 1) == 1);
        pthread_join(old.thread, NULL);
        unaware += old.told != 1;
        double sent = seconds();
        need(write(others[0], "x", 1) == 1);
        pthread_join(new.thread, NULL);
        late += new.told != 1 || new.woken - sent > 2;
        close(next), close(ends[0]), close(ends[1]), close(others[0]), close(others[1]);
        if (late != 0) break;
    }
    check(unaware == 0, "who sleeps in an instance that is closed is woken by its sockets");
    check(late == 0, "and then who sleeps in the next one by those of that");
}

/* ---- closed by two threads at once ---- */

static _Atomic bool over;
static _Atomic int shared;

static void *closes(void *argument) {
    (void)argument;
    while (!over) close(shared);
    return NULL;
}

static void by_two_at_once(void) {
    pthread_t threads[2];
    int ends[2];
    connection(AF_INET, ends);
    shared = -1;
    for (int i = 0; i < 2; i++) need(pthread_create(&threads[i], NULL, closes, NULL) == 0);
    for (double end = seconds() + 2; seconds() < end;) {
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event e = {.events = EPOLLIN};
        epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &e);
        shared = epoll;
        while (fcntl(epoll, F_GETFD) >= 0) continue;
        shared = -1;
    }
    over = true;
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    int epoll = instance(ends[1]);
    struct epoll_event e;
    need(write(ends[0], "x", 1) == 1);
    check(epoll_wait(epoll, &e, 1, 5000) == 1, "after instances that two threads closed at once the next one works");
    close(epoll), close(ends[0]), close(ends[1]);
}

int main(void) {
    over_a_sleeper();
    by_two_at_once();
    finished();
}
