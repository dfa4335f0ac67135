/*
 * emulation.h - NetBSD's system calls on this Linux's sockets: what its parts share.
 *
 * It stands in for a NetBSD kernel where there is none, and behaves as docs/translation.md's table says NetBSD does, for better
 * or worse, so that what the stack and the gateway do about it is tested. A descriptor is the kernel's of this Linux.
 *
 *   calls.c      sockets, connections, bytes, limits
 *   options.c    socket options and their values
 *   messages.c   datagrams and ancillary data
 *   kqueue.c     readiness
 */
#ifndef RINGFENCE_INS_EMULATION_H
#define RINGFENCE_INS_EMULATION_H

#include "../netbsd/netbsd.h"

/* Sets errno to the NetBSD errno of the same name as Linux's error, EIO if there is none, and is -1. */
int emulation_fail(int error);
/* The same, for an errno of NetBSD. */
int emulation_refuse(int error);

/* A Linux address, and NetBSD's. Lengths as given to the calls. 0 or an errno of NetBSD. */
struct emulation_address {
    _Alignas(8) uint8_t bytes[128];
};
int emulation_from_netbsd(const void *address, uint32_t length, struct emulation_address *to);
/* Rewrites in place. */
void emulation_to_netbsd(uint8_t *address, uint32_t length);

/* What NetBSD's kernel would know of a descriptor, and Linux's does not. */
struct emulated {
    bool open, nonblocking, stream, listening;
    bool started;           /* connect() has been called, or it was accepted */
    bool refused;           /* a connect has failed: the next one is EINVAL */
    bool addressless;       /* of datagrams: has had a peer, and lost its address with it */
    bool shut;              /* shut down before it was connected: options are ECONNRESET */
    bool writing_shut;      /* a write filter is at its end */
    int error;              /* taken from Linux's socket so that a kevent could show it, and still pending */
    int send_size;          /* SO_SNDBUF as NetBSD knows it */
    bool for_connections;   /* the read filter was attached after listen() */
    bool read, write, clear; /* filters in the kqueue */
    intptr_t read_user, write_user;
};
struct emulated *emulated(int descriptor);

/* SO_ERROR of Linux's socket, as an errno of NetBSD; it is pending no longer. */
int emulation_take_error(int socket);
bool emulation_has_peer(int socket);
/* The control messages that fit. */
void emulation_forget(int descriptor);

#endif
