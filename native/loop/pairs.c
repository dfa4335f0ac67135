/* Readiness pairs, made ahead of time and closed behind the event loop's back by a thread of their own: making and closing one costs more than all else that
 * the loop does for a short connection (docs/decisions/0036). Without the thread, and when its stock is empty, the loop does it itself. */
#include "pairs.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define STOCK 64     /* pairs */
#define CLOSING 1024 /* ends */
/* Pairs to make and ends to close that a dozing thread is woken for; fewer it finds by itself. */
#define MANY 24
#define DOZE_NANOSECONDS 20000000

enum state { AWAKE, DOZING, ASLEEP };

struct rf_pairs {
    pthread_t thread;
    _Atomic uint32_t state; /* enum state; the thread's futex */
    atomic_bool over;
    atomic_int loops_cpu; /* where the event loop was when it last woke the thread */
    cpu_set_t cpus;       /* the process's */
    /* Rings of one producer and one consumer; counters that never wrap within a life of 2^32 use it up and go on. */
    _Atomic uint32_t made, taken;
    struct rf_pair stock[STOCK];
    _Atomic uint32_t given, closed;
    int closing[CLOSING];
};

int rf_pair_make(struct rf_pair *pair) {
    int ends[2], smallest = 0; /* the kernel raises it to its minimum: few packets make the far end unwritable */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    *pair = (struct rf_pair){.near = ends[0], .far = ends[1]};
    rf_loop_take_no_descriptors(pair->near);
    socklen_t length = sizeof pair->cookie;
    if (setsockopt(pair->far, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) < 0 ||
        getsockopt(pair->far, SOL_SOCKET, SO_COOKIE, &pair->cookie, &length) < 0) {
        int error = -errno;
        close(pair->near);
        close(pair->far);
        return error;
    }
    return 0;
}

static uint32_t missing(struct rf_pairs *pairs) { return STOCK - (atomic_load(&pairs->made) - atomic_load(&pairs->taken)); }

static uint32_t left(struct rf_pairs *pairs) { return atomic_load(&pairs->given) - atomic_load(&pairs->closed); }

/* ---- the event loop's side ---- */

int rf_pairs_take(struct rf_pairs *pairs, struct rf_pair *pair) {
    if (pairs == NULL || missing(pairs) == STOCK) return rf_pair_make(pair);
    uint32_t taken = atomic_load_explicit(&pairs->taken, memory_order_relaxed);
    *pair = pairs->stock[taken % STOCK];
    atomic_store(&pairs->taken, taken + 1);
    return 0;
}

int rf_pairs_close(struct rf_pairs *pairs, int end) {
    if (pairs == NULL || left(pairs) == CLOSING) return close(end) < 0 ? -errno : 0;
    uint32_t given = atomic_load_explicit(&pairs->given, memory_order_relaxed);
    pairs->closing[given % CLOSING] = end;
    atomic_store(&pairs->given, given + 1);
    return 0;
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }

void rf_pairs_tell(struct rf_pairs *pairs) {
    if (pairs == NULL) return;
    uint32_t state = atomic_load(&pairs->state);
    if (state == AWAKE || missing(pairs) + left(pairs) < (state == DOZING ? MANY : 1)) return;
    atomic_store(&pairs->loops_cpu, sched_getcpu());
    if (atomic_exchange(&pairs->state, AWAKE) != AWAKE) futex_wake(&pairs->state);
}

/* ---- the thread's ---- */

static void close_all(struct rf_pairs *pairs) {
    for (uint32_t closed = atomic_load(&pairs->closed); closed != atomic_load(&pairs->given); atomic_store(&pairs->closed, ++closed))
        close(pairs->closing[closed % CLOSING]);
}

/* False if no pair can be made: the loop, which tries by itself, says so. */
static bool make_all(struct rf_pairs *pairs) {
    for (uint32_t made = atomic_load(&pairs->made); made - atomic_load(&pairs->taken) < STOCK; atomic_store(&pairs->made, ++made))
        if (rf_pair_make(&pairs->stock[made % STOCK]) < 0) return false;
    return true;
}

/* Whoever is woken is put beside the waker, and would take the loop's time after all. */
static void stay_off(struct rf_pairs *pairs, int cpu) {
    cpu_set_t others = pairs->cpus;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}

static void *run(void *argument) {
    struct rf_pairs *pairs = argument;
    bool worked = true;
    int avoided = -1;
    while (!atomic_load(&pairs->over)) {
        int cpu = atomic_load(&pairs->loops_cpu);
        if (cpu != avoided) stay_off(pairs, avoided = cpu);
        worked |= left(pairs) > 0 || missing(pairs) > 0;
        close_all(pairs);
        bool whole = make_all(pairs);
        uint32_t state = worked || !whole ? DOZING : ASLEEP;
        worked = false;
        atomic_store(&pairs->state, state);
        /* State before counters here, counters before state in rf_pairs_tell(): one of the two sees the other. */
        if (state == ASLEEP && (left(pairs) > 0 || missing(pairs) > 0 || atomic_load(&pairs->over))) continue;
        struct timespec doze = {.tv_nsec = DOZE_NANOSECONDS};
        syscall(SYS_futex, &pairs->state, FUTEX_WAIT_PRIVATE, state, state == DOZING ? &doze : NULL, NULL, 0);
    }
    close_all(pairs);
    for (uint32_t taken = atomic_load(&pairs->taken); taken != atomic_load(&pairs->made); taken++) {
        close(pairs->stock[taken % STOCK].near);
        close(pairs->stock[taken % STOCK].far);
    }
    return NULL;
}

int64_t rf_loop_pairs(void) {
    struct rf_pairs *pairs = calloc(1, sizeof *pairs);
    /* The process's CPUs, not the calling thread's, which may have been given one of its own. */
    if (pairs == NULL || sched_getaffinity(getpid(), sizeof pairs->cpus, &pairs->cpus) < 0 || CPU_COUNT(&pairs->cpus) < 2) {
        free(pairs);
        return 0;
    }
    atomic_store(&pairs->loops_cpu, -1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof pairs->cpus, &pairs->cpus);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&pairs->thread, &attributes, run, pairs);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        free(pairs);
        return 0;
    }
    pthread_setname_np(pairs->thread, "ringfence-pairs");
    return (int64_t)(intptr_t)pairs;
}

void rf_loop_pairs_end(int64_t address) {
    struct rf_pairs *pairs = (struct rf_pairs *)(intptr_t)address;
    if (pairs == NULL) return;
    atomic_store(&pairs->over, true);
    atomic_store(&pairs->state, AWAKE);
    futex_wake(&pairs->state);
    pthread_join(pairs->thread, NULL);
    free(pairs);
}
