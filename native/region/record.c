/* Datagrams in data rings. Positions are multiples of a unit, counted from 0, and rings are multiples of it, too:
 * so a header never wraps around the end of its ring. Since others can write into the words, that is looked at. */
#include "record.h"

#include <errno.h>

/* Splits a span into the header at its beginning and the `length` bytes behind it; false if the span does not
 * begin with a whole, aligned header. The caller has seen that the span is long enough. */
static bool split(const struct rf_region *region, const struct iovec span[2], uint32_t length, uint8_t **header,
                  struct iovec bytes[2]) {
    *header = span[0].iov_base;
    if (span[0].iov_len < RF_RECORD_UNIT || (size_t)(*header - region->pool) % RF_RECORD_UNIT != 0) return false;
    size_t first = span[0].iov_len - RF_RECORD_UNIT;
    if (first > length) first = length;
    bytes[0] = (struct iovec){*header + RF_RECORD_UNIT, first};
    bytes[1] = (struct iovec){span[1].iov_base, length - first};
    if (first == 0) { /* all of it behind the end: one piece all the same, for who looks at the first only */
        bytes[0] = bytes[1];
        bytes[1].iov_len = 0;
    }
    return true;
}

int rf_record_reserve(const struct rf_region *region, const struct rf_ring *ring, uint32_t length,
                      struct rf_record **header, struct iovec bytes[2]) {
    struct iovec span[2];
    uint8_t *place;
    if (length > RF_MAX_DATAGRAM) return 0;
    if (rf_produce_span(region, ring, span) < rf_record_bytes(length)) {
        rf_produce(ring, 0);
        return 0;
    }
    if (!split(region, span, length, &place, bytes)) return -EPROTO;
    *header = memset(place, 0, sizeof **header);
    return 1;
}

bool rf_record_block(const struct rf_region *region, const struct rf_ring *ring, uint32_t length,
                     _Atomic uint32_t *blocked) {
    struct iovec span[2];
    atomic_store_explicit(blocked, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rf_produce_span(region, ring, span) < rf_record_bytes(length)) return true;
    atomic_store_explicit(blocked, 0, memory_order_relaxed);
    return false;
}

static void cut(struct rf_name *name) {
    if (name->length > sizeof name->address) name->length = sizeof name->address;
}

int rf_record_peek(const struct rf_region *region, const struct rf_ring *ring, struct rf_record *record,
                   struct iovec bytes[2]) {
    struct iovec span[2];
    uint8_t *place;
    int64_t filled = rf_consume_span(region, ring, span);
    if (filled <= 0) return (int)filled;
    if (filled < RF_RECORD_UNIT || !split(region, span, 0, &place, bytes)) return -EPROTO;
    memcpy(record, place, sizeof *record);
    /* The copy has to be what is checked: nobody may fetch the length from the ring a second time. */
    atomic_signal_fence(memory_order_seq_cst);
    if (record->length > RF_MAX_DATAGRAM || rf_record_bytes(record->length) > filled) return -EPROTO;
    split(region, span, record->length, &place, bytes);
    cut(&record->name);
    cut(&record->via);
    return 1;
}
