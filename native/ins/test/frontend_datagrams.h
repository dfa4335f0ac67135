/*
 * frontend_datagrams.h - the frontend of the tests with sockets of datagrams: records in and out of their rings.
 */
#ifndef RINGFENCE_INS_TEST_FRONTEND_DATAGRAMS_H
#define RINGFENCE_INS_TEST_FRONTEND_DATAGRAMS_H

#include "../../region/record.h"
#include "frontend.h"

/* A socket of datagrams in one of the first slots; SOCKET has to succeed. `family` is of the region's ABI. */
void frontend_datagrams(struct frontend *f, uint32_t slot, int family);
/* Binds it to a port of loopback: the port. Linux's layout. */
uint16_t frontend_bind(struct frontend *f, uint32_t slot, int family);
/* Produces a record without telling the INS; false if there is no room. `header` may be NULL. */
bool frontend_put_record(struct frontend *f, uint32_t slot, const struct rf_record *header, const void *bytes,
                         uint32_t length);
/* Produces one, waiting for room, and tells the INS. */
bool frontend_send_record(struct frontend *f, uint32_t slot, const struct rf_record *header, const void *bytes,
                          uint32_t length);
/* Waits for the next one and consumes it: its length, -1 if none comes. `bytes` has room for 65535. */
int64_t frontend_receive_record(struct frontend *f, uint32_t slot, struct rf_record *header, void *bytes);
/* A header whose name is this port of loopback. Linux's layout. */
struct rf_record frontend_record_to(int family, uint16_t port);
/* Waits for a pending error, takes it, and returns its errno; -1 if none comes. */
int frontend_take_error(struct frontend *f, uint32_t slot);

/* A plain socket of datagrams, bound to a port of loopback. It gives up receiving after FRONTEND_PATIENCE. */
int plain_datagrams(int family, uint16_t *port);
/* Sends to a port of loopback. */
bool plain_send(int s, int family, uint16_t port, const void *bytes, size_t length);
/* True if there is an IPv6 loopback. */
bool plain_has_ipv6(void);

#endif
