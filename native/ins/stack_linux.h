/*
 * stack_linux.h - the parts of the Linux stack, and what they share.
 *
 *   stack_linux.c      calls, bytes and readiness
 *   options_linux.c    socket options: those that pass, and those whose value is the stack's business
 *   messages_linux.c   datagrams and their ancillary data
 *   network_linux.c    what the stack has
 *   counters_linux.c   what it counts
 */
#ifndef RINGFENCE_INS_STACK_LINUX_H
#define RINGFENCE_INS_STACK_LINUX_H

#include "stack.h"

/* Bits of the word kept per socket. */
enum {
    KEPT_NODELAY = 1,   /* the application has asked for TCP_NODELAY */
    KEPT_OOBINLINE = 2, /* and for SO_OOBINLINE */
    KEPT_UNSENT = 4,    /* and has a limit of its own for what is unsent, TCP_NOTSENT_LOWAT */
    KEPT_LINGER = 8,    /* it has set SO_LINGER, which close() has to look at */
    KEPT_FLOWS = 16,    /* its peer takes what it is sent */
    KEPT_CORK = 32,     /* and it has asked for TCP_CORK */
};
/* And above them SO_RCVLOWAT, as it has set it. Linux's own limit is a few MiB. */
#define KEPT_MARK_AT 8
#define KEPT_MARK_MOST UINT32_C(0xffffff)

/* What a socket takes beyond what is on its way. The rings in front of it are a buffer, too: without a limit the two
 * together take half as much again of what nobody reads as a socket does, 4 MiB on a loopback. */
#define UNSENT_BYTES (256 * 1024)
/* And until its peer has taken as much: of those who take nothing there may be thousands. */
#define UNSENT_AT_FIRST (64 * 1024)

int linux_set_option(int socket, uint32_t *kept, int level, int name, const void *value, uint32_t length);
int linux_get_option(int socket, const uint32_t *kept, int level, int name, void *value, uint32_t *length);

ssize_t linux_receive_datagram(int socket, struct rf_record *record, const struct iovec *pieces, int count);
ssize_t linux_next_datagram(int socket);
ssize_t linux_send_datagram(int socket, const struct rf_record *record, const struct iovec *pieces, int count);

/* Before the process locks itself down. Without rtnetlink(7) nothing will be told. */
void linux_network_open(void);
int linux_network(struct rf_network_entry *entries);

/* Before the process locks itself down. Without /proc nothing is counted. */
void linux_counters_open(void);
bool linux_count(struct rf_stack_counts *counts);

#endif
