/*
 * region.h - working with a region from C: mapping and formatting it, and the five things two
 * sides do in it: call and answer, produce and consume bytes, mark slots pending, keep their order, ring doorbells.
 *
 * The shim is the frontend of region A, the INS the backend of region B; the gateway (Java) is the
 * other side of both and uses this library for formatting only. docs/protocol.md is the contract.
 *
 * Nothing here allocates, and nothing trusts what the other side writes: whatever it puts into its
 * words, every access stays inside the mapping.
 */
#ifndef RINGFENCE_REGION_H
#define RINGFENCE_REGION_H

#include <stdbool.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "layout.h"

/* A mapped region. The numbers are a private copy, checked against the size of the mapping. */
struct rf_region {
    struct rf_header *header;
    struct rf_command *commands;
    struct rf_cell *cells;
    struct rf_slot *slots;
    struct rf_pending *to_backend, *to_frontend;
    uint8_t *pool;
    uint64_t bytes, pool_bytes;
    uint32_t slot_count, command_count, cell_count;
};

struct rf_geometry {
    uint32_t abi, slots, commands, cells;
    uint64_t pool_bytes;
    uint64_t region_id;
};

/* Size in bytes of a region of this geometry; 0 if the geometry is impossible. */
uint64_t rf_region_bytes(const struct rf_geometry *geometry);

/* Formats zeroed memory of rf_region_bytes() bytes, robust locks included. 0 or -EINVAL. */
int rf_region_format(void *memory, const struct rf_geometry *geometry);

/* Checks the header in `memory` and fills `region`. 0, -EPROTO (other layout version) or -EINVAL. */
int rf_region_open(void *memory, uint64_t bytes, struct rf_region *region);

/* Maps and opens a region; the descriptor may be closed afterwards. 0 or -errno. */
int rf_region_map(int memfd, uint64_t bytes, struct rf_region *region);

/* Initialises a robust, process-shared lock. The caller is the only one who knows the memory. */
void rf_lock_init(struct rf_lock *lock);
/* The calling thread's number, as it stands in a lock that it holds: without a system call. */
uint32_t rf_lock_thread(void);
/* Takes a robust lock, repairing one whose holder died. True if the holder had died. Not one that the thread holds. From here to
 * its end no code runs on the thread that has robust mutexes of its own. */
bool rf_lock(struct rf_lock *lock);
/* Tries to. 0, or EBUSY. */
int rf_trylock(struct rf_lock *lock);
/* Locks are released in any order, by the thread that holds them; one that is another's stays as it is. */
void rf_unlock(struct rf_lock *lock);
/* The thread that a fork has left, before it takes a lock: it has another number now, and none of its parent's locks. */
void rf_lock_after_fork(void);
/* The same, and after a fork that did not pass libc, which leaves the kernel without a list and libc with the parent's number.
 * `thread` is the process's, too, whose only one this is. */
void rf_lock_after_raw_fork(uint32_t thread);
/* Sleeps for less than a second, and is no point of cancellation: locks may be held. */
void rf_pause(long nanoseconds);

/* ---- slots ---- */

static inline struct rf_slot *rf_slot_at(const struct rf_region *region, uint32_t slot) {
    return slot < region->slot_count ? &region->slots[slot] : NULL;
}

/* ---- pending bitmaps ---- */

static inline void rf_pending_set(struct rf_pending *pending, uint32_t slot) {
    _Atomic uint64_t *summary = &pending->summary[slot / 4096];
    uint64_t bit = UINT64_C(1) << slot / 64 % 64;
    atomic_fetch_or(&pending->leaf[slot / 64], UINT64_C(1) << slot % 64);
    /* A taker clears the summary before it clears the leaf: one who finds it set here is one who will find the leaf's bit. */
    if ((atomic_load(summary) & bit) == 0) atomic_fetch_or(summary, bit);
}
/* True if a slot is pending (a hint: others may set bits at once). */
bool rf_pending_any(const struct rf_region *region, const struct rf_pending *pending);

/* ---- order ---- */

/*
 * One direction of a region as its one taker sees it: pending slots come in the order in which bytes came into their
 * empty rings, whatever their numbers are (docs/protocol.md, "Order"). All zero at first; the stamps are the setter's,
 * and whatever they are, every slot that was set is handed out, and no more.
 */
