/* Readable means readable: four processes share a descriptor, messages come, consumers are killed. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../readiness.h"
#include "gateway.h"

enum { CONSUMERS = 4, MESSAGE = 8 };

/* What consumers tell about themselves. */
struct consumer {
    _Alignas(64) _Atomic uint32_t waiting; /* 1: waits for the descriptor, or is just about to */
    _Atomic uint64_t delivered;            /* bytes, counted after head was published */
    _Atomic uint64_t wrong;                /* bytes that were not those of their position */
    _Atomic uint64_t spurious, repaired;
};

struct stress {
    const char *sentence;
    long messages;
    bool edge, blocking, kills, watchdog, naive;
};

static struct gateway gateway;
static struct consumer *consumers;
static const struct stress *stress;

/* The negative control: what a shim would do without the second look and the kick. */
static bool settle_naively(struct rf_slot *s, int fd) {
    char byte;
    if (atomic_load(&s->in_tail) == atomic_load(&s->in_head))
        while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0) continue;
    return false;
}

/* One receive of up to `most` bytes. Returns the number of bytes. */
static int64_t receive(struct consumer *c, uint64_t most) {
    struct rf_slot *s = gateway_slot(&gateway);
    struct rf_ring ring = rf_in_ring(s);
    struct iovec span[2];
    uint8_t copy[4096];
    if (rf_lock(&s->receive_lock)) atomic_fetch_add(&c->repaired, 1);
    int64_t bytes = rf_consume_span(&gateway.region, &ring, span);
    if (bytes < 0) {
        atomic_fetch_add(&c->wrong, 1);
        bytes = 0;
    }
    if ((uint64_t)bytes > most) bytes = (int64_t)most;
    bool notify = false;
    if (bytes > 0) {
        uint64_t head = atomic_load_explicit(&s->in_head, memory_order_relaxed);
        size_t first = (size_t)bytes < span[0].iov_len ? (size_t)bytes : span[0].iov_len;
        memcpy(copy, span[0].iov_base, first);
        memcpy(copy + first, span[1].iov_base, (size_t)bytes - first);
        for (int64_t i = 0; i < bytes; i++)
            if (copy[i] != check_byte(head + (uint64_t)i)) atomic_fetch_add(&c->wrong, 1);
        rf_consume(&ring, (uint64_t)bytes);
        atomic_fetch_add(&c->delivered, (uint64_t)bytes);
        if (rf_unblock(&s->in_blocked)) notify = rf_notify(&gateway.region, gateway.slot);
    }
    notify |= stress->naive ? settle_naively(s, gateway.pair[0])
                            : rf_readable_settle(&gateway.region, gateway.slot, gateway.pair[0]);
    /* The kernel wakes one blocking receiver per packet: whoever leaves bytes passes them on. */
    if (stress->blocking && bytes > 0 && rf_available(&ring) != 0)
        notify |= rf_readable_kick(&gateway.region, gateway.slot);
    rf_unlock(&s->receive_lock);
    if (notify) gateway_ring(&gateway);
    return bytes;
}

static int consume_blocking(struct consumer *c) {
    uint64_t seed = (uint64_t)getpid();
    for (;;) {
        if (receive(c, 1 + check_random(&seed) % 4096) > 0) continue;
        atomic_store(&c->waiting, 1);
        if (rf_await_bytes(gateway.pair[0]) != 0) return 1;
        atomic_store(&c->waiting, 0);
    }
}

static int consume(void *argument) {
    if (stress->blocking) return consume_blocking(argument);
    struct consumer *c = argument;
    uint64_t seed = (uint64_t)getpid();
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | (stress->edge ? (uint32_t)EPOLLET : 0u)};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, gateway.pair[0], &event) != 0) return 1;
    for (;;) {
        atomic_store(&c->waiting, 1);
        int ready = epoll_wait(epoll, &event, 1, -1);
        atomic_store(&c->waiting, 0);
        if (ready != 1) continue;
        bool found = false;
        /* Edge-triggered programs receive until there is nothing, level-triggered ones need not. */
        while (receive(c, 1 + check_random(&seed) % 4096) > 0) {
            found = true;
            if (!stress->edge && check_random(&seed) % 2 == 0) break;
        }
        if (!found) atomic_fetch_add(&c->spurious, 1);
    }
}

/* True if every consumer sleeps waiting for the descriptor: none is running, runnable, or stopped at a lock.
 * A machine that is merely busy does not count as a stall. */
static bool all_asleep(const pid_t pids[CONSUMERS]) {
    for (int i = 0; i < CONSUMERS; i++) {
        char path[32], stat[128] = "";
        if (atomic_load(&consumers[i].waiting) == 0) return false;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
        if (fd >= 0) close(fd);
        const char *state = n > 0 ? strrchr(stat, ')') : NULL;
        if (state == NULL || state[2] != 'S') return false;
        if (atomic_load(&consumers[i].waiting) == 0) return false;
    }
    return true;
}

/* Measures how long bytes lie there while everybody sleeps. */
struct stall_clock {
    uint64_t head;
    double since, longest, moved, slowest;
    long samples, stalls;
};

static void observe(struct stall_clock *k, const pid_t pids[CONSUMERS]) {
    struct rf_slot *s = gateway_slot(&gateway);
    uint64_t head = atomic_load(&s->in_head);
    double now = check_now();
    if (head != k->head || head == atomic_load(&s->in_tail)) {
        k->head = head;
        k->moved = now;
        k->since = 0;
        return;
    }
    if (now - k->moved > k->slowest) k->slowest = now - k->moved;
    if (now - k->moved < 0.002) return; /* looking into /proc costs more than most messages */
    if (!all_asleep(pids) || atomic_load(&s->in_head) != head) {
        k->since = 0;
        return;
    }
    if (k->since == 0) {
        k->since = now;
        k->samples = 0;
    }
    if (now - k->since > k->longest) k->longest = now - k->since;
    /* The samples tell a stall from an observer that was itself not scheduled. */
    if (++k->samples >= 20 && now - k->since > 0.100) {
        k->stalls++;
        k->since = 0;
        send(gateway.pair[1], NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL); /* go on */
    }
}

