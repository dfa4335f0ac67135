/* Moves bytes between data rings and sockets, straight from the one into the other, and does what
 * waits for them: ends of file, errors, SHUTDOWN and CLOSE behind the last byte. */
#include "ins.h"

/* Bytes of one slot in one direction and turn: enough to make a system call worth while, little
 * enough for the others not to wait. */
#define TURN_BYTES (256 * 1024)

/* Bytes for which a large ring has pages before it is known how many have come. */
#define AHEAD (32 * 1024)

static int piece_count(const struct iovec span[2]) { return span[1].iov_len != 0 ? 2 : 1; }

void ins_set_marks(struct ins *ins, uint32_t slot, uint32_t marks) {
    atomic_fetch_or_explicit(&ins->region.slots[slot].marks, marks, memory_order_release);
    ins_tell(ins, slot);
}

void ins_set_error(struct ins *ins, uint32_t slot, int error) {
    struct ins_socket *s = &ins->sockets[slot];
    if (++s->error_sequence == 0) s->error_sequence = 1;
    atomic_store_explicit(&ins->region.slots[slot].error, (uint32_t)s->error_sequence << 16 | (uint32_t)error,
                          memory_order_release);
    ins_tell(ins, slot);
}

void ins_fail(struct ins *ins, uint32_t slot, int error) {
    struct ins_socket *s = &ins->sockets[slot];
    ins_set_error(ins, slot, error);
    s->readable = s->writable = s->shutdown_waits = false;
    s->in_eof = s->out_shut = true;
    /* The mark last: who sees it sees the error and the state. */
    ins_set_state(ins, slot, RF_STATE_FAILED);
    ins_set_marks(ins, slot, RF_MARK_RESET | RF_MARK_OUT_SHUT);
    if (s->close_waits) ins_finish_close(ins, slot, false);
}

/* ---- towards the application ---- */

/* True if the last read has stopped in front of an urgent byte: the stack has more. One that a telling stack has not told of
 * comes with an event. */
static bool stopped_at_mark(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (ins->stack->urgent == NULL || (ins->stack->tells_urgent && !s->urgent)) return false;
    bool is = ins->stack->at_mark(s->handle);
    if (!ins->stack->tells_urgent) s->urgent = is;
    return is;
}

/* Tells the frontend of an urgent byte, before it is read: `receive` does not go beyond it without stopping there. Once the stack has
 * told of one it is looked for before each read, until it is found; where a read begins without an event it has to be asked for. */
static void look_for_urgent(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    uint8_t byte;
    if (ins->stack->urgent == NULL || !ins->stack->urgent(s->handle, &byte)) return;
    s->urgent = false;
    uint64_t urgent = rf_urgent(atomic_load_explicit(&shared->in_tail, memory_order_relaxed), byte);
    if (urgent == atomic_load_explicit(&shared->in_urgent, memory_order_relaxed)) return;
    atomic_store_explicit(&shared->in_urgent, urgent, memory_order_release);
    ins_tell(ins, slot);
}

/* What comes for a closed socket whose own bytes still wait is answered by a reset, as Linux and NetBSD do where they have the
 * bytes themselves: its sender may read nothing before all of it is taken. True if the socket is gone. */
static bool refuse_behind_close(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    uint8_t byte;
    struct iovec piece = {&byte, 1};
    if (s->datagram || s->close_resets || s->in_eof || !s->readable) return false;
    ssize_t bytes = ins->stack->receive(s->handle, &piece, 1);
    if (bytes <= 0) {
        /* An end is not the end of what the peer reads; an error is found by sending. */
        s->readable = false;
        s->in_eof = bytes == 0;
        return false;
    }
    s->close_resets = true;
    if (s->writable) return false;
    ins_finish_close(ins, slot, true);
    return true;
}

void ins_receive(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->close_waits && refuse_behind_close(ins, slot)) return;
    struct rf_slot *shared = &ins->region.slots[slot];
    struct rf_ring ring = rf_in_ring(shared);
    int64_t budget = TURN_BYTES;
    if (s->urgent) look_for_urgent(ins, slot);
    while (s->readable && !s->in_eof && !s->close_waits) {
        struct iovec span[2];
        uint32_t room = rf_produce_span(&ins->region, &ring, span);
        if (room == 0) {
            /* `readable` remembers that there is more; the frontend sets the pending bit. */
            s->fresh = false;
            if (rf_produce_block(&ins->region, &ring, &shared->in_blocked)) return;
            continue;
        }
        if (budget <= 0) {
            rf_produce(&ring, 0);
            ins_join(ins, ins->patient.first != INS_NONE ? ins_queue_of(ins, slot) : &ins->run, slot);
            return;
        }
        if (!s->fresh || s->urgent || !ins->stack->tells_urgent) look_for_urgent(ins, slot);
        s->fresh = false;
        rf_ring_warm(&ins->region, &ring, &s->in_warm, span, AHEAD, true);
        ssize_t bytes = ins->stack->receive(s->handle, span, piece_count(span));
        if (bytes > 0) {
            rf_order_stamp_in(&ins->region, shared);
            rf_produce(&ring, (uint64_t)bytes);
            ins_tell(ins, slot);
            if (s->unanswered < INS_PATIENT) s->unanswered++;
            budget -= bytes;
            /* Less than asked for: the stack has no more, and reports when it has. An end that stands
             * behind these bytes has been reported, and has to be read. */
            if (bytes < room && !s->hangup && !stopped_at_mark(ins, slot)) s->readable = false;
        } else if (rf_produce(&ring, 0), bytes == 0) {
            s->in_eof = true;
            ins_set_marks(ins, slot, RF_MARK_IN_EOF);
        } else if (bytes == RF_STACK_AGAIN) {
            s->readable = s->hangup = false;
        } else {
            ins_fail(ins, slot, (int)-bytes);
            return;
        }
    }
    /* With nothing left to read, an error can be learnt only by asking. */
    if (s->broken && s->in_eof && s->phase == RF_STATE_CONNECTED) {
        s->broken = false;
        int error = ins->stack->error(s->handle);
        if (error != 0) ins_fail(ins, slot, error);
    }
}

