/* Keeping the descriptor of a socket as readable and as writable as its rings. */
#include "readiness.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long a reader waits for a packet that is on its way: some microseconds awake, 2 ms asleep. */
enum { SPINS = 200, NAPS = 40, NAP_NANOSECONDS = 50000 };

/* How often a ring that has been empty before is settled by reading and not by counting. Per process, and several sockets
 * may share a count: that is no matter. */
enum { LOOKS = 256, READ_EVERY = 16 };
static unsigned char looks[LOOKS];

/* By syscall: inside the shim, recv() and send() would be the shim's own. */
static long receive_packet(int fd, int flags) {
    char byte;
    return syscall(SYS_recvfrom, fd, &byte, sizeof byte, flags, NULL, NULL) < 0 ? -errno : 0;
}

static long send_packet(int fd, int flags) {
    return syscall(SYS_sendto, fd, NULL, 0, flags | MSG_NOSIGNAL, NULL, 0) < 0 ? -errno : 0;
}

/* True if the other end will not send again: it was shut down, or it is gone. */
static bool hung_up(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return syscall(SYS_ppoll, &p, 1, &(struct timespec){0}, NULL, 0) > 0;
}

/* Reads one packet away, under receive_lock. False if there is none. */
static bool hear(struct rf_slot *slot, int fd) {
    if (receive_packet(fd, MSG_DONTWAIT) < 0) return false;
    uint32_t heard = atomic_load_explicit(&slot->heard, memory_order_relaxed);
    atomic_store_explicit(&slot->heard, heard + 1, memory_order_relaxed);
    return true;
}

static bool is_over(const struct rf_slot *slot) {
    return (atomic_load_explicit(&slot->marks, memory_order_acquire) & (RF_MARK_IN_EOF | RF_MARK_RESET)) != 0;
}

/* Reads packets away until there is none. An empty packet and an end of file both read as 0, and at
 * the end of file there is no EAGAIN. The gateway sets a mark before it shuts down, so that looking
 * at the marks before each read ends the loop; a gateway that died has set none, therefore the look
 * at the descriptor itself once in a while. */
static void read_away(struct rf_slot *slot, int fd) {
    for (unsigned read = 1; !is_over(slot) && hear(slot, fd); read++)
        if (read % 8 == 0 && hung_up(fd)) return;
}

/* Packets that the gateway has decided to send and that are not here yet. */
static bool is_told(const struct rf_slot *slot) {
    uint32_t told = atomic_load_explicit(&slot->told, memory_order_acquire);
    return (int32_t)(told - atomic_load_explicit(&slot->heard, memory_order_relaxed)) > 0;
}

/* Waits for a packet that is on its way: with the ring empty it would make the descriptor readable for nothing. As a
 * rule the gateway is just between its look at the ring and the kernel. */
static void await_packets(struct rf_slot *slot, int fd) {
    for (int turn = 0; is_told(slot) && !is_over(slot); turn++) {
        if (hear(slot, fd)) continue;
        if (turn >= SPINS + NAPS) {
            atomic_store_explicit(&slot->heard, atomic_load(&slot->told), memory_order_relaxed);
            return;
        }
        if (turn < SPINS) __builtin_ia32_pause();
        else syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = NAP_NANOSECONDS}, NULL);
    }
}

/* The word comes before its byte. Who took it from there would find the byte later, when the word may speak of another. */
static bool has_come(const struct rf_slot *slot, uint64_t urgent) {
    return urgent != 0 && (int64_t)(atomic_load_explicit(&slot->in_tail, memory_order_acquire) - rf_urgent_position(urgent)) > 0;
}

bool rf_urgent_pending(const struct rf_slot *slot) {
    uint64_t urgent = atomic_load_explicit(&slot->in_urgent, memory_order_acquire);
    if (!has_come(slot, urgent)) return false;
    uint64_t beyond = rf_urgent_position(urgent) + 1;
    uint64_t head = atomic_load_explicit(&slot->in_head, memory_order_relaxed);
    uint32_t taken = atomic_load_explicit(&slot->urgent_taken, memory_order_relaxed);
    if (taken == rf_urgent_is(urgent, RF_URGENT_READ) || taken == rf_urgent_is(urgent, RF_URGENT_PASSED)) return false;
    /* Where it is no byte as any other, the head steps over it as soon as it comes to it. */
    bool read_as_any = (atomic_load_explicit(&slot->urgent_wish, memory_order_relaxed) & RF_URGENT_INLINE) != 0;
    return (int64_t)(head - beyond) < (read_as_any ? 0 : 1);
}

bool rf_urgent_at_mark(const struct rf_slot *slot) {
    uint64_t urgent = atomic_load_explicit(&slot->in_urgent, memory_order_acquire);
    if (!has_come(slot, urgent) || atomic_load_explicit(&slot->urgent_taken, memory_order_relaxed) == rf_urgent_is(urgent, RF_URGENT_PASSED))
        return false;
    bool read_as_any = (atomic_load_explicit(&slot->urgent_wish, memory_order_relaxed) & RF_URGENT_INLINE) != 0;
    uint64_t head = atomic_load_explicit(&slot->in_head, memory_order_relaxed), position = rf_urgent_position(urgent);
    return head == position || (!read_as_any && head == position + 1);
}

