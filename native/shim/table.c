/* The table of descriptors: a large array of which only the touched pages exist. */
#include "table.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "attach.h"
#include "memory.h"

static _Atomic(_Atomic uint64_t *) table;
static _Atomic unsigned end;

bool table_create(void) {
    if (atomic_load(&table) != NULL) return true;
    size_t bytes = RF_TABLE_SIZE * sizeof(uint64_t);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    _Atomic uint64_t *none = NULL;
    if (!atomic_compare_exchange_strong(&table, &none, memory)) munmap(memory, bytes);
    else memory_note(memory, bytes);
    return true;
}

uint64_t table_get(int fd) {
    _Atomic uint64_t *entries = atomic_load_explicit(&table, memory_order_acquire);
    if (entries == NULL || (unsigned)fd >= RF_TABLE_SIZE) return RF_ENTRY_NONE;
    return atomic_load_explicit(&entries[fd], memory_order_acquire);
}

bool table_set(int fd, uint64_t entry) {
    _Atomic uint64_t *entries = atomic_load_explicit(&table, memory_order_acquire);
    if (entries == NULL || (unsigned)fd >= RF_TABLE_SIZE) return entry == RF_ENTRY_NONE;
    /* Most descriptors are none of ours: leave their pages of the table untouched. */
    if (entry == RF_ENTRY_NONE && atomic_load_explicit(&entries[fd], memory_order_relaxed) == RF_ENTRY_NONE)
        return true;
    atomic_store_explicit(&entries[fd], entry, memory_order_release);
    unsigned seen = atomic_load(&end);
    while (seen <= (unsigned)fd && !atomic_compare_exchange_weak(&end, &seen, (unsigned)fd + 1)) continue;
    return true;
}

unsigned table_end(void) { return atomic_load(&end); }

bool table_find(int fd, struct ring_socket *found) {
    uint64_t entry = table_get(fd);
    if (entry == RF_ENTRY_NONE || entry >= RF_ENTRY_NETLINK || process_is_borrowed()) return false;
    struct attachment *attachment = attachment_at((unsigned)(entry >> 48) - 1);
    struct rf_slot *slot = rf_slot_at(&attachment->region, (uint32_t)(entry >> 32) & 0xffff);
    uint32_t generation = (uint32_t)entry;
    if (slot == NULL || atomic_load_explicit(&slot->generation, memory_order_acquire) != generation) {
        /* The descriptor was closed where the shim does not see it, and is something else by now. */
        _Atomic uint64_t *entries = atomic_load_explicit(&table, memory_order_relaxed);
        atomic_compare_exchange_strong(&entries[fd], &entry, RF_ENTRY_NONE);
        return false;
    }
    *found = (struct ring_socket){
        .fd = fd,
        .attachment = attachment,
        .region = &attachment->region,
        .slot = slot,
        .number = (uint32_t)(entry >> 32) & 0xffff,
        .generation = generation,
    };
    return true;
}

bool table_holds(const struct ring_socket *socket) {
    return table_get(socket->fd) ==
           table_entry(attachment_index(socket->attachment), socket->number, socket->generation);
}
