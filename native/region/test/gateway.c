/* The gateway's side of the readiness protocol for one slot, for the tests. */
#include "gateway.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../readiness.h"

static struct rf_order order;

void gateway_open(struct gateway *g, uint32_t ring_order, bool watchdog) {
    *g = (struct gateway){.slot = 5, .watchdog = watchdog, .head_at_packet = UINT64_MAX};
    uint64_t ring = (uint64_t)RF_PAGE << ring_order;
    g->region = check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = 64, .commands = 16, .cells = 64, .pool_bytes = 2 * ring});
    rf_order_begin(&g->region, &order, g->region.to_backend);
    struct rf_slot *s = gateway_slot(g);
    atomic_store(&s->generation, 1);
    atomic_store(&s->in_grant, rf_grant(0, ring_order, 1));
    atomic_store(&s->out_grant, rf_grant((uint32_t)(ring / RF_PAGE), ring_order, 1));
    rf_lock_init(&s->receive_lock);
    rf_lock_init(&s->send_lock);

    int smallest = 1; /* the kernel rounds it up to its minimum */
    check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, g->pair) == 0 &&
                   setsockopt(g->pair[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0,
               "a readiness pair");
    g->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event bell = {.events = EPOLLIN | EPOLLET, .data.u32 = 0};
    struct epoll_event end = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u32 = 1};
    check_need(g->doorbell >= 0 && g->epoll >= 0 &&
                   epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->doorbell, &bell) == 0 &&
                   epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->pair[1], &end) == 0,
               "a doorbell");
    g->head_moved = check_now();
}

void gateway_close(struct gateway *g) {
    if (g->pair[0] >= 0) close(g->pair[0]);
    close(g->pair[1]);
    close(g->doorbell);
    close(g->epoll);
    munmap(g->region.header, g->region.bytes);
}

/* EAGAIN: packets enough lie there. EPIPE: the application is gone, or this direction over. */
static void need_sent(int error) {
    if (error != 0 && error != -EAGAIN && error != -EPIPE) check_need(false, "send of a packet");
}

static void send_packet(struct gateway *g) {
    g->packets++;
    need_sent(rf_readable_tell(gateway_slot(g), g->pair[1]));
}

