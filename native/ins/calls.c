/* Executes calls as docs/protocol.md lists them. Every call gets exactly one answer: here, or, for
 * ACCEPT and CLOSE, when what they wait for has happened. */
#include <string.h>

#include "ins.h"

void ins_answer(struct ins *ins, uint32_t slot, uint32_t cell, uint64_t call_number, int32_t error,
                int64_t result, const void *payload, uint32_t length) {
    if (slot != INS_NONE) {
        struct rf_slot *shared = &ins->region.slots[slot];
        shared->last_result = result;
        shared->last_error = error;
        atomic_store_explicit(&shared->last_call, call_number, memory_order_release);
    }
    rf_reply(&ins->region, cell, call_number, error, result, payload, length);
    ins->published = true;
}

/* The answer to a call; calls without more to say return their error as the stack gives it. */
static void answer(struct ins *ins, const struct rf_command *command, int error, const void *payload,
                   uint32_t length) {
    ins_answer(ins, command->slot, command->cell, command->call_number, error < 0 ? -error : error, 0, payload,
               length);
}

static void answer_name(struct ins *ins, const struct rf_command *command, int error, const struct rf_name *name) {
    answer(ins, command, error, name->address, error == 0 ? name->length : 0);
}

void ins_open(struct ins *ins, uint32_t slot, uint32_t generation, int handle, uint32_t kept) {
    struct rf_slot *shared = &ins->region.slots[slot];
    struct ins_socket *s = &ins->sockets[slot];
    *s = (struct ins_socket){
        .error_sequence = s->error_sequence,
        .generation = generation,
        .handle = handle,
        .kept = kept,
        .posted = ins_queue(INS_WAIT),
    };
    /* Error 0 with the sequence of before: nobody takes it for a new one, whatever error_taken says. */
    atomic_store_explicit(&shared->error, (uint32_t)s->error_sequence << 16, memory_order_relaxed);
    atomic_store_explicit(&shared->marks, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_blocked, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_tail, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_base, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_used, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->out_head, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_urgent, 0, memory_order_relaxed);
    shared->local.length = shared->peer.length = 0;
    ins_set_state(ins, slot, RF_STATE_OPEN);
}

int ins_watch(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->watched) return 0;
    int error = ins->stack->watch(s->handle, (uint64_t)s->generation << 32 | slot,
                                  s->datagram ? RF_READABLE : RF_READABLE | RF_WRITABLE);
    s->watched = error == 0;
    return error;
}

/* A socket that nobody has seen yet. */
static void give_up(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    ins->stack->close(s->handle, s->kept, false);
    *s = (struct ins_socket){.error_sequence = s->error_sequence};
    ins_set_state(ins, slot, RF_STATE_FREE);
}

static void call_socket(struct ins *ins, const struct rf_command *command) {
    int handle = ins->stack->socket((int)command->args[0], (int)command->args[1], (int)command->args[2]);
    int error = handle < 0 ? handle : 0;
    if (handle >= 0) {
        struct ins_socket *s = &ins->sockets[command->slot];
        ins_open(ins, command->slot, command->generation, handle, 0);
        s->datagram = ins->stack->is_datagram((int)command->args[1]);
        /* Datagrams flow from now on; a stream does from LISTEN or CONNECT. */
        if (s->datagram) error = ins_watch(ins, command->slot);
        if (s->datagram) s->readable = s->writable = true;
        if (error != 0) give_up(ins, command->slot);
    }
    answer(ins, command, error, NULL, 0);
}

/* The port has the same place in the addresses of both families, on Linux and on NetBSD. */
static bool is_low(const struct ins *ins, const struct rf_command *command) {
    int port = command->payload[2] << 8 | command->payload[3];
    return command->payload_length >= 4 && port != 0 && port < ins->stack->low_ports();
}

/* This process may bind every port, for programs that may. Whether one may not only its own side of the ring knows. */
static void call_bind(struct ins *ins, const struct rf_command *command) {
    struct rf_name *local = &ins->region.slots[command->slot].local, name = {0};
    int handle = ins->sockets[command->slot].handle;
    bool refused = command->args[0] == RF_BIND_WITHOUT_RIGHT && is_low(ins, command);
    int error = refused ? -ins->stack->errors.access : ins->stack->bind(handle, command->payload, command->payload_length);
    if (error == 0) error = ins->stack->local_name(handle, &name);
    if (error == 0) *local = name;
    if (error == 0) ins->sockets[command->slot].named = true;
    answer_name(ins, command, error, &name);
}

static void call_listen(struct ins *ins, const struct rf_command *command) {
    uint32_t slot = command->slot;
    struct ins_socket *s = &ins->sockets[slot];
    int error = ins_watch(ins, slot);
    if (error == 0) error = ins->stack->listen(s->handle, (int)command->args[0]);
    if (error == 0) {
        ins->stack->local_name(s->handle, &ins->region.slots[slot].local); /* bound by listen(), perhaps */
        ins_set_state(ins, slot, RF_STATE_LISTENING);
    }
    answer(ins, command, error, NULL, 0);
}

