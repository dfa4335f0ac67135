/* The pending bitmap loses no slot, whoever sets and takes at the same time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"

enum { SETTERS = 2, SLOTS = 256 };

static struct rf_region region;
static struct rf_order order;

static struct rf_region region_of(uint32_t slots) {
    return check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = slots, .commands = 2, .cells = 64, .pool_bytes = RF_PAGE});
}

/* Takes all there is, and says how many that were. */
static uint32_t take(const struct rf_region *r, void (*each)(void *context, uint32_t slot), void *context) {
    uint32_t taken = 0;
    for (uint32_t slot; (slot = rf_order_next(r, &order, RF_ALL_NEWS)) != UINT32_MAX; taken++) each(context, slot);
    return taken;
}

static void unmap(struct rf_region *r) { munmap(r->header, r->bytes); }

/* ---- shape ---- */

struct seen {
    uint8_t *times;
    uint32_t beyond, slots;
};

static void note(void *context, uint32_t slot) {
    struct seen *seen = context;
    if (slot >= seen->slots)
        seen->beyond++;
    else
        seen->times[slot]++;
}

static void shape(uint32_t slots, const char *sentence) {
    struct rf_region r = region_of(slots);
    struct seen seen = {calloc(slots, 1), 0, slots};
    check_need(seen.times != NULL, "memory");
    uint32_t wrong = 0;
    rf_order_begin(&r, &order, r.to_backend);
    bool idle = !rf_pending_any(&r, r.to_backend) && take(&r, note, &seen) == 0;
    /* Each slot alone, twice set ... */
    for (uint32_t slot = 0; slot < slots; slot++) {
        rf_pending_set(r.to_backend, slot);
        rf_pending_set(r.to_backend, slot);
        if (!rf_pending_any(&r, r.to_backend) || rf_pending_any(&r, r.to_frontend)) wrong++;
        if (take(&r, note, &seen) != 1 || seen.times[slot] != 1) wrong++;
    }
    /* ... and all at once. */
    for (uint32_t slot = 0; slot < slots; slot++) rf_pending_set(r.to_backend, slot);
    if (take(&r, note, &seen) != slots) wrong++;
    for (uint32_t slot = 0; slot < slots; slot++)
        if (seen.times[slot] != 2) wrong++;
    /* What a hostile side sets beyond the last slot is not handed out. */
    memset(r.to_backend, 0xff, sizeof *r.to_backend);
    if (take(&r, note, &seen) != slots || seen.beyond != 0) wrong++;
    check(idle && wrong == 0, sentence, "%u things were wrong, idle %d", wrong, idle);
    free(seen.times);
    unmap(&r);
}

/* ---- nothing is lost ---- */

/* Each setter counts up a slot's news before it sets the bit; the taker copies the count when it
 * takes the slot. A lost bit leaves a count behind that nobody copies. */
static struct {
    _Alignas(64) _Atomic uint64_t news;
    _Alignas(64) _Atomic uint64_t taken;
} counts[SLOTS];
static _Atomic int setters_left;

static void *setter(void *argument) {
    uint64_t seed = (uintptr_t)argument + 17;
    long rounds = check_rounds(1000000);
    for (long i = 0; i < rounds; i++) {
        /* Mostly few slots of one leaf, so that setting and taking meet. */
        uint32_t slot = (uint32_t)(check_random(&seed) % (i % 8 == 0 ? SLOTS : 4));
        atomic_fetch_add_explicit(&counts[slot].news, 1, memory_order_relaxed);
        rf_pending_set(region.to_backend, slot);
    }
    atomic_fetch_sub(&setters_left, 1);
    return NULL;
}

static void copy_news(void *context, uint32_t slot) {
    ++*(uint64_t *)context;
    uint64_t news = atomic_load_explicit(&counts[slot].news, memory_order_relaxed);
    atomic_store_explicit(&counts[slot].taken, news, memory_order_relaxed);
}

static void nothing_is_lost(void) {
    pthread_t threads[SETTERS];
    uint64_t takes = 0, left_behind = 0;
    region = region_of(SLOTS);
    rf_order_begin(&region, &order, region.to_backend);
    setters_left = SETTERS;
    for (uintptr_t t = 0; t < SETTERS; t++)
        check_need(pthread_create(&threads[t], NULL, setter, (void *)t) == 0, "a thread");
    while (atomic_load(&setters_left) > 0) take(&region, copy_news, &takes);
    for (int t = 0; t < SETTERS; t++) pthread_join(threads[t], NULL);
    take(&region, copy_news, &takes);
    for (uint32_t slot = 0; slot < SLOTS; slot++) left_behind += counts[slot].news != counts[slot].taken;
    check_note("%ld sets by %d threads, %lu takes", check_rounds(1000000) * SETTERS, SETTERS,
               (unsigned long)takes);
    check(left_behind == 0 && takes > 0, "no slot set by two threads is lost to a third that takes",
          "%lu slots have news that were not taken", (unsigned long)left_behind);
    check(!rf_pending_any(&region, region.to_backend), "after the last take nothing is pending",
          "something is");
    unmap(&region);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    shape(64, "64 slots: each is pending when set, and taken once");
    shape(4096, "4096 slots: each is pending when set, and taken once");
    shape(65536, "65536 slots: each is pending when set, and taken once");
    nothing_is_lost();
    return check_end();
}
