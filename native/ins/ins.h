/*
 * ins.h - the isolated network stack's process: its state, and what its parts offer each other.
 *
 * The INS is the backend of region B. One thread does everything: it takes calls and pending slots
 * from the region, moves bytes between data rings and sockets without copying them, and sleeps in
 * the stack's wait when there is nothing to do.
 *
 *   main.c      command line and the order of things at start
 *   attach.c    the way to the gateway: hello, welcome, the mapped region
 *   sandbox.c   what is open, its turn on a CPU, and locking the process down (not on rumprun: rumprun/process.c); filter.c: the system calls that are left
 *   loop.c      turns of the loop, doorbells, sleep
 *   calls.c     executing calls
 *   accept.c    connections on their way from a listener to a posted ACCEPT
 *   transfer.c  bytes, ends of file, errors, and what waits for bytes: SHUTDOWN and CLOSE
 *   datagrams.c the same for sockets of datagrams, whose rings carry records
 *   counters.c  telling what the stack counts
 *   network.c   telling the links, addresses and routes that the stack has
 *   stack.h     what a network stack offers; stack_linux.c: the kernel's; netbsd/: that of NetBSD, on the system calls of
 *               emulation/, rump/ or rumprun/; stacks_*.c: which of them a program has
 */
#ifndef RINGFENCE_INS_INS_H
#define RINGFENCE_INS_INS_H

#include "../region/record.h"
#include "stack.h"

#define INS_NONE UINT32_MAX /* no slot */

/* What the gateway has given the INS. */
struct ins_peer {
    int control, ring_gateway, doorbell; /* connection, eventfd, end of a socketpair */
};

/* A queue of slots, linked through their records: nothing is allocated, and taking a slot out of the
 * middle is cheap. A slot is in at most one queue of each kind. */
enum ins_queue_kind { INS_RUN, INS_WAIT, INS_QUEUE_KINDS };
struct ins_queue {
    uint32_t first, last; /* slots, or INS_NONE */
    uint32_t count;
    enum ins_queue_kind kind;
};
struct ins_link {
    uint32_t next, previous;
    struct ins_queue *in; /* NULL: in no queue of this kind */
};

/* So many reads without an answer make a peer one who can wait, where there is a crowd: the others' turn comes first. */
#define INS_PATIENT 3

/* Where a record stands: an rf_state, or one of the two that only the INS knows. */
enum { INS_FREE = RF_STATE_FREE, INS_RESERVED = 100 /* named by a posted ACCEPT */ };

/* The INS's own record of a slot. What the shared slot says is for the frontend to read, and never
 * read back. All zero is a free record, so that untouched ones cost no memory. */
struct ins_socket {
    uint8_t phase;
    bool readable, writable; /* the stack has said so, and has not yet said EAGAIN */
    bool hangup, broken;     /* as in enum rf_readiness */
    bool watched;
    bool datagram; /* SOCK_DGRAM: the rings carry records */
    bool awaits_room; /* the datagram socket is watched for RF_WRITABLE, too */
    bool named; /* `local` is up to date: sending binds a datagram socket that is not bound */
    bool in_eof, out_shut;            /* the marks */
    bool urgent;                      /* the stack has said so, and it has not been come to yet */
    bool fresh;                       /* the stack has said that it is readable, and nothing has been read since */
    bool stood;                       /* there was a connection */
    bool close_resets;                /* CLOSE: a reset behind the last byte */
    bool accepted;                    /* it came by an ACCEPT */
    uint8_t unanswered;               /* reads since something was sent, at most INS_PATIENT */
    bool closing;                     /* a CLOSE lies in the ring: its bytes end at `out_end` */
    bool awaits_more;                 /* what was sent last waits in the stack for what follows */
    bool end_owed;                    /* the last of them wait in the stack for the end, so that both go in one segment */
    bool shutdown_waits, close_waits; /* until the out ring is sent up to `out_end` */
    uint16_t error_sequence;          /* goes on counting when the slot is reused */
    uint32_t generation;
    int handle;    /* the stack's socket */
    uint32_t kept; /* the stack's word */
    uint64_t out_end;
    _Atomic uint64_t in_warm, out_warm; /* rf_ring_warm */
    int64_t progress; /* close_waits: when the peer last took bytes, in milliseconds */
    /* The call that is answered later: CLOSE, or the ACCEPT that has reserved the slot. */
    uint64_t call_number;
    uint32_t cell;
    struct ins_queue posted; /* of a listener: slots reserved by its ACCEPTs, oldest first */
    struct ins_link links[INS_QUEUE_KINDS];
};

