/*
 * gateway.h - the gateway's side of the readiness protocol for one slot, as docs/readiness.md
 * writes it, for tests of the application's side. The real one is Java.
 *
 * One thread. The doorbell is an eventfd that is waited on with EPOLLET and never read.
 */
#ifndef RINGFENCE_REGION_TEST_GATEWAY_H
#define RINGFENCE_REGION_TEST_GATEWAY_H

#include "check.h"

struct gateway {
    struct rf_region region;
    uint32_t slot;
    int pair[2];  /* the application's end, the gateway's end */
    int doorbell; /* rung by the application */
    int epoll;    /* waits for the doorbell (data 0) and the gateway's end (data 1) */
    bool watchdog;
    uint64_t head_at_packet; /* all ones: no packet yet */
    uint64_t head_seen;      /* the watchdog's */
    double head_moved;       /* when it was seen to move, or the ring to be empty */
    double stuffed;          /* since when packets lie in its end unasked; 0: none */
    long packets, kicks, barks;
};

/* A region with one slot in use, ring granted, and its readiness pair. */
void gateway_open(struct gateway *g, uint32_t ring_order, bool watchdog);
void gateway_close(struct gateway *g);
static inline struct rf_slot *gateway_slot(struct gateway *g) { return &g->region.slots[g->slot]; }

/* Produces up to `bytes` bytes of the test stream into the in ring, publishes them, and sends a
 * packet if the protocol wants one. Returns how many there was room for. */
uint64_t gateway_publish(struct gateway *g, uint64_t bytes);
/* One turn of its loop: serves a kick and the watchdog, and waits up to `milliseconds` if there is
 * nothing to do. True if the slot had news. */
bool gateway_turn(struct gateway *g, int milliseconds);
/* Moves up to `most` bytes of the out ring away, checking them, and makes the descriptor writable
 * again if the application is blocked and half of the ring is free. The number of bytes; -1 if
 * they were wrong. */
int64_t gateway_take(struct gateway *g, uint64_t most);
/* Reads all packets away from its end. */
int gateway_read_away(struct gateway *g);

/* IN_EOF mark, three packets, shutdown(SHUT_WR). */
void gateway_end_of_file(struct gateway *g);
/* Answer to the application's shutdown(SHUT_WR): OUT_SHUT mark and shutdown(SHUT_RD). */
void gateway_out_shut(struct gateway *g);
/* Error, RESET mark, three packets, shutdown(SHUT_RDWR). */
void gateway_reset(struct gateway *g, int error);

/* The application's: rings the doorbell. */
void gateway_ring(const struct gateway *g);

#endif
