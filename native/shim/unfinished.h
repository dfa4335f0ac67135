/*
 * unfinished.h - datagrams of which only the beginning has been sent, with MSG_MORE: they wait in this process
 * for their end.
 */
#ifndef RINGFENCE_SHIM_UNFINISHED_H
#define RINGFENCE_SHIM_UNFINISHED_H

#include "../region/record.h"
#include "buffers.h"
#include "table.h"

struct unfinished {
    _Atomic uint64_t key; /* whose it is, 0: nobody's */
    struct rf_record record; /* of the first part: the ancillary data and name of the others do not count */
    uint32_t length;
    uint8_t *bytes; /* RF_MAX_DATAGRAM */
};

/* The socket's; NULL if there is none. */
struct unfinished *unfinished_find(const struct ring_socket *socket);
/* The socket's, or a new one; NULL if this process has too many. Under send_lock, as are those that follow. */
struct unfinished *unfinished_begin(const struct ring_socket *socket, const struct rf_record *record);
/* False if there is no room for it. */
bool unfinished_append(struct unfinished *datagram, struct buffers from, uint32_t length);
void unfinished_end(struct unfinished *datagram);

#endif
