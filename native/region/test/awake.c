/* Packets that are left out because a watcher is awake: no byte is forgotten when it falls asleep, or disarms, just then. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "../readiness.h"

enum { OVER = -1, SLOT = 5, WATCHER = 1, SECONDS = 6 };

static struct rf_region region;
static struct rf_slot *slot;
static _Atomic long go, done;
static bool seen; /* the publisher's: no packet */

static void open_region(void) {
    struct rf_geometry geometry = {.abi = 1, .slots = 64, .commands = 64, .cells = 64, .pool_bytes = 1 << 20, .region_id = 1};
    uint64_t bytes = rf_region_bytes(&geometry);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_need(memory != MAP_FAILED && rf_region_format(memory, &geometry) == 0 && rf_region_open(memory, bytes, &region) == 0,
               "a region");
    slot = &region.slots[SLOT];
}

static bool until(_Atomic long *word, long value) {
    long now;
    for (long spins = 1; (now = atomic_load_explicit(word, memory_order_acquire)) != value; spins++) {
        if (now == OVER) return false;
        if (spins % 1000 == 0) sched_yield(); /* a core may be missing */
    }
    return true;
}

static void jitter(uint64_t *seed, unsigned most) {
    for (volatile uint64_t n = check_random(seed) % most; n > 0; n--) continue;
}

/* The gateway: publishes bytes and decides about the packet. */
static void *publisher(void *argument) {
    uint64_t seed = 7;
    (void)argument;
    for (long i = 1; until(&go, i); i++) {
        jitter(&seed, 32);
        atomic_store_explicit(&slot->in_tail, (uint64_t)i, memory_order_release);
        atomic_thread_fence(memory_order_seq_cst);
        seen = rf_readable_seen(&region, SLOT);
        atomic_store_explicit(&done, i, memory_order_release);
    }
    return NULL;
}

static bool take_bit(void) {
    uint64_t bit = UINT64_C(1) << SLOT % 64;
    return (atomic_fetch_and(&region.to_frontend->leaf[SLOT / 64], ~bit) & bit) != 0;
}

/* True if the watcher, which sleeps from here on, knows of the bytes. */
static bool falls_asleep(void) {
    atomic_fetch_or(rf_watcher(&region, WATCHER), 1);
    atomic_thread_fence(memory_order_seq_cst);
    return take_bit();
}

static bool disarms(void) {
    atomic_exchange(&slot->armed, 0);
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&slot->in_tail, memory_order_relaxed) != atomic_load(&slot->in_head);
}

static void nothing_is_forgotten(bool (*act)(void), const char *what) {
    pthread_t thread;
    long rounds = check_rounds(1000000), forgotten = 0, packets = 0;
    uint64_t seed = 11;
    atomic_store(&go, 0), atomic_store(&done, 0);
    check_need(pthread_create(&thread, NULL, publisher, NULL) == 0, "a thread");
    double end = check_now() + SECONDS;
    long i = 1;
    for (; i <= rounds && (i % 16 != 0 || check_now() < end); i++) {
        atomic_store(rf_watcher(&region, WATCHER), (uint32_t)getpid() << 1);
        atomic_store(&slot->armed, WATCHER);
        atomic_store(&slot->in_head, (uint64_t)i - 1);
        take_bit();
        atomic_store(&go, i);
        jitter(&seed, 512); /* the other side hears of the round later */
        bool knows = act();
        until(&done, i);
        if (!knows && seen) forgotten++;
        if (!seen) packets++;
    }
    atomic_store(&go, OVER);
    pthread_join(thread, NULL);
    check(forgotten == 0 && i > 1000, what, "%ld of %ld were forgotten", forgotten, i - 1);
    check_note("%ld rounds, in %ld of them a packet was sent", i - 1, packets);
}

static void decides(void) {
    atomic_store(&slot->armed, 0);
    check(!rf_readable_seen(&region, SLOT), "a socket that is not armed gets a packet", "none");
    atomic_store(&slot->armed, RF_ARMED_NEVER);
    check(!rf_readable_seen(&region, SLOT), "nor one that never may be", "none");
    atomic_store(&slot->armed, RF_WATCHERS + 3);
    check(!rf_readable_seen(&region, SLOT), "nor one with an impossible watcher", "none");
    atomic_store(&slot->armed, WATCHER);
    atomic_store(rf_watcher(&region, WATCHER), 0);
    check(!rf_readable_seen(&region, SLOT), "one whose watcher is gone gets a packet", "none");
    atomic_store(rf_watcher(&region, WATCHER), 4711 << 1 | 1);
    check(!rf_readable_seen(&region, SLOT), "one whose watcher sleeps gets a packet", "none");
    check(rf_readable_seen(&region, SLOT) && take_bit(), "and the next one a bit, since that one wakes it", "a packet");
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    open_region();
    decides();
    nothing_is_forgotten(falls_asleep, "bytes that come while a watcher falls asleep are told");
    nothing_is_forgotten(disarms, "bytes that come while a socket is disarmed are told");
    return check_end();
}
