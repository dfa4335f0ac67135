/*
 * loan.h - descriptors of accepted connections that the gateway has lent to this process, and has back when they are
 * closed (docs/readiness.md, "Lent"). Whatever the shim is not sure of ends a loan: then the kernel tells the gateway.
 */
#ifndef RINGFENCE_SHIM_LOAN_H
#define RINGFENCE_SHIM_LOAN_H

#include <sys/socket.h>

#include "table.h"

/* A descriptor has been accepted, and may have been another connection's before: gives it the flags of a new one. */
void loan_taken(struct rf_slot *slot, int fd, bool nonblocking);
/* O_NONBLOCK of the descriptor is about to be set or cleared. */
void loan_flags_change(int fd);

/* Before a descriptor is closed. True: it is lent, is in no epoll instance any more, and the caller gives it back with
 * loan_return as soon as it is closed. May change errno. */
bool loan_take(int fd, struct ring_socket *lent);
/* After that. Keeps errno. */
void loan_return(const struct ring_socket *lent);

/* A descriptor is about to be in more places than the table says, or to have properties that stay with it. Keeps errno. */
void loan_keep(int fd);
void loan_keep_socket(const struct ring_socket *socket);
/* The descriptors in a message that was sent. Keeps errno. */
void loan_keep_passed(const struct msghdr *message);
/* Before this process gets a child that has its descriptors, or becomes another program. Keeps errno. */
void loan_keep_all(void);

#endif
