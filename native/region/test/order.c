/* Pending slots come in the order in which bytes came into their rings. */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"

enum { SLOTS = 4096, MANY = 200 };

static struct rf_region region;
static struct rf_order order;

static void begin(void) {
    region = check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = SLOTS, .commands = 16, .cells = 64, .pool_bytes = RF_PAGE});
    rf_order_begin(&region, &order, region.to_backend);
}

static void end(void) { munmap(region.header, region.bytes); }

/* What a sender does with the words: a byte more in the ring, and the news of it. */
static void publish(uint32_t slot) {
    struct rf_slot *s = &region.slots[slot];
    rf_order_stamp_out(&region, s);
    atomic_store_explicit(&s->out_tail, s->out_tail + 1, memory_order_release);
    rf_pending_set(region.to_backend, slot);
}

/* Takes the bytes of a slot that was handed out. False if there are none, or their turn is later. */
static bool consume(uint32_t slot) {
    struct rf_slot *s = &region.slots[slot];
    uint64_t tail = atomic_load_explicit(&s->out_tail, memory_order_acquire);
    if (tail == atomic_load(&s->out_head) || rf_order_is_late(&order, s)) return false;
    atomic_store_explicit(&s->out_head, tail, memory_order_release);
    return true;
}

static uint32_t next(void) { return rf_order_next(&region, &order, RF_ALL_NEWS); }

static void shuffle(uint32_t *slots, uint32_t count, uint64_t *seed) {
    for (uint32_t i = 0; i < count; i++) slots[i] = (uint32_t)(check_random(seed) % SLOTS);
    for (uint32_t i = 0; i < count; i++) /* each once */
        for (uint32_t j = 0; j < i; j++)
            if (slots[j] == slots[i]) slots[i] = (slots[i] + 1) % SLOTS, j = UINT32_MAX;
}

static void one_after_the_other(void) {
    uint32_t slots[MANY], wrong = 0;
    uint64_t seed = 1;
    begin();
    for (int round = 0; round < 50; round++) {
        uint32_t count = 1 + (uint32_t)(check_random(&seed) % MANY);
        shuffle(slots, count, &seed);
        for (uint32_t i = 0; i < count; i++) publish(slots[i]);
        for (uint32_t i = 0; i < count; i++)
            if (next() != slots[i] || !consume(slots[i])) wrong++;
        if (next() != UINT32_MAX) wrong++;
    }
    check(wrong == 0, "slots of any number come in the order in which their bytes came", "%u did not", wrong);
    end();
}

static void first_byte_counts(void) {
    begin();
    publish(70), publish(3), publish(70), rf_pending_set(region.to_backend, 9);
    bool right = next() == 9 && next() == 70 && consume(70) && next() == 3 && next() == UINT32_MAX;
    check(right, "a slot that has bytes already keeps its place when more come; news without bytes has an old one", "order was another");
    end();
}

static void bytes_behind_the_batch(void) {
    begin();
    publish(70), publish(3);
    bool right = next() == 70 && consume(70);
    rf_pending_set(region.to_backend, 9), publish(200), publish(9);
    right = right && next() == 3 && consume(3);
    /* 9 had news before 200, and bytes after it. */
    right = right && next() == 200 && consume(200) && next() == 9 && consume(9) && next() == UINT32_MAX;
    check(right, "bytes that came after the batch was taken have their turn in the next one", "they had it before");
    rf_pending_set(region.to_backend, 9);
    right = next() == 9;
    publish(30), publish(9);
    right = right && !consume(9) && next() == 30 && consume(30) && next() == 9 && consume(9);
    check(right, "bytes that came to a slot after it was taken wait for theirs", "they did not");
    end();
}

static void up_to_a_call(void) {
    begin();
    publish(70), publish(3);
    uint64_t call = atomic_load(&region.header->out_count);
    publish(200);
    bool right = rf_order_next(&region, &order, call) == 70 && rf_order_next(&region, &order, call) == 3 &&
                 rf_order_next(&region, &order, call) == UINT32_MAX;
    check(right, "before a call come the bytes that were written before it, and no others", "others did");
    check(rf_order_any(&region, &order) && next() == 200 && !rf_order_any(&region, &order), "the others come after it", "they did not");
    end();
}

static void hostile(void) {
    static uint8_t seen[SLOTS];
    uint64_t seed = 7;
    uint32_t wrong = 0;
    for (int round = 0; round < 200; round++) {
        begin();
        memset(seen, 0, sizeof seen);
        uint64_t values[] = {0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, check_random(&seed), check_random(&seed)};
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            atomic_store(&region.slots[slot].out_stamp, values[check_random(&seed) % 7]);
            rf_pending_set(region.to_backend, slot);
        }
        for (uint32_t taken = 0; taken < 2 * SLOTS; taken++) {
            uint32_t slot = next();
            atomic_store(&region.header->out_count, values[check_random(&seed) % 7]);
            if (slot == UINT32_MAX) break;
            if (slot >= SLOTS || seen[slot]++ != 0) wrong++;
        }
        for (uint32_t slot = 0; slot < SLOTS; slot++) wrong += seen[slot] != 1;
        if (rf_order_any(&region, &order)) wrong++;
        end();
    }
    check(wrong == 0, "whatever the stamps are, every slot is handed out once", "%u were not", wrong);
}

/* ---- two threads ---- */

static _Atomic long round_asked, round_done;
static uint32_t wanted[MANY], wanted_count;

static void *writer(void *unused) {
    (void)unused;
    long rounds = check_rounds(20000);
    for (long round = 1; round <= rounds; round++) {
        while (atomic_load(&round_asked) != round) sched_yield();
        for (uint32_t i = 0; i < wanted_count; i++) publish(wanted[i]);
        atomic_store(&round_done, round);
    }
    return NULL;
}

static void while_it_is_written(void) {
    pthread_t thread;
    uint64_t seed = 3;
    long wrong = 0, rounds = check_rounds(20000);
    begin();
    check_need(pthread_create(&thread, NULL, writer, NULL) == 0, "a thread");
    for (long round = 1; round <= rounds; round++) {
        wanted_count = 1 + (uint32_t)(check_random(&seed) % 20);
        shuffle(wanted, wanted_count, &seed);
        atomic_store(&round_asked, round);
        for (uint32_t i = 0; i < wanted_count;) {
            uint32_t slot = next();
            if (slot == UINT32_MAX || !consume(slot)) continue;
            if (slot != wanted[i++]) wrong++;
        }
        while (atomic_load(&round_done) != round) sched_yield();
    }
    pthread_join(thread, NULL);
    check(wrong == 0, "who takes while another writes sees the writer's order", "%ld slots came too early", wrong);
    end();
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    one_after_the_other();
    first_byte_counts();
    bytes_behind_the_batch();
    up_to_a_call();
    hostile();
    while_it_is_written();
    return check_end();
}
