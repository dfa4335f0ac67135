/* Takes connections from listeners, as many as ACCEPTs have been posted: without one, a connection
 * stays in the stack's backlog, which is the back-pressure a listener natively has. */
#include "ins.h"

#define TURN_CONNECTIONS 32 /* of one listener in one turn */
#define STARVED_MILLISECONDS 100

void ins_post_accept(struct ins *ins, const struct rf_command *command) {
    uint32_t listener = command->slot;
    struct ins_socket *l = &ins->sockets[listener];
    uint32_t slot = (uint64_t)command->args[0] < ins->region.slot_count ? (uint32_t)command->args[0] : INS_NONE;
    uint32_t generation = (uint32_t)command->args[1];
    int32_t error = 0;
    if (l->phase != RF_STATE_LISTENING)
        error = ins->stack->errors.invalid;
    else if (slot == INS_NONE || ins->sockets[slot].phase != INS_FREE || generation % 2 == 0 ||
             atomic_load_explicit(&ins->region.slots[slot].generation, memory_order_acquire) != generation)
        error = ins->stack->errors.bad_slot;
    if (error != 0) {
        ins_answer(ins, INS_NONE, command->cell, command->call_number, error, 0, NULL, 0);
        return;
    }
    struct ins_socket *s = &ins->sockets[slot];
    s->phase = INS_RESERVED;
    s->generation = generation;
    s->cell = command->cell;
    s->call_number = command->call_number;
    ins_join(ins, &l->posted, slot);
    if (l->readable) ins_join(ins, &ins->run, listener);
}

void ins_refuse_posted(struct ins *ins, uint32_t listener, int32_t error) {
    uint32_t slot;
    while ((slot = ins_take(ins, &ins->sockets[listener].posted)) != INS_NONE) {
        struct ins_socket *s = &ins->sockets[slot];
        s->phase = INS_FREE;
        ins_answer(ins, slot, s->cell, s->call_number, error, 0, NULL, 0);
    }
}

/* A connection for the oldest posted ACCEPT. False if the stack cannot watch it: it is reset. */
static bool hand_over(struct ins *ins, uint32_t listener, int handle, const struct rf_name *peer) {
    struct ins_socket *l = &ins->sockets[listener];
    uint32_t slot = l->posted.first;
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    uint64_t call_number = s->call_number;
    uint32_t cell = s->cell, generation = s->generation;
    if (ins->stack->watch(handle, (uint64_t)generation << 32 | slot, RF_READABLE | RF_WRITABLE) != 0) {
        ins->stack->close(handle, l->kept, true);
        return false;
    }
    ins_leave(ins, INS_WAIT, slot);
    ins_open(ins, slot, generation, handle, l->kept);
    ins->sockets[slot].accepted = true;
    s->watched = s->readable = s->writable = true;
    struct rf_name own = ins->region.slots[listener].local;
    if (ins->stack->names_all != NULL && ins->stack->names_all(&own)) shared->local = own;
    else ins->stack->local_name(handle, &shared->local);
    shared->peer = *peer;
    struct rf_name names[2] = {shared->local, *peer};
    ins_set_state(ins, slot, RF_STATE_CONNECTED);
    /* Who speaks first often has spoken: its bytes arrive together with the answer. */
    ins_receive(ins, slot);
    ins_answer(ins, slot, cell, call_number, 0, 0, names, sizeof names);
    /* Again, behind the answer: a frontend that took the bit before it did not know the slot. */
    ins_tell(ins, slot);
    return true;
}

void ins_accept(struct ins *ins, uint32_t listener) {
    struct ins_socket *l = &ins->sockets[listener];
    for (int taken = 0; l->readable && l->posted.first != INS_NONE; taken++) {
        if (taken == TURN_CONNECTIONS) {
            ins_join(ins, &ins->run, listener);
            return;
        }
        struct rf_name peer = {0};
        int handle = ins->stack->accept(l->handle, &peer);
        if (handle >= 0 && hand_over(ins, listener, handle, &peer)) continue;
        if (handle == RF_STACK_AGAIN) {
            l->readable = false;
        } else if (handle >= 0 || handle == RF_STACK_STARVED) {
            if (ins->starved.first == INS_NONE) ins->starved_until = ins->now + STARVED_MILLISECONDS;
            ins_join(ins, &ins->starved, listener);
            return;
        } else {
            /* It listens no longer: shutdown() has been called. */
            l->readable = false;
            ins_refuse_posted(ins, listener, -handle);
            ins_set_state(ins, listener, RF_STATE_OPEN);
        }
    }
}
