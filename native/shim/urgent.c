/* Urgent bytes, by the rules of tcp_recv_urg() and tcp_recvmsg() in Linux. */
#include "urgent.h"

#include <errno.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "buffers.h"
#include "critical.h"
#include "socket.h"

static uint64_t word_of(const struct ring_socket *s) { return atomic_load_explicit(&s->slot->in_urgent, memory_order_acquire); }
static uint64_t head_of(const struct ring_socket *s) { return atomic_load_explicit(&s->slot->in_head, memory_order_relaxed); }

static bool is_inline(const struct ring_socket *s) {
    return (atomic_load_explicit(&s->slot->urgent_wish, memory_order_relaxed) & RF_URGENT_INLINE) != 0;
}

static void take(const struct ring_socket *s, uint64_t word, enum rf_urgent_taken taken) {
    atomic_store_explicit(&s->slot->urgent_taken, rf_urgent_is(word, taken), memory_order_relaxed);
}

bool urgent_step(const struct ring_socket *s) {
    struct rf_ring in = rf_in_ring(s->slot);
    uint64_t word = word_of(s);
    if (word == 0 || head_of(s) != rf_urgent_position(word) || is_inline(s) || rf_available(&in) == 0) return false;
    rf_consume(&in, 1);
    return true;
}

static ssize_t receive(const struct ring_socket *s, const struct iovec *vector, size_t wanted, int flags, bool *ring) {
    uint32_t state = socket_state(s);
    uint64_t word = word_of(s);
    uint8_t byte = (uint8_t)word;
    if (state == RF_STATE_LISTENING) return -ENOTCONN;
    if (word == 0 || is_inline(s) || !rf_urgent_pending(s->slot)) return -EINVAL;
    struct buffers to = {.vector = vector};
    size_t length = wanted > 0 ? 1 : 0;
    if (length > 0 && (flags & MSG_TRUNC) == 0) {
        if (!buffers_reach(&to, 1, true)) return -EFAULT;
        buffers_scatter(&to, &byte, 1);
    }
    if ((flags & MSG_PEEK) != 0) return (ssize_t)length;
    take(s, word, RF_URGENT_READ);
    if (urgent_step(s) && rf_unblock(&s->slot->in_blocked)) *ring |= rf_notify(s->region, s->number);
    *ring |= socket_settle(s);
    return (ssize_t)length;
}

ssize_t urgent_receive(const struct ring_socket *s, const struct iovec *vector, size_t wanted, int flags) {
    bool ring = false;
    struct critical section = critical_enter();
    rf_lock(&s->slot->receive_lock);
    ssize_t result = receive(s, vector, wanted, flags, &ring);
    rf_unlock(&s->slot->receive_lock);
    critical_leave(section);
    if (ring) attachment_ring(s->attachment);
    return result;
}

uint64_t urgent_stop(const struct ring_socket *s, uint64_t filled, bool peeks) {
    uint64_t word = word_of(s);
    if (word == 0) return filled;
    uint64_t before = rf_urgent_position(word) - head_of(s);
    if ((int64_t)before > 0) return before < filled ? before : filled;
    /* It begins behind the byte, which is the program's no more. */
    if (before + 1 == 0 && filled == 0 && !is_inline(s) && !peeks) take(s, word, RF_URGENT_PASSED);
    return filled;
}

void urgent_inline(const struct ring_socket *s, bool on) {
    if (on) atomic_fetch_or(&s->slot->urgent_wish, RF_URGENT_INLINE);
    else atomic_fetch_and(&s->slot->urgent_wish, ~(uint32_t)RF_URGENT_INLINE);
}

bool urgent_wait(const struct ring_socket *s) {
    if ((atomic_load_explicit(&s->slot->urgent_wish, memory_order_relaxed) & RF_URGENT_TOLD) == 0) {
        atomic_fetch_or(&s->slot->urgent_wish, RF_URGENT_TOLD);
        atomic_thread_fence(memory_order_seq_cst);
    }
    return rf_urgent_pending(s->slot);
}

bool urgent_alone(const struct ring_socket *s) {
    struct rf_ring in = rf_in_ring(s->slot);
    uint64_t word = word_of(s);
    if (word == 0 || socket_marks(s) != 0 || socket_state(s) != RF_STATE_CONNECTED) return false;
    uint64_t bytes = rf_available(&in);
    return bytes == 0 || (bytes == 1 && head_of(s) == rf_urgent_position(word) && !is_inline(s));
}

uint64_t urgent_before(const struct ring_socket *s, uint64_t bytes) {
    uint64_t word = word_of(s);
    if (word == 0 || is_inline(s)) return bytes;
    uint64_t before = rf_urgent_position(word) - head_of(s);
    if (rf_urgent_at_mark(s->slot)) return 0;
    return (int64_t)before >= 0 && before < bytes ? before : bytes;
}