#define RF_ALL_NEWS UINT64_MAX
struct rf_order {
    struct rf_pending *pending;
    const _Atomic uint64_t *count; /* of the direction */
    size_t stamp;                  /* offset in a slot */
    uint64_t snapshot;             /* the count when the batch was taken: who has a later stamp waits for the next one */
    uint64_t horizon;              /* bytes with a later stamp have their turn later */
    uint32_t first, end;           /* of the batch, in keys */
    int64_t keys[2 * RF_MAX_SLOTS]; /* stamp, relative to the snapshot, and slot; ascending */
};
/* News for the backend: `pending` is region->to_backend; else for the frontend. */
void rf_order_begin(const struct rf_region *region, struct rf_order *order, struct rf_pending *pending);
/* The next pending slot, of those whose stamp is at most `until`; UINT32_MAX if there is none. */
uint32_t rf_order_next(const struct rf_region *region, struct rf_order *order, uint64_t until);
/* True if something waits, in the bitmap or in the batch. */
bool rf_order_any(const struct rf_region *region, const struct rf_order *order);
/* True if the bytes in the ring have their turn later, by a pending bit that is there or comes. Called after a look at its tail. */
static inline bool rf_order_is_late(const struct rf_order *order, const struct rf_slot *slot) {
    const _Atomic uint64_t *stamp = (const void *)((const char *)slot + order->stamp);
    return (int64_t)(atomic_load_explicit(stamp, memory_order_acquire) - order->horizon) > 0;
}
/* Ascending, in place. */
void rf_order_sort(int64_t *keys, uint32_t count);
/* Producer, before it publishes bytes: they get a stamp if the ring is empty. */
static inline void rf_order_stamp(_Atomic uint64_t *count, _Atomic uint64_t *stamp, const _Atomic uint64_t *tail,
                                  const _Atomic uint64_t *head) {
    if (atomic_load_explicit(tail, memory_order_relaxed) == atomic_load_explicit(head, memory_order_relaxed))
        atomic_store_explicit(stamp, atomic_fetch_add(count, 1) + 1, memory_order_release);
}
static inline void rf_order_stamp_out(const struct rf_region *region, struct rf_slot *slot) {
    rf_order_stamp(&region->header->out_count, &slot->out_stamp, &slot->out_tail, &slot->out_head);
}
static inline void rf_order_stamp_in(const struct rf_region *region, struct rf_slot *slot) {
    rf_order_stamp(&region->header->in_count, &slot->in_stamp, &slot->in_tail, &slot->in_head);
}

/* ---- doorbells ---- */

/* Called after publishing. True if the other side sleeps and the caller now has to ring it: exactly
 * one caller is told so per sleep. The full fence pairs with the one in rf_fall_asleep. */
