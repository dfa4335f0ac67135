/* The table of descriptors: a large array of which only the touched pages exist. */
#include "table.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"

static _Atomic(_Atomic uint64_t *) table;
static _Atomic unsigned end;

/* Wiped by any fork, however it is done: 0 says that this process has not recorded its number. */
static _Atomic(_Atomic pid_t *) recorded;

bool table_create(void) {
    if (atomic_load(&table) != NULL) return true;
    size_t bytes = RF_TABLE_SIZE * sizeof(uint64_t);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    _Atomic uint64_t *none = NULL;
    if (!atomic_compare_exchange_strong(&table, &none, memory)) munmap(memory, bytes);
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
    if (entry == RF_ENTRY_NONE || entry == RF_ENTRY_OWN || process_is_borrowed()) return false;
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

void process_record(void) {
    if (atomic_load(&recorded) != NULL) return;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    _Atomic pid_t *none = NULL;
    if (madvise(page, 4096, MADV_WIPEONFORK) != 0) {
        munmap(page, 4096);
        return;
    }
    *(_Atomic pid_t *)page = getpid();
    if (!atomic_compare_exchange_strong(&recorded, &none, page)) munmap(page, 4096);
}

bool process_is_borrowed(void) {
    _Atomic pid_t *page = atomic_load_explicit(&recorded, memory_order_acquire);
    if (page == NULL) return false;
    pid_t own = getpid(), pid = atomic_load_explicit(page, memory_order_relaxed);
    if (pid == 0) {
        /* The first look after a fork. The thread that was attaching then does not exist here. */
        attachment_after_fork();
        atomic_store_explicit(page, own, memory_order_relaxed);
        return false;
    }
    return pid != own;
}
