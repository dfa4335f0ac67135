/* Waiting for a rump kernel's sockets and for the host's descriptors together. Neither kernel waits for the other's.
 *
 * So a second thread waits in the rump kernel's kevent(). It hands the events over in a buffer and waits until they are
 * taken; the INS's thread takes them whenever it passes by, and sleeps in the host's epoll, where an eventfd stands for the
 * buffer. While the INS is busy, looking costs one load. Sleeping and being rung follow the rules of doorbells:
 * docs/protocol.md, "Publish, fence, look". */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../netbsd/netbsd.h"

void rump_join(void);

#define MOST 64
#define TOKEN_BELL UINT64_MAX

static int queue, host, bell;
static struct {
    struct bsd_kevent events[MOST];
    int count, taken;
} buffer;
static _Atomic bool filled, asleep;
static sem_t taken;

static void *wait_inside(void *unused) {
    (void)unused;
    rump_join();
    for (;;) {
        buffer.count = bsd_kevent(queue, NULL, 0, buffer.events, MOST, NULL);
        /* ERESTART and EINTR; and nothing else that would go away by itself. */
        if (buffer.count < 0 && (errno <= 0 || errno == NETBSD_EINTR)) continue;
        if (buffer.count < 0) buffer.count = -errno;
        if (buffer.count == 0) continue;
        buffer.taken = 0;
        atomic_store(&filled, true);
        if (atomic_exchange(&asleep, false)) {
            ssize_t written = write(bell, &(uint64_t){1}, sizeof(uint64_t));
            (void)written; /* far from full */
        }
        while (sem_wait(&taken) != 0) continue;
    }
    return NULL;
}

static int host_result(int value) {
    size_t known = sizeof netbsd_errors / sizeof netbsd_errors[0];
    if (value >= 0) return value;
    return errno > 0 && (size_t)errno < known && netbsd_errors[errno] != 0 ? -netbsd_errors[errno] : -NETBSD_EIO;
}

int netbsd_watch_host(int descriptor, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return host_result(epoll_ctl(host, EPOLL_CTL_ADD, descriptor, &event));
}

int netbsd_wait_open(int kqueue) {
    pthread_t thread;
    sigset_t all, before;
    queue = kqueue;
    host = epoll_create1(EPOLL_CLOEXEC);
    bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (host < 0 || bell < 0 || sem_init(&taken, 0, 0) != 0) return host_result(-1);
    int error = netbsd_watch_host(bell, TOKEN_BELL);
    if (error != 0) return error;
    /* Signals are the other thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, NULL, wait_inside, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : -NETBSD_EAGAIN;
}

/* What the other thread has handed over, as far as there is room. */
static int take(struct bsd_kevent *events, int capacity) {
    if (!atomic_load(&filled)) return 0;
    if (buffer.count < 0) return buffer.count;
    int count = buffer.count - buffer.taken < capacity ? buffer.count - buffer.taken : capacity;
    memcpy(events, buffer.events + buffer.taken, (size_t)count * sizeof *events);
    buffer.taken += count;
    if (buffer.taken == buffer.count) {
        atomic_store(&filled, false);
        sem_post(&taken);
    }
    return count;
}

static int take_host(struct bsd_kevent *events, int capacity, int milliseconds) {
    struct epoll_event found[8];
    int most = capacity < 8 ? capacity : 8, count = 0;
    int ready = epoll_wait(host, found, most, milliseconds);
    for (int i = 0; i < ready; i++) {
        uint64_t rings;
        if (found[i].data.u64 != TOKEN_BELL)
            events[count++] = (struct bsd_kevent){.filter = BSD_EVFILT_READ, .user = (intptr_t)found[i].data.u64};
        else if (read(bell, &rings, sizeof rings) < 0)
            continue;
    }
    return count;
}

int netbsd_wait_events(struct bsd_kevent *events, int capacity, int milliseconds) {
    /* Some room for the host's in any case. */
    int count = take(events, capacity - 4);
    if (count < 0) return count;
    if (count > 0) milliseconds = 0;
    if (milliseconds != 0) {
        atomic_store(&asleep, true);
        if (atomic_load(&filled)) milliseconds = 0;
    }
    int more = take_host(events + count, capacity - count, milliseconds);
    atomic_store(&asleep, false);
    count += more;
    if (count == more) {
        more = take(events + count, capacity - count);
        if (more < 0) return more;
        count += more;
    }
    return count;
}
