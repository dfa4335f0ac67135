/* pairs.h - where the event loop gets its readiness pairs from, and where it leaves their ends. The loop's thread only. */
#ifndef RINGFENCE_LOOP_PAIRS_H
#define RINGFENCE_LOOP_PAIRS_H

#include <stdint.h>

struct rf_pairs;

/* SOCK_SEQPACKET; the near end takes no descriptors, the far end's send buffer is at its minimum. */
struct rf_pair {
    int near, far;
    uint64_t cookie; /* SO_COOKIE of the far end */
};

/* 0, or -errno. Whoever calls them owns both ends. */
int rf_pair_make(struct rf_pair *pair);
/* The same from the stock, if there is one. `pairs` may be NULL here and below: then all is done at once. */
int rf_pairs_take(struct rf_pairs *pairs, struct rf_pair *pair);
/* Closes `end` soon. Nobody may hold the other end, lest an event of its comes in between. 0, or -errno. */
int rf_pairs_close(struct rf_pairs *pairs, int end);
/* A batch is over: wakes the thread if there is enough for it. */
void rf_pairs_tell(struct rf_pairs *pairs);

#endif
