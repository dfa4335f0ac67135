/*
 * urgent.h - urgent bytes of TCP: MSG_OOB, SO_OOBINLINE, SIOCATMARK. Such a byte lies in the ring as any other, and a word of the slot
 * says which one it is (docs/protocol.md, "Urgent bytes"). Here it is given out, or stepped over.
 */
#ifndef RINGFENCE_SHIM_URGENT_H
#define RINGFENCE_SHIM_URGENT_H

#include <sys/socket.h>

#include "table.h"

/* recv(MSG_OOB): bytes, 0 at the end, or -errno. `wanted` says how many the program has room for. */
ssize_t urgent_receive(const struct ring_socket *s, const struct iovec *vector, size_t wanted, int flags);
/* Of so many bytes in the ring those that one read takes: it does not go beyond a mark, but where it begins there that is the
 * mark's end. Under receive_lock. */
uint64_t urgent_stop(const struct ring_socket *s, uint64_t filled, bool peeks);
/* Steps over the urgent byte if that is the next one, and no read gets it. Under receive_lock. */
bool urgent_step(const struct ring_socket *s);
/* SO_OOBINLINE. */
void urgent_inline(const struct ring_socket *s, bool on);
/* The program is about to wait for an urgent byte. True if one is here. */
bool urgent_wait(const struct ring_socket *s);
/* True if a packet tells of an urgent byte, or of nothing any more, and there are no bytes and no end. */
bool urgent_alone(const struct ring_socket *s);
/* Of so many bytes those that FIONREAD tells. */
uint64_t urgent_before(const struct ring_socket *s, uint64_t bytes);

#endif
