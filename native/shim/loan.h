/*
 * loan.h - descriptors of accepted connections that the gateway has lent to this process, and has back when they are
 * closed (docs/readiness.md, "Lent"). Whatever the shim is not sure of ends a loan: then the kernel tells the gateway.
 */
#ifndef RINGFENCE_SHIM_LOAN_H
#define RINGFENCE_SHIM_LOAN_H

#include <sys/socket.h>

#include "table.h"

/* To be compared later: another value if a fork was under way now, or began since. */
uint32_t loan_forks(void);
/* A descriptor has been accepted, and may have been another connection's before: gives it the flags of a new one. `forks` is
 * loan_forks() before it was received. */
void loan_taken(const struct ring_socket *socket, bool nonblocking, uint32_t forks);
/* O_NONBLOCK of the descriptor is about to be set or cleared. */
void loan_flags_change(int fd);

/* A lent descriptor on its way back. */
struct loan {
    struct ring_socket socket;
    uint32_t forks; /* loan_forks() before it was closed */
};

/* Before a descriptor is closed. True: it is lent, is in no epoll instance any more, and the caller gives it back with
 * loan_return as soon as the table has forgotten it and it is closed. May change errno. */
bool loan_take(int fd, struct loan *loan);
/* After that. Keeps errno. */
void loan_return(const struct loan *loan);

/* A descriptor is about to be put into an epoll instance. `arms`: the shim knows the instance, and may arm the socket. */
void loan_watched(const struct ring_socket *socket, bool arms);
/* A descriptor is about to be in more places than the table says, or to have properties that stay with it. Keeps errno. */
void loan_keep(int fd);
void loan_keep_socket(const struct ring_socket *socket);
/* This thread is about to wait on the descriptor, and holds the pair then, whoever closes it. The table is looked at afterwards. */
void loan_awaited(const struct ring_socket *socket);
/* The descriptors in a message that is about to be sent. Keeps errno. */
void loan_keep_passed(const struct msghdr *message);
/* Before this process becomes another program, or has a table of descriptors that is shared no more. Keeps errno. */
void loan_keep_all(void);

/* Around whatever gives a child this process's descriptors: all are kept, and so is what other threads accept or close
 * meanwhile. May be nested. The child calls loan_restart. Keep errno. */
void loan_suspend(void);
void loan_resume(void);
void loan_restart(void);
/* How many of them are under way: assembly counts it down. */
extern _Atomic uint32_t loan_suspended;

#endif