/* ---- towards the network ---- */

bool ins_sent(const struct ins *ins, uint32_t slot, uint64_t position) {
    uint64_t head = atomic_load_explicit(&ins->region.slots[slot].out_head, memory_order_relaxed);
    return (int64_t)(head - position) >= 0;
}

void ins_impossible_out(const struct ins *ins, uint32_t slot) {
    const struct rf_slot *shared = &ins->region.slots[slot];
    ins_die("region %llu: slot %u: out ring from %llu to %llu %s: the gateway has broken the protocol: exiting; start "
            "gateway and INS again",
            (unsigned long long)ins->region.header->region_id, slot, (unsigned long long)atomic_load(&shared->out_head),
            (unsigned long long)atomic_load(&shared->out_tail),
            ins->sockets[slot].datagram ? "does not begin with a whole record" : "is not in a valid ring");
}

void ins_moved_out(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (rf_unblock(&ins->region.slots[slot].out_blocked)) ins_tell(ins, slot);
    if (!s->close_waits) return;
    s->progress = ins->now;
    ins_leave(ins, INS_WAIT, slot);
    ins_join(ins, &ins->lingering, slot);
}

static uint32_t at_most(struct iovec span[2], uint32_t filled, uint64_t left) {
    if (left >= filled) return filled;
    if (span[0].iov_len > left) span[0].iov_len = left;
    span[1].iov_len = left - span[0].iov_len;
    return (uint32_t)left;
}

/* The filled part of the out ring, up to the position at which sending is to end, to one behind which bytes may wait, and to an urgent byte.
 * `urgent`: that is the next one. */
static uint32_t to_send(struct ins *ins, uint32_t slot, const struct rf_ring *ring, struct iovec span[2], bool *urgent) {
    const struct ins_socket *s = &ins->sockets[slot];
    int64_t filled = rf_consume_span(&ins->region, ring, span);
    if (filled < 0) ins_impossible_out(ins, slot);
    else rf_ring_warm(&ins->region, ring, &ins->sockets[slot].out_warm, span, (size_t)filled, false);
    uint64_t head = atomic_load_explicit(ring->head, memory_order_relaxed);
    if (s->shutdown_waits || s->close_waits) {
        if ((int64_t)(s->out_end - head) <= 0) return 0;
        filled = at_most(span, (uint32_t)filled, s->out_end - head);
    }
    /* Behind the ring's tail, which was written after these. */
    filled = at_most(span, (uint32_t)filled, rf_together(&ins->region.slots[slot], head, (uint64_t)filled));
    uint64_t word = atomic_load_explicit(&ins->region.slots[slot].out_urgent, memory_order_relaxed);
    *urgent = false;
    if (word == 0 || ins->stack->urgent == NULL) return (uint32_t)filled;
    uint64_t left = rf_urgent_position(word) - head;
    if ((int64_t)left < 0 || filled == 0) return (uint32_t)filled;
    *urgent = left == 0;
    return at_most(span, (uint32_t)filled, left == 0 ? 1 : left);
}

/* A send failed. What the peer sent before it went can still be read, and natively would be. */
static void send_failed(struct ins *ins, uint32_t slot, int error) {
    struct ins_socket *s = &ins->sockets[slot];
    s->writable = false;
    s->readable = s->hangup = true;
    ins_receive(ins, slot);
    if (s->phase == RF_STATE_CONNECTED) ins_fail(ins, slot, error);
}

void ins_foresee_close(struct ins *ins, const struct rf_command *command) {
    if (command->op != RF_OP_CLOSE || command->slot >= ins->region.slot_count || command->args[1] != 0) return;
    struct ins_socket *s = &ins->sockets[command->slot];
    if (s->phase != RF_STATE_CONNECTED || s->datagram || s->generation != command->generation || s->shutdown_waits || s->close_waits) return;
    /* With bytes that nobody has read the end is a reset. */
    if (s->readable || !ins->stack->waits_for_more(s->kept)) return;
    s->closing = true;
    s->out_end = (uint64_t)command->args[0];
}

