/* What a slot says of its socket's readiness that no descriptor can show, by the rules of tcp_poll() and datagram_poll(). */
#include "shown.h"

#include "../region/region.h"
#include "socket.h"
#include "urgent.h"

static bool has_error(const struct ring_socket *s) {
    uint32_t taken = atomic_load(&s->slot->error_taken);
    uint32_t error = atomic_load_explicit(&s->slot->error, memory_order_acquire);
    return (error & 0xffff) != 0 && error >> 16 != (taken & 0xffff);
}

/* Neither connected nor on the way, nor listening. A listener that was shut down is again what it was before. */
static bool is_idle(const struct ring_socket *s) {
    uint32_t state = socket_state(s);
    return state == RF_STATE_OPEN || (state == RF_STATE_LISTENING && (socket_marks(s) & RF_MARK_IN_EOF) != 0);
}

uint32_t shown_beside(const struct ring_socket *s, uint32_t asked) {
    if (socket_is_datagram(s)) return has_error(s) ? EPOLLERR : 0;
    if (is_idle(s)) return EPOLLHUP | (asked & SHOWN_WRITES);
    if (socket_state(s) == RF_STATE_LISTENING) return 0;
    uint32_t urgent = (asked & EPOLLPRI) != 0 && urgent_wait(s) ? EPOLLPRI : 0;
    bool failed = socket_state(s) == RF_STATE_FAILED;
    if (!has_error(s)) return failed ? urgent | EPOLLHUP | (asked & (SHOWN_READS | SHOWN_WRITES | EPOLLRDHUP)) : urgent;
    /* Behind its bytes the end has come, also if the program has not read them. */
    return urgent | EPOLLERR | EPOLLHUP | (asked & (SHOWN_READS | SHOWN_WRITES | EPOLLRDHUP));
}

uint32_t shown_instead(const struct ring_socket *s, uint32_t asked, uint32_t told) {
    uint32_t beside = shown_beside(s, asked);
    if (socket_is_datagram(s)) {
        /* The packet told of the error. */
        struct rf_ring in = rf_in_ring(s->slot);
        if (beside != 0 && (told & EPOLLRDHUP) == 0 && rf_available(&in) == 0) told &= ~(uint32_t)SHOWN_READS;
    } else if (is_idle(s)) {
        told &= ~(uint32_t)(SHOWN_READS | EPOLLRDHUP);
    } else if ((asked & EPOLLPRI) != 0 && urgent_alone(s)) {
        told &= ~(uint32_t)SHOWN_READS;
    }
    return told | beside;
}
