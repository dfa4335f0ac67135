/*
 * socket.h - what several calls on a socket in a region need to know about it.
 */
#ifndef RINGFENCE_SHIM_SOCKET_H
#define RINGFENCE_SHIM_SOCKET_H

#include <sys/socket.h>

#include "attach.h"
#include "table.h"

/* The kernel's own flag for 32-bit callers, which no other may set: linux/socket.h. */
#ifndef MSG_CMSG_COMPAT
#define MSG_CMSG_COMPAT 0x80000000u
#endif

static inline uint32_t socket_state(const struct ring_socket *s) {
    return atomic_load_explicit(&s->slot->state, memory_order_acquire);
}
static inline uint32_t socket_marks(const struct ring_socket *s) {
    return atomic_load_explicit(&s->slot->marks, memory_order_acquire);
}

static inline bool socket_is_datagram(const struct ring_socket *s) { return s->slot->type == SOCK_DGRAM; }

/* Takes the pending error: an errno that nobody else gets, or 0. */
int socket_take_error(const struct ring_socket *s);

/* Makes the descriptor unreadable if the in ring is empty: rf_readable_settle. True: the caller has to ring. */
bool socket_settle(const struct ring_socket *s);

/* Waits for a packet, as long as the descriptor's flags and time-out allow; `waits` counts them from 1. 0, or
 * -errno: -ECONNRESET if the gateway is gone, -EBADF if another thread has closed the descriptor. Without locks. */
int socket_await_packet(const struct ring_socket *s, unsigned waits);
/* Likewise for room to send. 0 as well for an end whose reason shows when the caller looks again. */
int socket_await_room(const struct ring_socket *s);

/* Initialises what the frontend writes in a slot that was received with its descriptor and that nobody
 * else knows yet, and enters the descriptor into the table. False if the table has no place for it. */
bool socket_adopt(int fd, struct attachment *attachment, uint32_t number, uint32_t generation);

/* Receives an offer with its descriptor from the pool socket or a listener. The descriptor, or -1 with
 * errno; -1 with errno 0 at end of file. `flags` are MSG_ flags. */
int socket_receive_offer(int from, struct rf_offer *offer, int flags);

/* Copies the address of a bind() or connect() into the call, after the checks that the protocol makes of it in Linux. 0 or
 * an errno. */
int socket_take_name(const struct ring_socket *s, const struct sockaddr *address, socklen_t length,
                     struct rf_command *command);
/* What Linux finds wrong with any address, before it looks at the protocol: 0 or an errno. */
int socket_check_name(const struct sockaddr *address, socklen_t length);

/* Copies an address out as accept() and getsockname() do. 0 or an errno. */
int socket_copy_name(const struct rf_name *name, struct sockaddr *address, socklen_t *length);

#endif
