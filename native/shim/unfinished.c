/* Unfinished datagrams: a few places, each with memory from its first use on. */
#include "unfinished.h"

#include <sys/mman.h>

#include "attach.h"

#define PLACES 16

static struct unfinished places[PLACES];
static _Atomic unsigned used; /* so that who sends whole datagrams need not look */

static uint64_t key_of(const struct ring_socket *s) {
    return table_entry(attachment_index(s->attachment), s->number, s->generation);
}

/* True if the socket that it was begun on does not exist any more. */
static bool is_orphan(uint64_t key) {
    const struct attachment *attachment = attachment_at((unsigned)(key >> 48) - 1);
    const struct rf_slot *slot = rf_slot_at(&attachment->region, (uint32_t)(key >> 32) & 0xffff);
    return slot == NULL || atomic_load(&slot->generation) != (uint32_t)key;
}

struct unfinished *unfinished_find(const struct ring_socket *socket) {
    if (atomic_load_explicit(&used, memory_order_relaxed) == 0) return NULL;
    for (unsigned i = 0; i < PLACES; i++)
        if (atomic_load_explicit(&places[i].key, memory_order_acquire) == key_of(socket)) return &places[i];
    return NULL;
}

struct unfinished *unfinished_begin(const struct ring_socket *socket, const struct rf_record *record) {
    struct unfinished *datagram = unfinished_find(socket);
    for (unsigned i = 0; datagram == NULL && i < PLACES; i++) {
        uint64_t key = atomic_load(&places[i].key);
        if (key != 0 && !is_orphan(key)) continue;
        if (!atomic_compare_exchange_strong(&places[i].key, &key, key_of(socket))) continue;
        datagram = &places[i];
        if (key == 0) atomic_fetch_add(&used, 1);
        datagram->length = 0;
        datagram->record = *record;
        if (datagram->bytes != NULL) break;
        void *memory = mmap(NULL, RF_MAX_DATAGRAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED) {
            datagram->bytes = memory;
            break;
        }
        unfinished_end(datagram);
        return NULL;
    }
    return datagram;
}

bool unfinished_append(struct unfinished *datagram, struct buffers from, uint32_t length) {
    if (length > RF_MAX_DATAGRAM - datagram->length) return false;
    buffers_gather(&from, datagram->bytes + datagram->length, length);
    datagram->length += length;
    return true;
}

void unfinished_end(struct unfinished *datagram) {
    atomic_store(&datagram->key, 0);
    atomic_fetch_sub(&used, 1);
}