static inline bool rf_must_ring(_Atomic uint32_t *asleep) {
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(asleep, memory_order_relaxed) != 0 && atomic_exchange(asleep, 0) != 0;
}
/* Called before the last look at one's work and then sleeping. */
static inline void rf_fall_asleep(_Atomic uint32_t *asleep) {
    atomic_store_explicit(asleep, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}
static inline void rf_wake_up(_Atomic uint32_t *asleep) {
    atomic_store_explicit(asleep, 0, memory_order_relaxed);
}

/* ---- command ring ---- */

/* Frontend: appends one call, waiting while the ring is full; the call number and, if `cell` is
 * given, its expectation are filled in. Any thread or process. Returns the call number, or 0 if the
 * ring stayed full for some 200 ms: then look whether the backend lives, and try again. */
uint64_t rf_command_put(struct rf_region *region, struct rf_command *command, struct rf_cell *cell);
/* Backend: copies the next call out. 1, 0 if there is none, -EPROTO if the producer's counter
 * claims more than the ring holds. One thread. */
int rf_command_take(struct rf_region *region, struct rf_command *command);
/* Backend: copies the n-th call of those that wait, counted from 0, and leaves it there. False if there is none. */
bool rf_command_peek(const struct rf_region *region, uint32_t n, struct rf_command *command);

/* ---- reply cells ---- */

/* Frontend: claims a free cell, whose lock the caller then holds; rf_unlock(&cell->lock) frees it.
 * NULL if all are in use. */
struct rf_cell *rf_cell_claim(struct rf_region *region, uint32_t *cell);
/* Frontend: true once the answer to `call_number` is in the cell. */
static inline bool rf_cell_answered(const struct rf_cell *cell, uint64_t call_number) {
    return atomic_load_explicit(&cell->answered, memory_order_acquire) == call_number;
}
/* Frontend: waits for the answer, at most `milliseconds`. True if it is there. */
bool rf_cell_wait(struct rf_cell *cell, uint64_t call_number, int milliseconds);
/* Backend: answers a call. Without effect for RF_NO_CELL, an impossible cell, or one that waits for
 * another call. `payload` may be NULL. Wakes a thread that sleeps on the cell. One thread. */
void rf_reply(struct rf_region *region, uint32_t cell, uint64_t call_number, int32_t error,
              int64_t result, const void *payload, uint32_t payload_length);
/* The same in region A, where somebody waits on the cell and watchers have the words of the bitmap. */
void rf_reply_to_waiting(struct rf_region *region, uint32_t cell, uint64_t call_number, int32_t error,
                         int64_t result, const void *payload, uint32_t payload_length);

/* ---- data rings ---- */

/*
 * One direction of a slot: the words of its producer and its consumer. Positions are free-running
 * byte counters. A producer writes into the span of rf_produce_span and publishes with rf_produce;
 * a consumer reads the span of rf_consume_span and gives it back with rf_consume.
 */
struct rf_ring {
    _Atomic uint64_t *tail, *base, *used; /* the producer's */
    _Atomic uint64_t *head;               /* the consumer's */
    _Atomic uint64_t *grant;              /* the owner's */
    _Atomic uint32_t *busy;               /* the producer's */
};
static inline struct rf_ring rf_in_ring(struct rf_slot *slot) {
    return (struct rf_ring){&slot->in_tail, &slot->in_base, &slot->in_used, &slot->in_head, &slot->in_grant,
                            &slot->in_busy};
}
static inline struct rf_ring rf_out_ring(struct rf_slot *slot) {
    return (struct rf_ring){&slot->out_tail, &slot->out_base, &slot->out_used, &slot->out_head,
                            &slot->out_grant, &slot->out_busy};
}
static inline uint64_t rf_available(const struct rf_ring *ring) {
    return atomic_load_explicit(ring->tail, memory_order_acquire) -
           atomic_load_explicit(ring->head, memory_order_relaxed);
}
/* Producer: the free part of the ring as at most two pieces; adopts a new grant and rewinds when
 * the ring is empty. Returns its size in bytes; 0 if full, or waiting to become empty so that a
 * larger grant can be adopted, or without a grant. Until rf_produce the producer is busy, and the ring is its own; at any other time
 * the owner may give it to another socket. Producing 0 bytes ends that, too. */
uint32_t rf_produce_span(const struct rf_region *region, const struct rf_ring *ring, struct iovec span[2]);
static inline void rf_produce(const struct rf_ring *ring, uint64_t bytes) {
    uint64_t tail = atomic_load_explicit(ring->tail, memory_order_relaxed);
    atomic_store_explicit(ring->tail, tail + bytes, memory_order_release);
    atomic_store_explicit(ring->busy, 0, memory_order_release);
}
/* Consumer: the filled part as at most two pieces. Returns its size, 0 if empty, or -EPROTO if the
 * producer's words are impossible. */
int64_t rf_consume_span(const struct rf_region *region, const struct rf_ring *ring, struct iovec span[2]);
static inline void rf_consume(const struct rf_ring *ring, uint64_t bytes) {
    uint64_t head = atomic_load_explicit(ring->head, memory_order_relaxed);
    atomic_store_explicit(ring->head, head + bytes, memory_order_release);
}
/* True if the bytes up to this position of the out ring, not 0, may wait a moment for those that follow. */
static inline bool rf_awaits_more(const struct rf_slot *slot, uint64_t position) {
    uint64_t more = atomic_load_explicit(&slot->out_more, memory_order_relaxed);
    return (more & RF_MORE_ALL) != 0 ? position > rf_more_position(more) : position == rf_more_position(more);
}
/* Of `length` bytes from this position on, those to be sent by themselves: what is behind them may wait. */
static inline uint64_t rf_together(const struct rf_slot *slot, uint64_t position, uint64_t length) {
    uint64_t more = atomic_load_explicit(&slot->out_more, memory_order_relaxed), behind = rf_more_position(more);
    bool apart = (more & RF_MORE_ALL) != 0 && behind > position && behind - position < length;
    return apart ? behind - position : length;
}
/* linux/mman.h since 5.14. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
/* Has pages mapped, to be written or read. 0, or -errno: -EINVAL before Linux 5.14, and they come as they are touched. */
int rf_populate(void *pages, size_t bytes, bool write);
/* Producer, who is about to write `length` bytes from the beginning of `piece` on, a piece of rf_produce_span's, or consumer, who
 * is about to read them: has their pages mapped at once where the ring has 32 KiB or more and this is its first lap. A page
 * that is written for the first time costs 11 us, one that is read 5 where another process has written it; of many mapped at once 0.8 and
 * 0.25 each (docs/decisions/0039-pages-before-they-are-touched.md). `warm` is this side's own word of the ring, of any value at first.
 * Makes a system call at most; changes errno. */
void rf_ring_warm(const struct rf_region *region, const struct rf_ring *ring, _Atomic uint64_t *warm, const struct iovec *piece,
                  size_t length, bool write);
/* Producer: marks itself blocked by a full ring, then looks again. True if it has to wait: the
 * consumer will clear `blocked` and set the slot's pending bit. False if there is room after all. */
bool rf_produce_block(const struct rf_region *region, const struct rf_ring *ring, _Atomic uint32_t *blocked);
/* Consumer: called after rf_consume. True if the producer was blocked and has to be told. */
static inline bool rf_unblock(_Atomic uint32_t *blocked) {
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(blocked, memory_order_relaxed) != 0 && atomic_exchange(blocked, 0) != 0;
}

#endif
