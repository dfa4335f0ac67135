/* Notes: one word for each slot, with the generation that it is about. */
#include "notes.h"

#include <stdatomic.h>

#include "attach.h"

/* generation in bits 0..31, notes 32..39, attachment + 1 in 40..47. Untouched pages take no memory. */
static _Atomic uint64_t words[RF_MAX_SLOTS];

static uint64_t key_of(const struct ring_socket *s) {
    return (uint64_t)(attachment_index(s->attachment) + 1) << 40 | s->generation;
}

static unsigned notes_in(uint64_t word, uint64_t key) {
    return (word & ~(UINT64_C(0xff) << 32)) == key ? (unsigned)(word >> 32) & 0xff : 0;
}

unsigned notes_of(const struct ring_socket *socket) {
    return notes_in(atomic_load_explicit(&words[socket->number], memory_order_relaxed), key_of(socket));
}

void notes_change(const struct ring_socket *socket, unsigned set, unsigned clear) {
    uint64_t key = key_of(socket), word = atomic_load_explicit(&words[socket->number], memory_order_relaxed), changed;
    do {
        changed = key | (uint64_t)((notes_in(word, key) & ~clear) | set) << 32;
        if (changed == word) return;
    } while (!atomic_compare_exchange_weak_explicit(&words[socket->number], &word, changed, memory_order_relaxed,
                                                    memory_order_relaxed));
}