bool rf_readable_kick(const struct rf_region *region, uint32_t slot) {
    atomic_store_explicit(&region->slots[slot].kick, 1, memory_order_relaxed);
    return rf_notify(region, slot);
}

/* Where bytes stay in the ring, packets pile up: one for each time that the backend published bytes after some had been
 * taken. The kernel takes eleven at most, and a packet that it does not take wakes no edge-triggered reader. True if
 * none is left: then the backend has to send one for the bytes that are there. */
static bool thin_out(struct rf_slot *slot, int fd) {
    if (atomic_load_explicit(&slot->crowded, memory_order_relaxed) == 0) return false;
    if (atomic_exchange(&slot->crowded, 0) == 0) return false;
    for (int taken = 0; taken < RF_CROWD_TAKEN; taken++) {
        if (is_over(slot)) return false;
        if (!hear(slot, fd)) return true;
    }
    return !is_over(slot) && receive_packet(fd, MSG_DONTWAIT | MSG_PEEK) < 0;
}

bool rf_readable_settle(const struct rf_region *region, uint32_t slot, int fd) {
    struct rf_slot *s = &region->slots[slot];
    uint64_t head = atomic_load_explicit(&s->in_head, memory_order_relaxed);
    /* For an urgent byte that waits the packets stay. */
    if ((atomic_load_explicit(&s->urgent_wish, memory_order_relaxed) & RF_URGENT_TOLD) != 0 && rf_urgent_pending(s)) return false;
    if (atomic_load_explicit(&s->in_tail, memory_order_acquire) != head)
        return thin_out(s, fd) && rf_readable_kick(region, slot);
    /* The gateway publishes in_tail, fences and looks at in_head: either it sees this head and sends
     * a packet for what came later, or we see its tail below. */
    atomic_thread_fence(memory_order_seq_cst);
    /* As a rule `told` says how many packets there are, which saves the read that finds none. One that nobody has counted
     * is found by who finds the ring empty time and again. */
    if (is_told(s)) await_packets(s, fd);
    else if (++looks[slot % LOOKS] % READ_EVERY == 0) read_away(s, fd);
    atomic_thread_fence(memory_order_seq_cst);
    /* A packet for bytes that came meanwhile may have been read away with the others. */
    if (atomic_load_explicit(&s->in_tail, memory_order_relaxed) == head) return false;
    return rf_readable_kick(region, slot);
}

/* True if the application may find something: bytes, an error, or an urgent byte. */
static bool has_news(const struct rf_slot *slot) {
    uint32_t error = atomic_load_explicit(&slot->error, memory_order_relaxed);
    return atomic_load(&slot->in_head) != atomic_load_explicit(&slot->in_tail, memory_order_relaxed) ||
           ((error & 0xffff) != 0 && error >> 16 != (atomic_load(&slot->error_taken) & 0xffff)) ||
           ((atomic_load(&slot->urgent_wish) & RF_URGENT_TOLD) != 0 && rf_urgent_pending(slot));
}

int rf_readable_tell(struct rf_slot *slot, int fd) {
    uint32_t told = atomic_load_explicit(&slot->told, memory_order_relaxed);
    long error = 0;
    atomic_store_explicit(&slot->told, told + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (has_news(slot) && (error = send_packet(fd, MSG_DONTWAIT)) == 0) return 0;
    atomic_store_explicit(&slot->told, told, memory_order_release);
    return (int)error;
}

bool rf_packet_lies(int fd) {
    int bytes = 0; /* of memory: an empty packet has some, too */
    return syscall(SYS_ioctl, fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

bool rf_readable_seen(const struct rf_region *region, uint32_t slot) {
    uint32_t armed = atomic_load_explicit(&region->slots[slot].armed, memory_order_acquire);
    if (armed == RF_ARMED_FIRST) return true;
    if (armed == 0 || armed >= RF_WATCHERS) return false;
    rf_pending_set(region->to_frontend, slot);
    /* The watcher sets bit 0, fences and looks at the bits once more: one of the two sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    _Atomic uint32_t *watcher = rf_watcher(region, armed);
    uint32_t word = atomic_load_explicit(watcher, memory_order_relaxed);
    if (word != 0 && (word & 1) == 0) return true;
    return word != 0 && (atomic_fetch_and(watcher, ~UINT32_C(1)) & 1) == 0;
}

int rf_stuff(int fd) {
    long error;
    while ((error = send_packet(fd, MSG_DONTWAIT)) == 0) continue;
    return error == -EAGAIN || error == -ENOBUFS ? 0 : (int)error;
}

enum rf_room rf_writable_block(const struct rf_region *region, uint32_t slot, int fd) {
    struct rf_slot *s = &region->slots[slot];
    struct rf_ring out = rf_out_ring(s);
    struct iovec span[2];
    /* Stuffing comes before the flag: the gateway reads away what it finds after it has cleared it. */
    if (rf_stuff(fd) != 0) return RF_ROOM_OVER;
    atomic_store_explicit(&s->out_blocked, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rf_produce_span(region, &out, span) == 0) return RF_ROOM_NONE;
    /* The gateway may have looked at the flag before it was set and not look again by itself. */
    return rf_notify(region, slot) ? RF_ROOM_RING : RF_ROOM;
}

int rf_await_bytes(int fd) { return (int)receive_packet(fd, MSG_PEEK); }

int rf_await_room(int fd) { return (int)send_packet(fd, 0); }