static bool drained(void) {
    struct rf_slot *s = gateway_slot(&gateway);
    return atomic_load(&s->in_head) == atomic_load(&s->in_tail);
}

static void wait_until_drained(struct stall_clock *k, const pid_t pids[CONSUMERS]) {
    for (long spins = 0; !drained(); spins++) {
        gateway_turn(&gateway, spins < 50 ? 0 : 1);
        if (spins < 50) sched_yield();
        observe(k, pids);
    }
    observe(k, pids);
}

static void run(const struct stress *what) {
    stress = what;
    gateway_open(&gateway, 0, what->watchdog);
    int non_blocking = !what->blocking;
    check_need(ioctl(gateway.pair[0], FIONBIO, &non_blocking) == 0, "FIONBIO");
    consumers = check_shared(sizeof *consumers * CONSUMERS);
    pid_t pids[CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++) pids[i] = check_spawn(consume, &consumers[i]);

    struct stall_clock clock = {.moved = check_now()};
    uint64_t seed = 42, total = (uint64_t)what->messages * MESSAGE, sent = 0;
    long kills = 0;
    double started = check_now();
    while (sent < total) {
        uint64_t bytes = (1 + check_random(&seed) % (check_random(&seed) % 64 == 0 ? 400 : 3)) * MESSAGE;
        uint64_t done = gateway_publish(&gateway, bytes < total - sent ? bytes : total - sent);
        sent += done;
        gateway_turn(&gateway, done == 0 ? 1 : 0);
        observe(&clock, pids);
        for (volatile uint64_t n = check_random(&seed) % 512; n > 0; n--) continue;
        if (what->kills && check_random(&seed) % 256 == 0) {
            int victim = (int)(check_random(&seed) % CONSUMERS);
            check_kill(pids[victim]);
            atomic_store(&consumers[victim].waiting, 0);
            pids[victim] = check_spawn(consume, &consumers[victim]);
            kills++;
        }
        if (check_random(&seed) % 3 == 0) wait_until_drained(&clock, pids);
    }
    wait_until_drained(&clock, pids);
    double seconds = check_now() - started;

    /* Nobody is inside receive() when the lock can be had and the ring is empty. */
    struct rf_slot *s = gateway_slot(&gateway);
    rf_lock(&s->receive_lock);
    uint64_t delivered = 0, wrong = 0, spurious = 0, repaired = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        delivered += consumers[i].delivered;
        wrong += consumers[i].wrong;
        spurious += consumers[i].spurious;
        repaired += consumers[i].repaired;
    }
    rf_unlock(&s->receive_lock);
    for (int i = 0; i < CONSUMERS; i++) check_kill(pids[i]);

    check_note("%ld messages in %.1f s: %ld packets, %ld kicks, %lu spurious wake-ups, %ld kills, %lu locks "
               "repaired, %ld watchdog packets, longest idle %.1f ms, slowest progress %.1f ms",
               what->messages, seconds, gateway.packets, gateway.kicks, (unsigned long)spurious, kills,
               (unsigned long)repaired, gateway.barks, clock.longest * 1e3, clock.slowest * 1e3);
    if (what->naive) {
        check_note("%s: %ld stalls: %s", what->sentence, clock.stalls,
                   clock.stalls > 0 ? "the test can fail" : "none this time");
    } else {
        /* A consumer killed between the publication of head and its count delivered at most a ring. */
        uint64_t uncounted = (uint64_t)kills * RF_PAGE;
        bool exact = s->in_head == total && wrong == 0 && delivered <= total &&
                     delivered + uncounted >= total;
        check(exact && clock.stalls == 0, what->sentence,
              "%ld stalls over 100 ms; of %lu bytes head counts %lu, consumers %lu, %lu were wrong",
              clock.stalls, (unsigned long)total, (unsigned long)s->in_head, (unsigned long)delivered,
              (unsigned long)wrong);
    }
    munmap(consumers, sizeof *consumers * CONSUMERS);
    gateway_close(&gateway);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 240);
    run(&(struct stress){.sentence = "level-triggered, no kills, no watchdog: no stall, every byte once",
                         .messages = check_rounds(200000)});
    run(&(struct stress){.sentence = "edge-triggered, no kills, no watchdog: no stall, every byte once",
                         .messages = check_rounds(200000),
                         .edge = true});
    run(&(struct stress){.sentence = "level-triggered, consumers killed: no stall, every byte once, in order",
                         .messages = check_rounds(1000000),
                         .kills = true,
                         .watchdog = true});
    run(&(struct stress){.sentence = "edge-triggered, consumers killed: no stall, every byte once, in order",
                         .messages = check_rounds(1000000),
                         .kills = true,
                         .watchdog = true,
                         .edge = true});
    run(&(struct stress){.sentence = "blocking receivers, no kills, no watchdog: no stall, every byte once",
                         .messages = check_rounds(200000),
                         .blocking = true});
    run(&(struct stress){.sentence = "blocking receivers, killed: no stall, every byte once, in order",
                         .messages = check_rounds(1000000),
                         .blocking = true,
                         .kills = true,
                         .watchdog = true});
    run(&(struct stress){.sentence = "without the second look and the kick",
                         .messages = check_rounds(50000),
                         .edge = true,
                         .naive = true});
    return check_end();
}
