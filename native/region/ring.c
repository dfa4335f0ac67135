/* Data rings. The place of position p is (p - base) modulo the ring's size: masking keeps every
 * access inside the ring, whatever the other side writes into its words. */
#include <errno.h>

#include "region.h"

/* The memory of a grant, or NULL if it does not lie in the pool. */
static uint8_t *ring_memory(const struct rf_region *region, uint64_t grant) {
    if ((grant & RF_GRANT_VALID) == 0 || rf_grant_order(grant) > RF_MAX_ORDER) return NULL;
    uint64_t offset = (uint64_t)rf_grant_page(grant) * RF_PAGE;
    if (offset > region->pool_bytes || rf_grant_size(grant) > region->pool_bytes - offset) return NULL;
    return region->pool + offset;
}

static uint32_t pieces(uint8_t *memory, uint32_t size, uint64_t from, uint32_t length, struct iovec span[2]) {
    uint32_t place = (uint32_t)(from & (size - 1));
    uint32_t first = length < size - place ? length : size - place;
    span[0] = (struct iovec){memory + place, first};
    span[1] = (struct iovec){memory, length - first};
    return length;
}

static uint32_t free_span(const struct rf_region *region, const struct rf_ring *ring, struct iovec span[2]) {
    uint64_t tail = atomic_load_explicit(ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(ring->head, memory_order_acquire);
    uint64_t used = atomic_load_explicit(ring->used, memory_order_relaxed);
    uint64_t grant = atomic_load_explicit(ring->grant, memory_order_acquire);
    if (tail == head) {
        /* Empty: nobody looks at base and used until the tail moves. */
        /* Release: the owner takes this store as the end of every access to the ring used before. */
        if (used != grant) atomic_store_explicit(ring->used, used = grant, memory_order_release);
        atomic_store_explicit(ring->base, tail, memory_order_relaxed);
    } else if (used != grant) {
        return 0;
    }
    uint8_t *memory = ring_memory(region, used);
    uint32_t size = rf_grant_size(used);
    if (memory == NULL || tail - head >= size) return 0;
    uint64_t base = atomic_load_explicit(ring->base, memory_order_relaxed);
    return pieces(memory, size, tail - base, (uint32_t)(size - (tail - head)), span);
}

uint32_t rf_produce_span(const struct rf_region *region, const struct rf_ring *ring, struct iovec span[2]) {
    /* The owner grants another ring, fences and looks at busy: either it sees us here and leaves us the ring before, or we see
     * the new grant, and must not touch the ring before any more: it may be another socket's. */
    atomic_store_explicit(ring->busy, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t room = free_span(region, ring, span);
    if (room == 0) atomic_store_explicit(ring->busy, 0, memory_order_release);
    return room;
}

int64_t rf_consume_span(const struct rf_region *region, const struct rf_ring *ring, struct iovec span[2]) {
    uint64_t head = atomic_load_explicit(ring->head, memory_order_relaxed);
    uint64_t filled = atomic_load_explicit(ring->tail, memory_order_acquire) - head;
    if (filled == 0) return 0;
    uint64_t used = atomic_load_explicit(ring->used, memory_order_relaxed);
    uint8_t *memory = ring_memory(region, used);
    uint32_t size = rf_grant_size(used);
    if (memory == NULL || filled > size) return -EPROTO;
    uint64_t base = atomic_load_explicit(ring->base, memory_order_relaxed);
    return pieces(memory, size, head - base, (uint32_t)filled, span);
}

bool rf_produce_block(const struct rf_region *region, const struct rf_ring *ring, _Atomic uint32_t *blocked) {
    struct iovec span[2];
    atomic_store_explicit(blocked, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rf_produce_span(region, ring, span) == 0) return true;
    atomic_store_explicit(blocked, 0, memory_order_relaxed);
    return false;
}
