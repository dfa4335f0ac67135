/*
 * stack_linux.h - the parts of the Linux stack, and what they share.
 *
 *   stack_linux.c      calls, bytes and readiness
 *   messages_linux.c   datagrams and their ancillary data
 *   network_linux.c    what the stack has
 *   counters_linux.c   what it counts
 */
#ifndef RINGFENCE_INS_STACK_LINUX_H
#define RINGFENCE_INS_STACK_LINUX_H

#include "stack.h"

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
