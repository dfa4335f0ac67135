/* Moves datagrams between the records of data rings and sockets, straight from the one into the other.
 *
 * A socket of datagrams has no end and does not fail: its flows exist from SOCKET to CLOSE, an error costs one
 * datagram at most, and its state says only whether it has a peer. */
#include "ins.h"

/* Of one slot in one direction and turn, as for bytes. */
#define TURN_DATAGRAMS 64
#define TURN_BYTES (256 * 1024)

static int piece_count(const struct iovec pieces[2]) { return pieces[1].iov_len != 0 ? 2 : 1; }

/* Sending binds, connecting chooses the address to leave from: what `local` says follows. */
static void name_local(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_name name = {0};
    if (ins->stack->local_name(s->handle, &name) == 0) ins->region.slots[slot].local = name;
    s->named = true;
}

/* ---- towards the application ---- */

_Noreturn static void impossible_in(const struct ins *ins, uint32_t slot) {
    const struct rf_slot *shared = &ins->region.slots[slot];
    ins_die("region %llu: slot %u: in ring from %llu to %llu is not in a valid ring: the gateway has broken the "
            "protocol: exiting; start gateway and INS again",
            (unsigned long long)ins->region.header->region_id, slot, (unsigned long long)atomic_load(&shared->in_head),
            (unsigned long long)atomic_load(&shared->in_tail));
}

static int reserve(struct ins *ins, uint32_t slot, const struct rf_ring *ring, uint32_t length,
                   struct rf_record **header, struct iovec pieces[2]) {
    int reserved = rf_record_reserve(&ins->region, ring, length, header, pieces);
    if (reserved < 0) impossible_in(ins, slot);
    return reserved;
}

/* Room for the next datagram, whatever its size, or, in a ring too full for that, for the one that is there. 1; 0 if
 * the ring is too full for it; or the negated error of looking at it. */
static int find_room(struct ins *ins, uint32_t slot, const struct rf_ring *ring, struct rf_record **header,
                     struct iovec pieces[2]) {
    struct rf_slot *shared = &ins->region.slots[slot];
    if (reserve(ins, slot, ring, RF_MAX_DATAGRAM, header, pieces) != 0) return 1;
    ssize_t next = ins->stack->next_datagram(ins->sockets[slot].handle);
    if (next < 0) return (int)next;
    uint32_t length = next > RF_MAX_DATAGRAM ? RF_MAX_DATAGRAM : (uint32_t)next;
    while (reserve(ins, slot, ring, length, header, pieces) == 0)
        if (rf_record_block(&ins->region, ring, length, &shared->in_blocked)) return 0;
    return 1;
}

/* Receives one. Its length, RF_STACK_AGAIN, or the negated error. */
static ssize_t receive_one(struct ins *ins, uint32_t slot, const struct rf_ring *ring, struct rf_record *header,
                           const struct iovec pieces[2]) {
    struct rf_record record = {0};
    ssize_t bytes = ins->stack->receive_datagram(ins->sockets[slot].handle, &record, pieces, piece_count(pieces));
    if (bytes < 0) return bytes;
    *header = record;
    rf_order_stamp_in(&ins->region, &ins->region.slots[slot]);
    rf_record_commit(ring, header, (uint32_t)bytes);
    ins_tell(ins, slot);
    return bytes;
}

void ins_receive_datagrams(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_ring ring = rf_in_ring(&ins->region.slots[slot]);
    int64_t bytes_left = TURN_BYTES;
    for (int left = TURN_DATAGRAMS; s->readable && !s->in_eof && !s->close_waits; left--) {
        struct rf_record *header;
        struct iovec pieces[2];
        if (left == 0 || bytes_left <= 0) {
            ins_join(ins, &ins->run, slot);
            return;
        }
        int room = find_room(ins, slot, &ring, &header, pieces);
        /* `readable` remembers that there is more; the frontend sets the pending bit. */
        if (room == 0) return;
        ssize_t bytes = room < 0 ? room : receive_one(ins, slot, &ring, header, pieces);
        if (bytes == RF_STACK_AGAIN) s->readable = false;
        else if (bytes < 0) ins_set_error(ins, slot, (int)-bytes);
        else bytes_left -= bytes;
    }
}

/* ---- towards the network ---- */

/* The next record that is to be sent: all of them, or those before a SHUTDOWN or CLOSE. */
static bool next_record(const struct ins *ins, uint32_t slot, const struct rf_ring *ring, struct rf_record *record,
                        struct iovec pieces[2]) {
    const struct ins_socket *s = &ins->sockets[slot];
    if ((s->shutdown_waits || s->close_waits) && ins_sent(ins, slot, s->out_end)) return false;
    int found = rf_record_peek(&ins->region, ring, record, pieces);
    if (found < 0) ins_impossible_out(ins, slot);
    if (!s->shutdown_waits && !s->close_waits && rf_order_is_late(&ins->order, &ins->region.slots[slot])) return false;
    return found != 0;
}

