/* Urgent bytes of the double's connections. */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "gateway.h"

bool is_urgent(const struct rf_slot *s, struct iovec span[2]) {
    uint64_t word = s->out_urgent, left = rf_urgent_position(word) - s->out_head, length = span[0].iov_len + span[1].iov_len;
    if (word == 0 || left >= length) return false;
    uint64_t most = left == 0 ? 1 : left;
    if (span[0].iov_len > most) span[0].iov_len = most;
    span[1].iov_len = most - span[0].iov_len;
    return left == 0;
}

/* The kernel shows an urgent byte, and counts those before it, only to who does not want it in line. */
void look_for_urgent(const struct connection *c, struct rf_slot *s) {
    uint8_t byte;
    int before = 0, off = 0, on = 1;
    setsockopt(c->real, SOL_SOCKET, SO_OOBINLINE, &off, sizeof off);
    if (recv(c->real, &byte, 1, MSG_OOB | MSG_PEEK) == 1 && ioctl(c->real, FIONREAD, &before) == 0)
        atomic_store(&s->in_urgent, rf_urgent(s->in_tail + (uint64_t)before, byte));
    setsockopt(c->real, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}
