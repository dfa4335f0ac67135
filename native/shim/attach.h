/*
 * attach.h - this process's attachments to a gateway: the region, and the three descriptors that go
 * with it. There is more than one only if the gateway was restarted while the process lived: sockets
 * of a dead region keep referring to it, new ones get the new region.
 */
#ifndef RINGFENCE_SHIM_ATTACH_H
#define RINGFENCE_SHIM_ATTACH_H

#include <stdbool.h>

#include "../region/region.h"

#define RF_ATTACHMENTS 64
/* Where the shim's own descriptors go: out of the way of programs that count on low numbers, but not
 * so high that the kernel copies a large table of descriptors at each fork. */
#define OWN_NUMBERS 960

/* Its memory and descriptors stay as long as the process: another thread may be using them. */
struct attachment {
    struct rf_region region;
    int connection; /* its end of file tells each side that the other one is gone */
    int doorbell;   /* eventfd */
    int pool;       /* fresh sockets come from here */
    int memory;     /* the region's, kept for the programs that this one becomes */
    _Atomic bool dead;
};

/* Reads the environment. Constructor. */
void attachment_configure(void);
/* Takes over the attachment that the environment names, with its descriptors. Constructor. */
void attachment_inherit(void);
/* True if the environment names a gateway; else the shim passes everything through. */
bool attachment_configured(void);
/* The living attachment; attaches if there is none. NULL: no gateway, and, once per process, a line on
 * stderr has said why unless `quiet`. May change errno. Any thread. */
struct attachment *attachment_get(bool quiet);
struct attachment *attachment_at(unsigned index);
unsigned attachment_index(const struct attachment *attachment);
/* False if the gateway is gone: a system call, and remembered. Keeps errno. */
bool attachment_alive(struct attachment *attachment);
static inline bool attachment_dead(const struct attachment *attachment) {
    return atomic_load_explicit(&attachment->dead, memory_order_relaxed);
}
/* What only the gateway ends has ended, and nothing says why: false if the gateway has, too, for which it is waited a tenth of a second, since a
 * process that is killed loses its descriptors in an order that nobody knows. Keeps errno. */
bool attachment_outlives(struct attachment *attachment);
/* Rings the gateway's doorbell. Keeps errno. */
void attachment_ring(const struct attachment *attachment);
/* The limit of descriptors is another one. accept.c */
void accept_limit_changed(void);
/* The first thing in a child of fork. */
void attachment_after_fork(void);

#endif
