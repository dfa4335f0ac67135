/* Pending slots in the order in which bytes came into their rings. */
#include "region.h"

/* A key is the stamp's distance from the snapshot, cut to what fits, and the slot: sorting keys sorts by age. */
#define SLOT_BITS 16
#define FARTHEST (INT64_C(1) << 46)
_Static_assert(RF_MAX_SLOTS <= 1 << SLOT_BITS, "a slot fits into a key");

static int64_t distance_of(int64_t key) { return key >> SLOT_BITS; }
static uint32_t slot_of(int64_t key) { return (uint32_t)key & (RF_MAX_SLOTS - 1); }
static int64_t key_of(int64_t distance, uint32_t slot) {
    if (distance > FARTHEST) distance = FARTHEST;
    if (distance < -FARTHEST) distance = -FARTHEST;
    return distance * (1 << SLOT_BITS) + slot;
}

void rf_order_begin(const struct rf_region *region, struct rf_order *order, struct rf_pending *pending) {
    bool out = pending == region->to_backend;
    order->pending = pending;
    order->count = out ? &region->header->out_count : &region->header->in_count;
    order->stamp = out ? offsetof(struct rf_slot, out_stamp) : offsetof(struct rf_slot, in_stamp);
    order->first = order->end = 0;
    order->snapshot = order->horizon = atomic_load(order->count);
}

/* Shell's, with Ciura's gaps: the keys of a turn are few. */
void rf_order_sort(int64_t *keys, uint32_t count) {
    if (count < 2) return;
    static const uint32_t gaps[] = {29524, 9841, 3280, 1093, 364, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (uint32_t gap = gaps[g], i = gap; i < count; i++) {
            int64_t key = keys[i];
            uint32_t at = i;
            for (; at >= gap && keys[at - gap] > key; at -= gap) keys[at] = keys[at - gap];
            keys[at] = key;
        }
    }
}

static uint32_t add(const struct rf_region *region, struct rf_order *order, uint32_t leaf, uint32_t end) {
    uint64_t bits = atomic_exchange(&order->pending->leaf[leaf], 0);
    for (; bits != 0; bits &= bits - 1) {
        uint32_t number = leaf * 64 + (uint32_t)__builtin_ctzll(bits);
        if (number >= region->slot_count) continue;
        const _Atomic uint64_t *stamp = (const void *)((const char *)&region->slots[number] + order->stamp);
        uint64_t stamped = atomic_load_explicit(stamp, memory_order_acquire);
        order->keys[end++] = key_of((int64_t)(stamped - order->snapshot), number);
    }
    return end;
}

/* A new batch: what the last one left because it came after its snapshot, and all that is pending. The count is read before the
 * bits are taken: whoever set a bit before he took a stamp that is in the snapshot, has his bit found. */
static void take_batch(const struct rf_region *region, struct rf_order *order) {
    uint32_t end = order->end - order->first;
    uint64_t before = order->snapshot;
    order->snapshot = atomic_load(order->count);
    for (uint32_t i = 0; i < end; i++) {
        int64_t key = order->keys[order->first + i];
        int64_t distance = (int64_t)((uint64_t)distance_of(key) - (order->snapshot - before)); /* whatever the peer makes of the count */
        /* Nobody waits twice: a stamp that is ahead still is none. */
        order->keys[i] = key_of(distance < 0 ? distance : 0, slot_of(key));
    }
    order->first = 0;
    for (uint32_t i = 0; i * 4096 < region->slot_count; i++) {
        if (atomic_load_explicit(&order->pending->summary[i], memory_order_relaxed) == 0) continue;
        uint64_t summary = atomic_exchange(&order->pending->summary[i], 0);
        for (; summary != 0; summary &= summary - 1)
            end = add(region, order, i * 64 + (uint32_t)__builtin_ctzll(summary), end);
    }
    order->end = end;
    rf_order_sort(order->keys, end);
}

static void pass(struct rf_order *order, uint64_t stamp) {
    if ((int64_t)(stamp - order->horizon) > 0) order->horizon = stamp;
}

uint32_t rf_order_next(const struct rf_region *region, struct rf_order *order, uint64_t until) {
    for (int batches = 0;; batches++) {
        bool over = order->first == order->end;
        int64_t key = over ? 0 : order->keys[order->first];
        if (!over && distance_of(key) <= 0) {
            uint64_t stamp = order->snapshot + (uint64_t)distance_of(key);
            if (until != RF_ALL_NEWS && (int64_t)(stamp - until) > 0) return UINT32_MAX;
            order->first++;
            pass(order, stamp);
            return slot_of(key);
        }
        pass(order, order->snapshot);
        if (batches == 2 || (batches > 0 && over)) return UINT32_MAX;
        if (until != RF_ALL_NEWS && (int64_t)(order->snapshot - until) >= 0) return UINT32_MAX;
        take_batch(region, order);
    }
}

bool rf_order_any(const struct rf_region *region, const struct rf_order *order) {
    return order->first < order->end || rf_pending_any(region, order->pending);
}
