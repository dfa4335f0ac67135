/* The loop: takes calls and pending slots from the region and readiness from the stack, lets every
 * slot that has something to do do a bounded part of it, tells the frontend once, and sleeps. */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ins.h"

/* Tokens of what is not a socket; those of sockets are generation << 32 | slot. */
enum { TOKEN_CONTROL = RF_MAX_SLOTS, TOKEN_DOORBELL };

/* While the frontend keeps the INS busy, the stack is asked once in so many turns only. */
#define TURNS_UNASKED 4
/* Of patient slots so many have their turn behind the others'. */
#define PATIENT_AT_ONCE 32
/* Events that are asked for before anything is done, at most, in portions: a burst of patient ones hides others behind it. */
#define PORTION 128
#define PORTIONS 32
/* A socketpair takes some 270 packets of a byte (net.core.wmem_default). */
#define RINGS_UNREAD 64

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- what there is to do ---- */

/* What the frontend has put into a ring is sent at once, in its order; the rest has its turn behind the stack's events. */
static void news(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->phase == INS_FREE || s->phase == INS_RESERVED) return;
    if (s->datagram) {
        ins_send_datagrams(ins, slot);
    } else if (s->phase == RF_STATE_CONNECTED) {
        /* What a failing send would hide is read first. */
        if (s->hangup) ins_receive(ins, slot);
        if (s->phase == RF_STATE_CONNECTED) ins_send(ins, slot);
    }
    bool flows = s->datagram || s->phase == RF_STATE_CONNECTED;
    if (s->phase != INS_FREE && (s->readable || !flows)) ins_join(ins, &ins->run, slot);
}

/* News that came before the stamp `until`; as many as there are slots, so that a frontend that goes on keeps nobody waiting. */
static void take_news(struct ins *ins, uint64_t until) {
    for (uint32_t left = ins->region.slot_count; left != 0; left--) {
        uint32_t slot = rf_order_next(&ins->region, &ins->order, until);
        if (slot == INS_NONE) return;
        news(ins, slot);
    }
}

static void take_calls(struct ins *ins) {
    struct rf_command command;
    for (uint32_t n = 0; ins->stack->waits_for_more != NULL && rf_command_peek(&ins->region, n, &command); n++) ins_foresee_close(ins, &command);
    /* At most what the ring holds: a frontend that goes on must not keep everybody from their bytes. */
    for (uint32_t i = 0; i < ins->region.command_count; i++) {
        int taken = rf_command_take(&ins->region, &command);
        if (taken == 0) return;
        if (taken < 0) {
            struct rf_header *h = ins->region.header;
            ins_die("region %llu: command ring: producer %llu is beyond capacity %u of consumer %llu: the gateway "
                    "has broken the protocol: exiting; start gateway and INS again",
                    (unsigned long long)h->region_id, (unsigned long long)h->command_tail,
                    ins->region.command_count, (unsigned long long)h->command_head);
        }
        take_news(ins, (uint64_t)command.args[RF_CALL_STAMP]);
        ins_execute(ins, &command);
    }
}

static void run_slot(struct ins *ins, uint32_t slot) {
    struct ins_socket *s = &ins->sockets[slot];
    if (s->datagram) {
        ins_send_datagrams(ins, slot);
        if (s->phase != INS_FREE) ins_receive_datagrams(ins, slot);
        return;
    }
    if (s->phase == RF_STATE_CONNECTING) ins_connecting(ins, slot);
    if (s->phase == RF_STATE_CONNECTED) {
        /* What a failing send would hide is read first. */
        if (s->hangup) ins_receive(ins, slot);
        if (s->phase == RF_STATE_CONNECTED) ins_send(ins, slot);
        if (s->phase == RF_STATE_CONNECTED) ins_receive(ins, slot);
    } else if (s->phase == RF_STATE_LISTENING) {
        ins_accept(ins, slot);
    }
}

/* As many slots as are in the queue now: who joins again has his turn behind the others'. */
static void run_slots(struct ins *ins, struct ins_queue *queue, uint32_t most) {
    for (uint32_t left = queue->count < most ? queue->count : most; left != 0; left--) {
        uint32_t slot = ins_take(ins, queue);
        if (slot == INS_NONE) return;
        run_slot(ins, slot);
    }
}

/* ---- sleep and doorbells ---- */

static bool region_has_work(const struct ins *ins) {
    const struct rf_header *h = ins->region.header;
    return atomic_load_explicit(&h->command_tail, memory_order_relaxed) !=
               atomic_load_explicit(&h->command_head, memory_order_relaxed) ||
           rf_order_any(&ins->region, &ins->order);
}

/* How long nothing happens by itself, in milliseconds; -1 for ever. */
static int idle_time(const struct ins *ins) {
    int64_t until = INT64_MAX;
    if (ins->lingering.first != INS_NONE) until = ins->sockets[ins->lingering.first].progress + ins->linger;
    if (ins->starved.first != INS_NONE && ins->starved_until < until) until = ins->starved_until;
    if (ins_counts_at(ins) < until) until = ins_counts_at(ins);
    if (until == INT64_MAX) return -1;
    int64_t left = until - milliseconds();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void control_event(struct ins *ins) {
    char unexpected[64];
    ssize_t bytes = recv(ins->peer.control, unexpected, sizeof unexpected, MSG_DONTWAIT);
    if (bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR))) return;
    unsigned long long id = (unsigned long long)ins->region.header->region_id;
    if (bytes < 0) ins_die("region %llu: control connection: error %d: exiting", id, errno);
    ins_say("region %llu: the gateway has closed the control connection: exiting", id);
    _exit(0); /* the kernel closes the sockets; there is nothing else to tidy up */
}