struct ins {
    struct rf_region region;
    const struct rf_stack *stack;
    struct ins_peer peer;
    struct ins_socket *sockets; /* region.slot_count */
    struct rf_order order;      /* of the frontend's news */
    struct ins_queue run;       /* slots with something to do */
    struct ins_queue patient;   /* the same, behind those: of peers who send and send, and have had no answer */
    struct ins_queue lingering; /* closed by the frontend, with bytes left; least progress first */
    struct ins_queue starved;   /* listeners for whose connections there was no descriptor */
    bool published;             /* something the frontend has not been told of yet */
    uint32_t unasked;           /* turns since the stack was last asked for events */
    uint32_t unread_rings;      /* of the doorbell, at most */
    int64_t now;                /* milliseconds, as of the beginning of the turn */
    int64_t starved_until;
    int64_t counted, troubled; /* when the stack's counters were last looked at, and last told of something that is no connection */
    int64_t linger; /* milliseconds without progress after which a closed socket is reset */
};

/* ---- queues ---- */

static inline struct ins_queue ins_queue(enum ins_queue_kind kind) {
    return (struct ins_queue){INS_NONE, INS_NONE, 0, kind};
}
static inline void ins_leave(struct ins *ins, enum ins_queue_kind kind, uint32_t slot) {
    struct ins_link *link = &ins->sockets[slot].links[kind];
    struct ins_queue *queue = link->in;
    if (queue == NULL) return;
    *(link->previous == INS_NONE ? &queue->first : &ins->sockets[link->previous].links[kind].next) = link->next;
    *(link->next == INS_NONE ? &queue->last : &ins->sockets[link->next].links[kind].previous) = link->previous;
    link->in = NULL;
    queue->count--;
}
/* Without effect for a slot that is in the queue. */
static inline void ins_join(struct ins *ins, struct ins_queue *queue, uint32_t slot) {
    struct ins_link *link = &ins->sockets[slot].links[queue->kind];
    if (link->in == queue) return;
    ins_leave(ins, queue->kind, slot);
    *link = (struct ins_link){INS_NONE, queue->last, queue};
    *(queue->last == INS_NONE ? &queue->first : &ins->sockets[queue->last].links[queue->kind].next) = slot;
    queue->last = slot;
    queue->count++;
}
static inline uint32_t ins_take(struct ins *ins, struct ins_queue *queue) {
    uint32_t slot = queue->first;
    if (slot != INS_NONE) ins_leave(ins, queue->kind, slot);
    return slot;
}

/* ---- telling the frontend ---- */

/* The slot has news. The doorbell is rung once, at the end of the turn. */
static inline void ins_tell(struct ins *ins, uint32_t slot) {
    rf_pending_set(ins->region.to_frontend, slot);
    ins->published = true;
}
static inline void ins_set_state(struct ins *ins, uint32_t slot, enum rf_state state) {
    ins->sockets[slot].phase = (uint8_t)state;
    atomic_store_explicit(&ins->region.slots[slot].state, state, memory_order_release);
}

/* attach.c: connects to the gateway at `path`, as `name`, and maps region B. Ends the process if that fails. */
void ins_attach(const char *path, const char *name, const struct rf_stack *stack, struct ins_peer *peer, struct rf_region *region);

/* sandbox.c. `user`: name or number, or NULL for nobody; only root can change to one. Ends the process
 * if the user is not known, or a step fails. */
struct ins_identity {
    unsigned uid, gid;
    bool change, insist; /* insist: the user was asked for by name */
};
struct ins_identity ins_find_user(const char *user);
/* Closes what whoever started the process left open, save standard error. */
void ins_close_inherited(void);
/* Takes every descriptor below the highest of the gateway's, which it returns: what is opened later is above it. */
int ins_fill_descriptors(const struct ins_peer *peer);
void ins_raise_descriptors(const struct ins *ins);
/* Lets whoever wakes the INS finish first; for all threads that the process is going to start, too. */
void ins_wait_its_turn(void);
/* `threads`: the stack starts threads of its own at any time. */
void ins_lock_down(const struct ins_identity *identity, bool threads);
void ins_die_with_parent(int parent);
/* filter.c, rump/filter.c: leaves the process the system calls of its loop. `host` is the highest descriptor that is not a
 * stack's socket: messages can be sent and received on those above it only. */
