/*
 * readiness.h - the readiness pair: what makes select, poll and epoll on the descriptor of a socket say the
 * truth about the socket's rings. All but rf_readable_tell, rf_readable_seen and rf_packet_lies is the application's side.
 *
 * docs/readiness.md is the contract. The shim calls these; the tests in
 * native/region/test run the same code against a gateway written in C. Everything here goes to the
 * kernel by syscall(2), never by a function of libc that the shim itself interposes, and may change
 * errno. Nothing here blocks, whatever the descriptor's O_NONBLOCK flag says, except rf_await_room.
 *
 * Functions that return "ring" do not ring the gateway's doorbell themselves: the caller does, after
 * it has given up its lock, and does so in any case: nobody else will, the asleep flag is cleared.
 */
#ifndef RINGFENCE_READINESS_H
#define RINGFENCE_READINESS_H

#include "region.h"

/* Marks the slot pending for the backend. True: the caller has to ring. */
static inline bool rf_notify(const struct rf_region *region, uint32_t slot) {
    rf_pending_set(region->to_backend, slot);
    return rf_must_ring(&region->header->backend_asleep);
}

/* A watcher's word: 0, or twice the id of its process, plus 1 while it sleeps and wants a packet. Written by the frontend;
 * the backend clears bit 0. */
static inline _Atomic uint32_t *rf_watcher(const struct rf_region *region, uint32_t watcher) {
    return (_Atomic uint32_t *)region->header->answered + watcher;
}

/* Backend, after it has published bytes: true if the socket's watcher is awake and will see the bit that was set for it, so that
 * no packet is needed. */
bool rf_readable_seen(const struct rf_region *region, uint32_t slot);

/* Makes the descriptor unreadable if the in ring is empty. Call it under receive_lock after every
 * rf_consume and after every look that found the ring empty; it does nothing if bytes are left.
 * `slot` is valid. True: the caller has to ring. */
bool rf_readable_settle(const struct rf_region *region, uint32_t slot, int fd);

/* True while an urgent byte is to be received by MSG_OOB, or, with RF_URGENT_INLINE, to be read. */
bool rf_urgent_pending(const struct rf_slot *slot);
/* True if the next byte to be read is, or was, the urgent one: SIOCATMARK. */
bool rf_urgent_at_mark(const struct rf_slot *slot);

/* Asks the gateway for a packet if the in ring is not empty. For a receiver that leaves bytes behind
 * and may have been the only one whom the last packet woke. True: the caller has to ring. */
bool rf_readable_kick(const struct rf_region *region, uint32_t slot);

/* The gateway's part: sends the packet that makes the socket readable, unless what it would tell of has been taken by
 * now. `slot` is valid, `fd` the gateway's end. 0, or -errno of the packet. */
int rf_readable_tell(struct rf_slot *slot, int fd);

/* The gateway's watchdog: true if a packet sent from `fd`, the gateway's end, has not been read away (SIOCOUTQ, unix(7)). What the
 * words say is not certain: a reader may have been killed between a packet and its count. False if the kernel does not know. */
bool rf_packet_lies(int fd);

/* Makes the descriptor unwritable: sends empty packets until there is no space ("stuffing"). Call it
 * before LISTEN and CONNECT. 0, or -errno if the gateway has ended this direction or is gone: -EPIPE,
 * -ECONNRESET. */
int rf_stuff(int fd);

enum rf_room {
    RF_ROOM_NONE, /* the descriptor is unwritable until the gateway has made room */
    RF_ROOM,      /* there is room: produce again */
    RF_ROOM_RING, /* there is room, and the caller has to ring */
    RF_ROOM_OVER, /* no more sending: the gateway has ended this direction or is gone */
};
/* Makes the descriptor unwritable because the out ring is full. Call it under send_lock when
 * rf_produce_span gave 0. */
enum rf_room rf_writable_block(const struct rf_region *region, uint32_t slot, int fd);

/* Waits until there is something to receive, or end of file, as long as SO_RCVTIMEO allows. Call it
 * without a lock. 0, or -errno: -EAGAIN after the time-out, -EINTR, -ECONNRESET. */
int rf_await_bytes(int fd);
/* Waits until the descriptor is writable, as long as SO_SNDTIMEO allows. Call it without a lock.
 * 0, or -errno: -EAGAIN after the time-out, -EINTR, -EPIPE, -ECONNRESET. */
int rf_await_room(int fd);

#endif