/* The doorbell has been rung. There is at most one byte for each sleep, so one read empties it; where the stack reports each ring it is
 * read once in so many, long before there is no room for the next. End of file: the gateway is gone, and the control connection says
 * so, too. */
static void doorbell_event(struct ins *ins) {
    static char rings[4096];
    if (ins->stack->watch_doorbell != NULL && ++ins->unread_rings < RINGS_UNREAD) return;
    ins->unread_rings = 0;
    if (recv(ins->peer.doorbell, rings, sizeof rings, MSG_DONTWAIT) == 0) control_event(ins);
}

/* `crowd`: so many have events that whoever can wait does. Else all have their turn in the order of their events. */
static void socket_event(struct ins *ins, const struct rf_event *event, bool crowd) {
    uint32_t slot = (uint32_t)event->token;
    struct ins_socket *s = &ins->sockets[slot];
    if (s->phase == INS_FREE || s->phase == INS_RESERVED || s->generation != event->token >> 32) return;
    if ((event->readiness & RF_READABLE) != 0) s->readable = s->fresh = true;
    if ((event->readiness & RF_URGENT) != 0) s->urgent = true;
    if ((event->readiness & RF_WRITABLE) != 0 && !s->writable) {
        s->writable = true;
        if (!s->datagram && s->phase == RF_STATE_CONNECTED && ins->stack->flows != NULL) ins->stack->flows(s->handle, &s->kept);
    }
    if ((event->readiness & RF_HANGUP) != 0) s->hangup = true;
    if ((event->readiness & RF_BROKEN) != 0) s->broken = true;
    ins_join(ins, crowd ? ins_queue_of(ins, slot) : &ins->run, slot);
}

/* Takes a portion of the stack's events, and how many that were. */
static int take_events(struct ins *ins, int milliseconds) {
    struct rf_event events[PORTION];
    int count = ins->stack->wait(events, PORTION, milliseconds);
    rf_wake_up(&ins->region.header->backend_asleep);
    if (count < 0)
        ins_die("region %llu: stack '%s': waiting for events: error %d: exiting",
                (unsigned long long)ins->region.header->region_id, ins->stack->name, -count);
    bool crowd = count == PORTION || ins->patient.first != INS_NONE;
    for (int i = 0; i < count; i++) {
        if (events[i].token == TOKEN_CONTROL)
            control_event(ins);
        else if (events[i].token == TOKEN_DOORBELL)
            doorbell_event(ins);
        else
            socket_event(ins, &events[i], crowd);
    }
    return count;
}

/* Asks the stack, asleep if there is nothing to do. */
static void harvest(struct ins *ins) {
    _Atomic uint32_t *asleep = &ins->region.header->backend_asleep;
    int time = 0;
    bool busy = region_has_work(ins);
    if (busy && ++ins->unasked < TURNS_UNASKED) return;
    ins->unasked = 0;
    if (ins->run.first == INS_NONE && ins->patient.first == INS_NONE && !busy) {
        rf_fall_asleep(asleep);
        if (!region_has_work(ins)) time = idle_time(ins);
    }
    int count = take_events(ins, time);
    for (int portion = 1; count == PORTION && ins->patient.count >= PATIENT_AT_ONCE && ins->run.count < PORTION && portion < PORTIONS; portion++)
        count = take_events(ins, 0);
}

static void retry_starved(struct ins *ins) {
    uint32_t listener;
    if (ins->starved.first == INS_NONE || ins->now < ins->starved_until) return;
    while ((listener = ins_take(ins, &ins->starved)) != INS_NONE) ins_join(ins, &ins->run, listener);
}

static void ring_gateway(struct ins *ins) {
    if (!ins->published) return;
    ins->published = false;
    if (!rf_must_ring(&ins->region.header->frontend_asleep)) return;
    /* Never read by the gateway, and far from full. Should it fail, the gateway is gone. */
    ssize_t written = write(ins->peer.ring_gateway, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
}

_Noreturn void ins_serve(struct ins *ins) {
    rf_order_begin(&ins->region, &ins->order, ins->region.to_backend);
    int (*watch_doorbell)(int, uint64_t) = ins->stack->watch_doorbell != NULL ? ins->stack->watch_doorbell : ins->stack->watch_host;
    int error = ins->stack->watch_host(ins->peer.control, TOKEN_CONTROL);
    if (error == 0) error = watch_doorbell(ins->peer.doorbell, TOKEN_DOORBELL);
    if (error != 0) ins_die("stack '%s': cannot watch the gateway's doorbell: error %d", ins->stack->name, -error);
    for (uint64_t turn = 1;; turn++) {
        harvest(ins);
        atomic_store_explicit(&ins->region.header->backend_heartbeat, turn, memory_order_relaxed);
        ins->now = milliseconds();
        take_calls(ins);
        take_news(ins, RF_ALL_NEWS);
        retry_starved(ins);
        run_slots(ins, &ins->run, UINT32_MAX);
        run_slots(ins, &ins->patient, PATIENT_AT_ONCE);
        ins_reset_lingering(ins);
        ring_gateway(ins);
        ins_tell_counters(ins); /* reads files: whoever waits is woken before */
        ring_gateway(ins);
    }
}