void ins_filter_system_calls(int host);

/* loop.c: serves the region until the gateway goes. */
_Noreturn void ins_serve(struct ins *ins);

/* calls.c */
void ins_execute(struct ins *ins, const struct rf_command *command);
/* Answers a call on a slot and remembers it there as the slot's last one. */
void ins_answer(struct ins *ins, uint32_t slot, uint32_t cell, uint64_t call_number, int32_t error,
                int64_t result, const void *payload, uint32_t length);
/* Makes a record of the stack's socket `handle` and resets the backend's words of the slot. */
void ins_open(struct ins *ins, uint32_t slot, uint32_t generation, int handle, uint32_t kept);
/* Has the stack report the socket's readiness. 0 or the negated error. */
int ins_watch(struct ins *ins, uint32_t slot);

/* accept.c */
void ins_post_accept(struct ins *ins, const struct rf_command *command);
/* Hands connections to posted ACCEPTs. */
void ins_accept(struct ins *ins, uint32_t listener);
/* Answers a listener's posted ACCEPTs with an error. */
void ins_refuse_posted(struct ins *ins, uint32_t listener, int32_t error);

/* datagrams.c */
void ins_receive_datagrams(struct ins *ins, uint32_t slot);
void ins_send_datagrams(struct ins *ins, uint32_t slot);
/* Before a call on the socket, which natively finds what was sent before it gone: its options and its peer hold
 * for what is sent after it. Without effect for a socket of another type. */
void ins_flush_datagrams(struct ins *ins, uint32_t slot);
/* CONNECT and SHUTDOWN of a datagram socket: the negated error, or 0. */
int ins_connect_datagrams(struct ins *ins, uint32_t slot, const void *address, uint32_t length);
int ins_shutdown_datagrams(struct ins *ins, uint32_t slot, int how, uint64_t position);

/* counters.c: tells what the stack has counted, at most once in so many milliseconds. Called every turn. */
#define INS_LOOK_MILLISECONDS 200
void ins_tell_counters(struct ins *ins);
/* When that is to be done even if nothing else is; INT64_MAX: never. */
int64_t ins_counts_at(const struct ins *ins);

/* network.c: answers a NETWORK. */
void ins_tell_network(struct ins *ins, const struct rf_command *command);

/* transfer.c */
void ins_receive(struct ins *ins, uint32_t slot);
/* The queue in which a slot waits for its turn when there is a crowd. */
static inline struct ins_queue *ins_queue_of(struct ins *ins, uint32_t slot) {
    const struct ins_socket *s = &ins->sockets[slot];
    return s->accepted && s->unanswered == INS_PATIENT ? &ins->patient : &ins->run;
}
void ins_send(struct ins *ins, uint32_t slot);
/* A call is about to be executed. If it is a CLOSE, the last bytes before it wait in the stack for the end. */
void ins_foresee_close(struct ins *ins, const struct rf_command *command);
/* Looks how a connect in progress is going. */
void ins_connecting(struct ins *ins, uint32_t slot);
/* Sets the socket's pending error. */
void ins_set_error(struct ins *ins, uint32_t slot, int error);
void ins_set_marks(struct ins *ins, uint32_t slot, uint32_t marks);
/* The connection is up: names, then the state. */
void ins_connected(struct ins *ins, uint32_t slot);
void ins_fail(struct ins *ins, uint32_t slot, int error);
/* Closes the stack's socket, frees the record, and answers the CLOSE. */
void ins_finish_close(struct ins *ins, uint32_t slot, bool reset);
void ins_reset_lingering(struct ins *ins);
/* Bytes have left the out ring: tells a frontend that waits for room, and the linger time begins anew. */
void ins_moved_out(struct ins *ins, uint32_t slot);
/* The gateway has written what cannot be into the words of an out ring. */
_Noreturn void ins_impossible_out(const struct ins *ins, uint32_t slot);
/* True once the out ring is sent up to `position`. */
bool ins_sent(const struct ins *ins, uint32_t slot, uint64_t position);

/* main.c: one line on stderr; and the same, then exit with status 1. */
void ins_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void ins_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
