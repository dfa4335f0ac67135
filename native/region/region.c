#include "region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

static bool power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

/* The one place that decides where things lie; everybody else reads the offsets in the header. */
static bool lay_out(const struct rf_geometry *g, struct rf_header *h) {
    if (g->slots == 0 || g->slots % 64 != 0 || g->slots > RF_MAX_SLOTS || !power_of_two(g->commands) ||
        g->cells == 0 || g->cells % 64 != 0 || g->cells > RF_MAX_CELLS || g->pool_bytes == 0 ||
        g->pool_bytes % RF_PAGE != 0 || g->commands > UINT32_C(1) << 20 ||
        g->pool_bytes / RF_PAGE > UINT32_MAX)
        return false;
    uint64_t at = sizeof(struct rf_header);
    h->to_backend_offset = at;
    at += sizeof(struct rf_pending);
    h->to_frontend_offset = at;
    at = round_up(at + sizeof(struct rf_pending), RF_PAGE);
    h->commands_offset = at;
    at += (uint64_t)g->commands * sizeof(struct rf_command);
    h->cells_offset = at = round_up(at, RF_PAGE);
    at += (uint64_t)g->cells * sizeof(struct rf_cell);
    h->slots_offset = at = round_up(at, RF_PAGE);
    at += (uint64_t)g->slots * sizeof(struct rf_slot);
    h->pool_offset = at = round_up(at, RF_PAGE);
    h->pool_bytes = g->pool_bytes;
    h->region_bytes = at + g->pool_bytes;
    return true;
}

uint64_t rf_region_bytes(const struct rf_geometry *geometry) {
    struct rf_header header = {0};
    return lay_out(geometry, &header) ? header.region_bytes : 0;
}

int rf_region_format(void *memory, const struct rf_geometry *geometry) {
    struct rf_header *h = memory;
    if (!lay_out(geometry, h)) return -EINVAL;
    h->layout_version = RF_LAYOUT_VERSION;
    h->abi = geometry->abi;
    h->slots = geometry->slots;
    h->commands = geometry->commands;
    h->cells = geometry->cells;
    h->region_id = geometry->region_id;
    rf_lock_init(&h->command_lock);
    struct rf_cell *cells = (void *)((uint8_t *)memory + h->cells_offset);
    for (uint32_t i = 0; i < geometry->cells; i++) rf_lock_init(&cells[i].lock);
    atomic_thread_fence(memory_order_seq_cst);
    h->magic = RF_MAGIC;
    return 0;
}

static bool lies_within(uint64_t bytes, uint64_t offset, uint64_t length, uint64_t alignment) {
    return offset % alignment == 0 && offset <= bytes && length <= bytes - offset;
}

int rf_region_open(void *memory, uint64_t bytes, struct rf_region *region) {
    if (bytes < sizeof(struct rf_header)) return -EINVAL;
    struct rf_header h;
    memcpy(&h, memory, offsetof(struct rf_header, frontend_asleep));
    if (h.magic != RF_MAGIC) return -EINVAL;
    if (h.layout_version != RF_LAYOUT_VERSION) return -EPROTO;
    if (h.slots == 0 || h.slots % 64 != 0 || h.slots > RF_MAX_SLOTS || !power_of_two(h.commands) ||
        h.cells == 0 || h.cells % 64 != 0 || h.cells > RF_MAX_CELLS || h.region_bytes > bytes ||
        !lies_within(bytes, h.commands_offset, (uint64_t)h.commands * sizeof(struct rf_command), 64) ||
        !lies_within(bytes, h.cells_offset, (uint64_t)h.cells * sizeof(struct rf_cell), 64) ||
        !lies_within(bytes, h.slots_offset, (uint64_t)h.slots * sizeof(struct rf_slot), 64) ||
        !lies_within(bytes, h.to_backend_offset, sizeof(struct rf_pending), 64) ||
        !lies_within(bytes, h.to_frontend_offset, sizeof(struct rf_pending), 64) ||
        !lies_within(bytes, h.pool_offset, h.pool_bytes, RF_PAGE))
        return -EINVAL;
    uint8_t *base = memory;
    *region = (struct rf_region){
        .header = memory,
        .commands = (void *)(base + h.commands_offset),
        .cells = (void *)(base + h.cells_offset),
        .slots = (void *)(base + h.slots_offset),
        .to_backend = (void *)(base + h.to_backend_offset),
        .to_frontend = (void *)(base + h.to_frontend_offset),
        .pool = base + h.pool_offset,
        .bytes = bytes,
        .pool_bytes = h.pool_bytes,
        .slot_count = h.slots,
        .command_count = h.commands,
        .cell_count = h.cells,
    };
    return 0;
}

int rf_region_map(int memfd, uint64_t bytes, struct rf_region *region) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    if (memory == MAP_FAILED) return -errno;
    /* What is in flight is nothing for a file that outlives it, and its holes would be filled to be written. */
    madvise(memory, bytes, MADV_DONTDUMP);
    int error = rf_region_open(memory, bytes, region);
    if (error != 0) munmap(memory, bytes);
    return error;
}

bool rf_pending_any(const struct rf_region *region, const struct rf_pending *pending) {
    uint64_t any = 0;
    for (uint32_t i = 0; i * 4096 < region->slot_count; i++)
        any |= atomic_load_explicit(&pending->summary[i], memory_order_relaxed);
    return any != 0;
}