/* Before an end, whatever is in the ring. */
static void send_last_packets(struct gateway *g) {
    for (int i = 0; i < 3; i++)
        need_sent(send(g->pair[1], NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0);
}

static bool in_ring_empty(struct gateway *g) {
    struct rf_slot *s = gateway_slot(g);
    return atomic_load(&s->in_head) == atomic_load_explicit(&s->in_tail, memory_order_relaxed);
}

uint64_t gateway_publish(struct gateway *g, uint64_t bytes) {
    struct rf_slot *s = gateway_slot(g);
    struct rf_ring ring = rf_in_ring(s);
    struct iovec span[2];
    uint32_t room = rf_produce_span(&g->region, &ring, span);
    if (room == 0 && !rf_produce_block(&g->region, &ring, &s->in_blocked))
        room = rf_produce_span(&g->region, &ring, span);
    if (bytes > room) bytes = room;
    if (bytes == 0) return 0;
    uint64_t tail = atomic_load_explicit(&s->in_tail, memory_order_relaxed);
    for (uint64_t i = 0; i < bytes; i++) {
        uint8_t *to = i < span[0].iov_len ? (uint8_t *)span[0].iov_base + i
                                          : (uint8_t *)span[1].iov_base + (i - span[0].iov_len);
        *to = check_byte(tail + i);
    }
    rf_produce(&ring, bytes);
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t head = atomic_load_explicit(&s->in_head, memory_order_acquire);
    if (head != tail + bytes && head != g->head_at_packet) {
        g->head_at_packet = head;
        send_packet(g);
    }
    return bytes;
}

static bool out_ring_half_free(struct gateway *g) {
    struct rf_ring ring = rf_out_ring(gateway_slot(g));
    return rf_available(&ring) <= rf_grant_size(atomic_load(ring.used)) / 2;
}

static void watch(struct gateway *g) {
    double now = check_now();
    uint64_t head = atomic_load(&gateway_slot(g)->in_head);
    if (head != g->head_seen || in_ring_empty(g)) {
        g->head_seen = head;
        g->head_moved = now;
    } else if (g->watchdog && now - g->head_moved > 0.050 && (now - g->head_moved > 1.0 || !rf_packet_lies(g->pair[1]))) {
        g->head_moved = now;
        g->barks++;
        send_packet(g);
    }
    /* Whoever stuffed the pair was killed before it said so. */
    if (g->stuffed == 0 || atomic_load(&gateway_slot(g)->out_blocked) != 0 || !out_ring_half_free(g)) {
        if (g->stuffed != 0) g->stuffed = now;
    } else if (g->watchdog && now - g->stuffed > 0.050) {
        g->barks++;
        gateway_read_away(g);
    }
}

/* Waits for its two descriptors. */
static void wait_for_events(struct gateway *g, int milliseconds) {
    struct epoll_event events[2];
    int n = epoll_wait(g->epoll, events, 2, milliseconds);
    for (int i = 0; i < n; i++)
        if (events[i].data.u32 == 1 && g->stuffed == 0) g->stuffed = check_now();
}

static void news(struct gateway *g, uint32_t slot) {
    if (slot != g->slot || atomic_exchange(&gateway_slot(g)->kick, 0) == 0) return;
    g->kicks++;
    if (!in_ring_empty(g)) send_packet(g);
}

static bool take_news(struct gateway *g) {
    bool any = false;
    for (uint32_t slot; (slot = rf_order_next(&g->region, &order, RF_ALL_NEWS)) != UINT32_MAX; any = true) news(g, slot);
    return any;
}

bool gateway_turn(struct gateway *g, int milliseconds) {
    struct rf_header *h = g->region.header;
    bool any = take_news(g);
    watch(g);
    if (any || milliseconds == 0) {
        wait_for_events(g, 0);
        return any;
    }
    rf_fall_asleep(&h->backend_asleep);
    if (!rf_pending_any(&g->region, g->region.to_backend)) wait_for_events(g, milliseconds);
    rf_wake_up(&h->backend_asleep);
    any = take_news(g);
    watch(g);
    return any;
}

int gateway_read_away(struct gateway *g) {
    char byte;
    int count = 0;
    g->stuffed = 0;
    while (count < 1000 && recv(g->pair[1], &byte, 1, MSG_DONTWAIT) >= 0) count++;
    return count;
}

int64_t gateway_take(struct gateway *g, uint64_t most) {
    struct rf_slot *s = gateway_slot(g);
    struct rf_ring ring = rf_out_ring(s);
    struct iovec span[2];
    int64_t filled = rf_consume_span(&g->region, &ring, span);
    if (filled < 0) return -1;
    uint64_t bytes = (uint64_t)filled < most ? (uint64_t)filled : most;
    uint64_t head = atomic_load_explicit(&s->out_head, memory_order_relaxed);
    for (uint64_t i = 0; i < bytes; i++) {
        const uint8_t *from = i < span[0].iov_len ? (uint8_t *)span[0].iov_base + i
                                                  : (uint8_t *)span[1].iov_base + (i - span[0].iov_len);
        if (*from != check_byte(head + i)) return -1;
    }
    rf_consume(&ring, bytes);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&s->out_blocked) != 0 && out_ring_half_free(g) &&
        atomic_exchange(&s->out_blocked, 0) != 0)
        gateway_read_away(g);
    return (int64_t)bytes;
}

void gateway_end_of_file(struct gateway *g) {
    atomic_fetch_or(&gateway_slot(g)->marks, RF_MARK_IN_EOF);
    send_last_packets(g);
    shutdown(g->pair[1], SHUT_WR);
}

void gateway_out_shut(struct gateway *g) {
    atomic_fetch_or(&gateway_slot(g)->marks, RF_MARK_OUT_SHUT);
    shutdown(g->pair[1], SHUT_RD);
}

void gateway_reset(struct gateway *g, int error) {
    struct rf_slot *s = gateway_slot(g);
    atomic_store(&s->error, 1u << 16 | (uint32_t)error);
    atomic_fetch_or(&s->marks, RF_MARK_RESET);
    send_last_packets(g);
    shutdown(g->pair[1], SHUT_RDWR);
}

void gateway_ring(const struct gateway *g) {
    uint64_t one = 1;
    if (write(g->doorbell, &one, sizeof one) < 0) return; /* EAGAIN: rung often enough */
}
