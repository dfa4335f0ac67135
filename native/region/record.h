/*
 * record.h - datagrams in data rings: a header of one unit, the bytes behind it, padding to the next unit.
 *
 * Both sides of a datagram socket use it, in place of rf_produce_span and rf_consume_span: the shim and the
 * INS. docs/protocol.md, "Records of datagrams", is the contract. As everywhere in the region library nothing
 * allocates, and every access stays inside the ring, whatever the other side writes. "-EPROTO" always means that
 * words of the region are impossible, and that no call on this ring will succeed again.
 *
 *     producer                                            consumer
 *     struct rf_record *header, record;
 *     struct iovec bytes[2];
 *     rf_record_reserve(region, ring, n, &header, bytes)  rf_record_peek(region, ring, &record, bytes)
 *     fill *header but its length, and the bytes          use the copy and the bytes
 *     rf_record_commit(ring, header, length)              rf_record_consume(ring, &record)
 */
#ifndef RINGFENCE_RECORD_H
#define RINGFENCE_RECORD_H

#include <string.h>

#include "region.h"

/* What a datagram of `length` bytes takes in a ring. */
static inline uint32_t rf_record_bytes(uint32_t length) {
    return (uint32_t)(sizeof(struct rf_record) + length + RF_RECORD_UNIT - 1) / RF_RECORD_UNIT * RF_RECORD_UNIT;
}

/* Producer: room for a datagram of up to `length` bytes, at most RF_MAX_DATAGRAM: a zeroed header, and at most
 * two pieces of `length` bytes together (one that is not needed has length 0). Adopts a new grant and rewinds
 * as rf_produce_span does. 1; 0 if there is not that much room, or the ring has to become empty first; -EPROTO. */
int rf_record_reserve(const struct rf_region *region, const struct rf_ring *ring, uint32_t length,
                      struct rf_record **header, struct iovec bytes[2]);
/* Producer: writes the header's length and publishes. `length` is at most what was reserved. */
static inline void rf_record_commit(const struct rf_ring *ring, struct rf_record *header, uint32_t length) {
    header->length = length;
    rf_produce(ring, rf_record_bytes(length));
}
/* Producer: as rf_produce_block, for a datagram of `length` bytes: true if it has to wait until the consumer clears
 * `blocked`, and then to look again: the room that was made may still not do. */
bool rf_record_block(const struct rf_region *region, const struct rf_ring *ring, uint32_t length,
                     _Atomic uint32_t *blocked);

/* Consumer: copies the next datagram's header out, and gives its bytes as at most two pieces. The copy's
 * length is that of the bytes and lies within what is filled; the lengths of its names are cut to their size.
 * 1, 0 if there is none, or -EPROTO. */
int rf_record_peek(const struct rf_region *region, const struct rf_ring *ring, struct rf_record *record,
                   struct iovec bytes[2]);
/* Consumer: gives the datagram's place back; then rf_unblock. `record` is the copy. */
static inline void rf_record_consume(const struct rf_ring *ring, const struct rf_record *record) {
    rf_consume(ring, rf_record_bytes(record->length));
}

#endif
