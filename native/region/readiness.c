/* Keeping the descriptor of a socket as readable and as writable as its rings. */
#include "readiness.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

/* Reads packets away until there is none. An empty packet and an end of file both read as 0, and at
 * the end of file there is no EAGAIN. The gateway sets a mark before it shuts down, so that looking
 * at the marks before each read ends the loop; a gateway that died has set none, therefore the look
 * at the descriptor itself once in a while. */
static void read_away(const struct rf_slot *slot, int fd) {
    for (unsigned read = 1;; read++) {
        uint32_t marks = atomic_load_explicit(&slot->marks, memory_order_acquire);
        if ((marks & (RF_MARK_IN_EOF | RF_MARK_RESET)) != 0) return;
        if (receive_packet(fd, MSG_DONTWAIT) < 0) return;
        if (read % 8 == 0 && hung_up(fd)) return;
    }
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
    for (int taken = 0; taken <= RF_CROWD_TAKEN; taken++) {
        uint32_t marks = atomic_load_explicit(&slot->marks, memory_order_acquire);
        if ((marks & (RF_MARK_IN_EOF | RF_MARK_RESET)) != 0) return false;
        if (receive_packet(fd, MSG_DONTWAIT | (taken == RF_CROWD_TAKEN ? MSG_PEEK : 0)) < 0) return true;
    }
    return false;
}

bool rf_readable_settle(const struct rf_region *region, uint32_t slot, int fd) {
    struct rf_slot *s = &region->slots[slot];
    uint64_t head = atomic_load_explicit(&s->in_head, memory_order_relaxed);
    if (atomic_load_explicit(&s->in_tail, memory_order_acquire) != head)
        return thin_out(s, fd) && rf_readable_kick(region, slot);
    /* The gateway publishes in_tail, fences and looks at in_head: either it sees this head and sends
     * a packet for what came later, or we see its tail below. */
    atomic_thread_fence(memory_order_seq_cst);
    read_away(s, fd);
    atomic_thread_fence(memory_order_seq_cst);
    /* A packet for bytes that came meanwhile may have been read away with the others. */
    if (atomic_load_explicit(&s->in_tail, memory_order_relaxed) == head) return false;
    return rf_readable_kick(region, slot);
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