/* An attempt to connect that has failed is forgotten: as a socket of Linux, the slot comes back from a connection that never came
 * about, since nothing has gone through the rings. */
static void forget_attempt(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    s->in_eof = s->out_shut = s->hangup = s->broken = false;
    atomic_store_explicit(&ins->region.slots[slot].marks, 0, memory_order_release);
    ins_set_state(ins, slot, RF_STATE_OPEN);
}

/* The gateway leaves the rings alone until it is answered. */
static void empty_rings(struct rf_slot *shared) {
    _Atomic uint64_t *const positions[] = {&shared->in_tail, &shared->in_base, &shared->in_head,
                                           &shared->out_tail, &shared->out_base, &shared->out_head};
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) atomic_store_explicit(positions[i], 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_blocked, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->out_blocked, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->in_urgent, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->out_urgent, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->out_more, 0, memory_order_relaxed);
    shared->peer.length = 0;
}

/* CONNECT of a stream to no address. What listens is not dissolved. */
static int dissolve(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    struct rf_slot *shared = &ins->region.slots[slot];
    if (s->phase == RF_STATE_OPEN) return 0;
    if (s->phase == RF_STATE_LISTENING) return -ins->stack->errors.invalid;
    int error = ins->stack->dissolve(s->handle);
    if (error != 0) return error;
    s->readable = s->writable = s->urgent = s->stood = s->shutdown_waits = s->awaits_more = false;
    empty_rings(shared);
    shared->local.length = 0;
    ins->stack->local_name(s->handle, &shared->local);
    forget_attempt(ins, slot);
    return 0;
}

static void call_connect(struct ins *ins, const struct rf_command *command) {
    uint32_t slot = command->slot;
    struct ins_socket *s = &ins->sockets[slot];
    if (s->datagram) {
        answer(ins, command, ins_connect_datagrams(ins, slot, command->payload, command->payload_length), NULL, 0);
        return;
    }
    if (ins->stack->is_none(command->payload, command->payload_length)) {
        answer(ins, command, dissolve(ins, slot), NULL, 0);
        return;
    }
    if (s->phase == RF_STATE_CONNECTING) {
        /* It may have ended meanwhile, and a second connect() would take the error away. */
        s->readable = true;
        ins_connecting(ins, slot);
    }
    /* A slot does not come back from a connection that stood. */
    bool again = s->phase == RF_STATE_FAILED && !s->stood;
    if (s->phase == RF_STATE_FAILED && !again) {
        answer(ins, command, ins->stack->errors.aborted, NULL, 0);
        return;
    }
    if (again) forget_attempt(ins, slot);
    bool fresh = s->phase == RF_STATE_OPEN;
    int error = ins_watch(ins, slot);
    if (error == 0) error = ins->stack->connect(s->handle, command->payload, command->payload_length);
    /* The first call after a failure tells the failure, or, since that was told, that there was one. */
    if (again && error == -ins->stack->errors.aborted)
        error = ins->stack->connect(s->handle, command->payload, command->payload_length);
    /* The kernel says once that a connect has succeeded that was in progress. Here the state said so. */
    if (!fresh && error == 0) error = ins->stack->connect(s->handle, command->payload, command->payload_length);
    if (fresh && error == 0) {
        ins_connected(ins, slot);
        s->readable = s->writable = true; /* trying costs less than waiting to be told */
        ins_join(ins, &ins->run, slot);
    } else if (fresh && error == -ins->stack->errors.in_progress) {
        ins->stack->local_name(s->handle, &ins->region.slots[slot].local);
        s->readable = s->writable = false;
        ins_set_state(ins, slot, RF_STATE_CONNECTING);
    }
    answer(ins, command, error, NULL, 0);
}

static void call_shutdown(struct ins *ins, const struct rf_command *command) {
    uint32_t slot = command->slot;
    struct ins_socket *s = &ins->sockets[slot];
    int how = (int)command->args[0];
    uint64_t position = (uint64_t)command->args[1];
    bool writes = how == RF_SHUT_WRITE || how == RF_SHUT_BOTH;
    int error = 0;
    if (s->datagram) {
        answer(ins, command, ins_shutdown_datagrams(ins, slot, how, position), NULL, 0);
        return;
    }
    if (s->phase == RF_STATE_CONNECTED && writes && !s->out_shut) {
        /* Behind the bytes: whatever of them is in the ring goes first, now or when there is room. */
        if (how == RF_SHUT_BOTH) error = ins->stack->shutdown(s->handle, RF_SHUT_READ);
        if (error == 0 && !s->shutdown_waits) {
            s->shutdown_waits = true;
            s->out_end = position;
        }
    } else {
        error = ins->stack->shutdown(s->handle, how);
    }
    /* The stack may report nothing for what the process itself has done. */
    s->readable = s->hangup = true;
    ins_join(ins, &ins->run, slot);
    answer(ins, command, error, NULL, 0);
}