/* Bytes that wait in the stack for others go, once nothing is to follow. Where something does, it takes them along. */
static void push(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    struct rf_ring ring = rf_out_ring(shared);
    if (rf_available(&ring) != 0 || rf_awaits_more(shared, atomic_load_explicit(&shared->out_head, memory_order_relaxed))) return;
    s->awaits_more = false;
    ins->stack->push(s->handle);
}

void ins_send(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    struct rf_ring ring = rf_out_ring(shared);
    int64_t moved = 0;
    int error = 0;
    while (s->writable && !s->out_shut) {
        struct iovec span[2];
        bool urgent;
        uint32_t filled = to_send(ins, slot, &ring, span, &urgent);
        if (filled == 0 || (!s->close_waits && !s->shutdown_waits && rf_order_is_late(&ins->order, shared))) break;
        if (moved >= TURN_BYTES) {
            ins_join(ins, &ins->run, slot);
            break;
        }
        uint64_t behind = atomic_load_explicit(&shared->out_head, memory_order_relaxed) + filled;
        bool last = s->closing && behind == s->out_end;
        bool more = last || rf_awaits_more(shared, behind);
        ssize_t bytes = urgent ? ins->stack->send_urgent(s->handle, *(uint8_t *)span[0].iov_base)
                               : ins->stack->send(s->handle, s->kept, span, piece_count(span), more);
        if (bytes < 0) {
            s->writable = false;
            if (bytes != RF_STACK_AGAIN) error = (int)-bytes;
            break;
        }
        rf_consume(&ring, (uint64_t)bytes);
        moved += bytes;
        s->end_owed = last && bytes == filled && !urgent;
        s->awaits_more = more && !last && bytes == filled && !urgent && ins->stack->push != NULL;
        /* Less than asked for: the stack reports when it has room again. */
        if (bytes < filled) s->writable = false;
    }
    if (moved > 0) {
        s->unanswered = 0;
        ins_moved_out(ins, slot);
    }
    if (s->awaits_more) push(ins, slot);
    if (error != 0) {
        send_failed(ins, slot, error);
        return;
    }
    if (s->close_waits) {
        if (s->out_shut || ins_sent(ins, slot, s->out_end)) ins_finish_close(ins, slot, false);
        /* What the stack does not take now it would throw away with the reset. */
        else if (s->close_resets && !s->writable) ins_finish_close(ins, slot, true);
    } else if (s->shutdown_waits && ins_sent(ins, slot, s->out_end)) {
        s->shutdown_waits = false;
        s->out_shut = true;
        ins->stack->shutdown(s->handle, RF_SHUT_WRITE);
        ins_set_marks(ins, slot, RF_MARK_OUT_SHUT);
    }
}

/* ---- beginning ---- */

void ins_connected(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    s->stood = true;
    ins->stack->local_name(s->handle, &shared->local);
    ins->stack->peer_name(s->handle, &shared->peer);
    ins_set_state(ins, slot, RF_STATE_CONNECTED);
}

void ins_connecting(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (!s->readable && !s->writable) return;
    int error = ins->stack->connected(s->handle);
    if (error == -ins->stack->errors.in_progress) {
        s->readable = s->writable = false;
    } else if (error != 0) {
        ins_fail(ins, slot, -error);
    } else {
        ins_connected(ins, slot);
        ins_tell(ins, slot);
    }
}

/* ---- end ---- */

void ins_finish_close(struct ins *ins, uint32_t slot, bool reset) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->phase == RF_STATE_LISTENING) ins_refuse_posted(ins, slot, ins->stack->errors.aborted);
    ins_leave(ins, INS_RUN, slot);
    ins_leave(ins, INS_WAIT, slot);
    /* Not left to the close: it would throw the bytes away if there are others that nobody has read. */
    if (s->end_owed) ins->stack->shutdown(s->handle, RF_SHUT_WRITE);
    ins->stack->close(s->handle, s->kept, reset || s->close_resets);
    uint64_t lost = s->close_waits && !ins_sent(ins, slot, s->out_end)
                        ? s->out_end - atomic_load_explicit(&ins->region.slots[slot].out_head, memory_order_relaxed)
                        : 0;
    struct ins_socket closed = *s;
    *s = (struct ins_socket){.error_sequence = closed.error_sequence};
    ins_set_state(ins, slot, RF_STATE_FREE);
    /* Closed it is in any case; bytes that could not be sent are the result, not an error. */
    ins_answer(ins, slot, closed.cell, closed.call_number, 0, (int64_t)lost, NULL, 0);
}

void ins_reset_lingering(struct ins *ins) {
    while (ins->lingering.first != INS_NONE) {
        uint32_t slot = ins->lingering.first;
        if (ins->now - ins->sockets[slot].progress < ins->linger) return;
        ins_finish_close(ins, slot, true);
    }
}
