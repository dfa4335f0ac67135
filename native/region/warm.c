/* Pages of rings, present before they are touched. */
#include <errno.h>
#include <sys/mman.h>

#include "region.h"

/* As many bytes as are touched ahead: 32 KiB. */
#define STEP (RF_PAGE * 8u)

int rf_populate(void *pages, size_t bytes, bool write) {
    return madvise(pages, bytes, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0 ? 0 : -errno;
}

void rf_ring_warm(const struct rf_region *region, const struct rf_ring *ring, _Atomic uint64_t *warm, const struct iovec *piece,
                  size_t length, bool write) {
    uint64_t used = atomic_load_explicit(ring->used, memory_order_relaxed);
    uint32_t size = rf_grant_size(used);
    if (size < STEP) return;
    uint32_t tag = rf_grant_page(used) ^ (uint32_t)(used >> 48) << 16;
    uint64_t word = atomic_load_explicit(warm, memory_order_relaxed);
    uint32_t known = word >> 32 == tag ? (uint32_t)word : 0;
    uint8_t *memory = region->pool + (uint64_t)rf_grant_page(used) * RF_PAGE;
    uint64_t place = (uint64_t)((uint8_t *)piece->iov_base - memory);
    uint64_t end = place + (length < piece->iov_len ? length : piece->iov_len), unit = write ? STEP : RF_PAGE;
    if (place > known || end <= known || end > size) return;
    end = (end + unit - 1) / unit * unit;
    rf_populate(memory + known, end - known, write);
    atomic_store_explicit(warm, (uint64_t)tag << 32 | end, memory_order_relaxed);
}