/* Sends one. False if that has to wait. */
static bool send_one(struct ins *ins, uint32_t slot, const struct rf_record *record, const struct iovec pieces[2]) {
    struct ins_socket *s = &ins->sockets[slot];
    ssize_t sent = ins->stack->send_datagram(s->handle, record, pieces, piece_count(pieces));
    if (sent < 0 && sent != RF_STACK_AGAIN) {
        /* The error may be an earlier datagram's, which the stack hands out on this occasion: then the second
         * attempt succeeds. Else it is this one's, which is dropped. */
        ins_set_error(ins, slot, (int)-sent);
        sent = ins->stack->send_datagram(s->handle, record, pieces, piece_count(pieces));
    }
    if (sent == RF_STACK_AGAIN) return false;
    if (sent >= 0 && !s->named) name_local(ins, slot);
    return true;
}

/* Every datagram that leaves makes the socket writable anew: that is watched only while somebody waits for it. */
static void watch_room(struct ins *ins, uint32_t slot, bool awaits) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->awaits_room == awaits) return;
    uint32_t readiness = awaits ? RF_READABLE | RF_WRITABLE : RF_READABLE;
    if (ins->stack->watch(s->handle, (uint64_t)s->generation << 32 | slot, readiness) != 0) return;
    s->awaits_room = awaits;
}

static void shut_writing(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    s->shutdown_waits = false;
    s->out_shut = true;
    ins_set_marks(ins, slot, RF_MARK_OUT_SHUT);
}

void ins_send_datagrams(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_ring ring = rf_out_ring(&ins->region.slots[slot]);
    struct rf_record record;
    struct iovec pieces[2];
    int64_t moved = 0;
    int count = 0;
    while (s->writable && !s->out_shut && next_record(ins, slot, &ring, &record, pieces)) {
        if (count == TURN_DATAGRAMS || moved >= TURN_BYTES) {
            ins_join(ins, &ins->run, slot);
            break;
        }
        if (!send_one(ins, slot, &record, pieces)) {
            s->writable = false;
            watch_room(ins, slot, true);
            break;
        }
        rf_record_consume(&ring, &record);
        moved += record.length;
        count++;
    }
    if (count > 0) ins_moved_out(ins, slot);
    if (count > 0 && s->writable) watch_room(ins, slot, false);
    if (s->close_waits) {
        if (s->out_shut || ins_sent(ins, slot, s->out_end)) ins_finish_close(ins, slot, false);
    } else if (s->shutdown_waits && ins_sent(ins, slot, s->out_end)) {
        ins->stack->shutdown(s->handle, RF_SHUT_WRITE);
        shut_writing(ins, slot);
    }
}

/* ---- calls ---- */

void ins_flush_datagrams(struct ins *ins, uint32_t slot) {
    const struct ins_socket *s = &ins->sockets[slot];
    struct rf_ring ring = rf_out_ring(&ins->region.slots[slot]);
    if (!s->datagram) return;
    /* A ring of the largest order takes so many turns; a frontend that goes on filling it gets no more. */
    int turns = (int)((RF_PAGE << RF_MAX_ORDER) / RF_RECORD_UNIT / TURN_DATAGRAMS);
    for (; turns > 0 && s->writable && !s->out_shut && rf_available(&ring) != 0; turns--)
        ins_send_datagrams(ins, slot);
}

int ins_connect_datagrams(struct ins *ins, uint32_t slot, const void *address, uint32_t length) {
    struct ins_socket *s = &ins->sockets[slot];
    int error = ins->stack->connect(s->handle, address, length);
    /* Whether there is a peer now, the stack knows: it can have been dissolved, or stay in spite of an error. */
    struct rf_name peer = {0};
    if (ins->stack->peer_name(s->handle, &peer) != 0) peer.length = 0;
    ins->region.slots[slot].peer = peer;
    name_local(ins, slot);
    s->named = peer.length != 0; /* dissolving can take the address along */
    ins_set_state(ins, slot, peer.length != 0 ? RF_STATE_CONNECTED : RF_STATE_OPEN);
    return error;
}

/* Linux shuts down a socket without a peer, too, though it answers ENOTCONN: hence the marks in any case. */
int ins_shutdown_datagrams(struct ins *ins, uint32_t slot, int how, uint64_t position) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_name peer;
    if (how < RF_SHUT_READ || how > RF_SHUT_BOTH) return -ins->stack->errors.invalid;
    bool writes = how != RF_SHUT_READ && !s->out_shut;
    bool waits = writes && !ins_sent(ins, slot, position);
    int error = 0;
    if (!waits) {
        error = ins->stack->shutdown(s->handle, how);
        if (writes) shut_writing(ins, slot);
    } else {
        error = ins->stack->peer_name(s->handle, &peer);
        if (how == RF_SHUT_BOTH) ins->stack->shutdown(s->handle, RF_SHUT_READ);
        if (!s->shutdown_waits) s->out_end = position;
        s->shutdown_waits = true;
        ins_join(ins, &ins->run, slot);
    }
    if (how != RF_SHUT_WRITE && !s->in_eof) {
        /* What has come before can be read. */
        ins_receive_datagrams(ins, slot);
        s->in_eof = true;
        ins_set_marks(ins, slot, RF_MARK_IN_EOF);
    }
    return error;
}