static void call_setsockopt(struct ins *ins, const struct rf_command *command) {
    struct ins_socket *s = &ins->sockets[command->slot];
    int error = ins->stack->set_option(s->handle, &s->kept, (int)command->args[0], (int)command->args[1],
                                       command->payload, command->payload_length);
    answer(ins, command, error, NULL, 0);
}

static void call_getsockopt(struct ins *ins, const struct rf_command *command) {
    struct ins_socket *s = &ins->sockets[command->slot];
    /* Only options that count in bytes pass. For one that does not, and would (SO_GET_FILTER counts instructions of 8), there is room. */
    static uint8_t value[RF_CELL_PAYLOAD * 8];
    memset(value, 0, RF_CELL_PAYLOAD);
    int64_t wanted = command->args[2];
    uint32_t length = wanted < 0 ? 0 : wanted > RF_CELL_PAYLOAD ? RF_CELL_PAYLOAD : (uint32_t)wanted;
    int error = wanted < 0 ? ins->stack->errors.invalid
                           : ins->stack->get_option(s->handle, &s->kept, (int)command->args[0],
                                                    (int)command->args[1], value, &length);
    answer(ins, command, error, value, error == 0 ? length : 0);
}

static void call_close(struct ins *ins, const struct rf_command *command) {
    uint32_t slot = command->slot;
    struct ins_socket *s = &ins->sockets[slot];
    bool reset = command->args[1] == 1;
    s->close_resets = command->args[1] == 2;
    s->cell = command->cell;
    s->call_number = command->call_number;
    bool flows = s->phase == RF_STATE_CONNECTED || s->datagram;
    if (!flows || reset || s->out_shut) {
        ins_finish_close(ins, slot, reset);
        return;
    }
    if (!s->shutdown_waits) s->out_end = (uint64_t)command->args[0];
    s->close_waits = true;
    s->progress = ins->now;
    ins_join(ins, &ins->lingering, slot);
    if (s->datagram) ins_send_datagrams(ins, slot);
    else ins_send(ins, slot);
}

static void call_name(struct ins *ins, const struct rf_command *command, int (*ask)(int, struct rf_name *)) {
    struct rf_name name = {0};
    int error = ask(ins->sockets[command->slot].handle, &name);
    answer_name(ins, command, error, &name);
}

/* What is wrong with the call before it is looked at closely: 0 or an error. */
static int32_t refused(const struct ins *ins, const struct rf_command *command) {
    if (command->op < RF_OP_SOCKET || command->op > RF_OP_NETWORK) return ins->stack->errors.not_implemented;
    if (command->payload_length > RF_COMMAND_PAYLOAD) return ins->stack->errors.message_size;
    if (command->slot >= ins->region.slot_count) return ins->stack->errors.bad_slot;
    const struct ins_socket *s = &ins->sockets[command->slot];
    if (command->op == RF_OP_SOCKET) /* the owner has given the free slot its generation */
        return s->phase == INS_FREE && command->generation % 2 == 1 &&
                       atomic_load_explicit(&ins->region.slots[command->slot].generation,
                                            memory_order_acquire) == command->generation
                   ? 0
                   : ins->stack->errors.bad_slot;
    bool open = s->phase != INS_FREE && s->phase != INS_RESERVED && !s->close_waits;
    return open && s->generation == command->generation ? 0 : ins->stack->errors.bad_slot;
}

void ins_execute(struct ins *ins, const struct rf_command *command) {
    int32_t error = refused(ins, command);
    if (error != 0) {
        ins_answer(ins, INS_NONE, command->cell, command->call_number, error, 0, NULL, 0);
        return;
    }
    /* SHUTDOWN and CLOSE say themselves how much goes first. */
    if (command->op != RF_OP_SOCKET && command->op != RF_OP_SHUTDOWN && command->op != RF_OP_CLOSE &&
        command->op != RF_OP_NETWORK)
        ins_flush_datagrams(ins, command->slot);
    switch ((enum rf_op)command->op) {
    case RF_OP_SOCKET:
        call_socket(ins, command);
        break;
    case RF_OP_BIND:
        call_bind(ins, command);
        break;
    case RF_OP_LISTEN:
        call_listen(ins, command);
        break;
    case RF_OP_CONNECT:
        call_connect(ins, command);
        break;
    case RF_OP_SHUTDOWN:
        call_shutdown(ins, command);
        break;
    case RF_OP_SETSOCKOPT:
        call_setsockopt(ins, command);
        break;
    case RF_OP_GETSOCKOPT:
        call_getsockopt(ins, command);
        break;
    case RF_OP_ACCEPT:
        ins_post_accept(ins, command);
        break;
    case RF_OP_CLOSE:
        call_close(ins, command);
        break;
    case RF_OP_GETSOCKNAME:
        call_name(ins, command, ins->stack->local_name);
        break;
    case RF_OP_GETPEERNAME:
        call_name(ins, command, ins->stack->peer_name);
        break;
    case RF_OP_NETWORK:
        ins_tell_network(ins, command);
        break;
    }
}
