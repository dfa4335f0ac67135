/* What select and poll say of the application's end in every state, and that its close is always seen. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../readiness.h"
#include "gateway.h"

enum { ALL = POLLIN | POLLOUT | POLLRDHUP };

static struct gateway g;

static unsigned flags(int fd) {
    struct pollfd p = {.fd = fd, .events = ALL};
    return poll(&p, 1, 0) < 0 ? ~0u : (unsigned)p.revents;
}

static void expect(const char *sentence, unsigned is, unsigned meant) {
    check(is == meant, sentence, "poll gave %#x instead of %#x", is, meant);
}

static bool settle(void) { return rf_readable_settle(&g.region, g.slot, g.pair[0]); }

static void consume_all(void) {
    struct rf_ring ring = rf_in_ring(gateway_slot(&g));
    rf_consume(&ring, rf_available(&ring));
}

static void application_closes(void) {
    close(g.pair[0]);
    g.pair[0] = -1;
}

/* The edges that the gateway's own epoll reports for its end now. */
static unsigned edges(void) {
    struct epoll_event events[2];
    int n = epoll_wait(g.epoll, events, 2, 0);
    for (int i = 0; i < n; i++)
        if (events[i].data.u32 == 1) return events[i].events;
    return 0;
}

static void poll_flags(void) {
    gateway_open(&g, 0, false);
    expect("an idle socket is writable and not readable", flags(g.pair[0]), POLLOUT);
    gateway_publish(&g, 10);
    expect("bytes make it readable", flags(g.pair[0]), POLLIN | POLLOUT);
    bool early = settle();
    expect("bytes that are left keep it readable", flags(g.pair[0]), POLLIN | POLLOUT);
    consume_all();
    bool rings = settle();
    expect("the last byte's receipt ends that", flags(g.pair[0]), POLLOUT);
    check(!early && !rings, "and nobody is rung for it", "before %d, after %d", early, rings);
    int stuffed = rf_stuff(g.pair[0]);
    expect("stuffing makes it unwritable", flags(g.pair[0]), 0);
    int packets = gateway_read_away(&g);
    expect("the gateway's reading away makes it writable", flags(g.pair[0]), POLLOUT);
    check(stuffed == 0 && packets > 0 && packets < 100, "a few packets stuff a socket", "%d, error %d",
          packets, stuffed);
    gateway_publish(&g, 10);
    gateway_end_of_file(&g);
    expect("end of file: POLLIN and POLLRDHUP, still writable", flags(g.pair[0]),
           POLLIN | POLLOUT | POLLRDHUP);
    consume_all();
    settle();
    expect("which stays so when the last byte is received", flags(g.pair[0]), POLLIN | POLLOUT | POLLRDHUP);
    check(rf_await_bytes(g.pair[0]) == 0, "a receiver does not wait at the end of file", "it did");
    edges();
    application_closes();
    check((edges() & (EPOLLHUP)) != 0, "close after end of file is seen by EPOLLHUP", "it was not");
    gateway_close(&g);

    gateway_open(&g, 0, false);
    gateway_out_shut(&g);
    expect("after the application's own shutdown(SHUT_WR) it is writable, and not hung up", flags(g.pair[0]),
           POLLOUT);
    check(rf_stuff(g.pair[0]) == -EPIPE, "and sending is over", "it was not");
    gateway_publish(&g, 10);
    expect("bytes still make it readable", flags(g.pair[0]), POLLIN | POLLOUT);
    gateway_end_of_file(&g);
    expect("after both directions ended it is hung up", flags(g.pair[0]),
           POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    gateway_close(&g);

    gateway_open(&g, 0, false);
    rf_stuff(g.pair[0]);
    gateway_reset(&g, ECONNREFUSED);
    gateway_read_away(&g);
    expect("a reset: POLLIN, POLLRDHUP, POLLHUP, and POLLOUT when the stuffing is read away",
           flags(g.pair[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    settle();
    check(rf_await_bytes(g.pair[0]) == 0 && rf_await_room(g.pair[0]) == -EPIPE,
          "neither a receiver nor a sender waits on a reset socket", "one did");
    gateway_close(&g);
}

static int hold_the_end(void *argument) {
    (void)argument;
    return pause();
}

static void close_is_seen_at_once(void) {
    gateway_open(&g, 0, false);
    edges();
    int copy = dup(g.pair[0]);
    pid_t child = check_spawn(hold_the_end, NULL);
    application_closes();
    bool early = (edges() & EPOLLHUP) != 0;
    close(copy);
    early |= (edges() & EPOLLHUP) != 0;
    check_kill(child);
    check(!early && (edges() & EPOLLHUP) != 0, "the last reference counts: dup, fork, kill -9", "early %d",
          early);
    gateway_close(&g);

    gateway_open(&g, 0, false);
    rf_stuff(g.pair[0]);
    gateway_publish(&g, 10);
    edges();
    application_closes();
    check((edges() & EPOLLHUP) != 0, "so does a close with bytes unread and the socket stuffed",
          "it was not seen");
    gateway_close(&g);
}

/* Both directions were ended one after the other, as by two FINs. */
static void close_after_both_directions_ended(void) {
    for (int order = 0; order < 2; order++) {
        gateway_open(&g, 0, false);
        if (order == 0) gateway_end_of_file(&g);
        gateway_out_shut(&g);
        if (order == 1) gateway_end_of_file(&g);
        unsigned own = edges();
        for (int i = 0; i < 5; i++) settle();
        application_closes();
        unsigned seen = edges();
        check((own & EPOLLHUP) != 0 && (own & EPOLLERR) == 0 && (seen & EPOLLERR) != 0,
              order == 0 ? "close after end of file and then SHUT_WR is EPOLLERR"
                         : "close after SHUT_WR and then end of file is EPOLLERR",
              "own %#x, then %#x", own, seen);
        gateway_close(&g);
    }
}

/* The worst case of a shim that looked at the marks just before they were set. */
static void one_packet_swallowed(void) {
    char byte;
    gateway_open(&g, 0, false);
    gateway_reset(&g, ECONNRESET);
    edges();
    check_need(recv(g.pair[0], &byte, 1, MSG_DONTWAIT) == 0, "a packet to swallow");
    application_closes();
    check((edges() & EPOLLERR) != 0, "close after a reset is told apart although the shim swallowed a packet",
          "EPOLLERR was not there");
    gateway_close(&g);
}

static void close_after_reset(void) {
    gateway_open(&g, 0, false);
    gateway_reset(&g, ECONNRESET);
    unsigned own = edges();
    for (int i = 0; i < 5; i++) settle();
    unsigned quiet = edges();
    application_closes();
    unsigned seen = edges();
    check((own & EPOLLHUP) != 0 && (own & EPOLLERR) == 0 && quiet == 0 && (seen & EPOLLERR) != 0,
          "after a reset EPOLLHUP is the gateway's own, and close is EPOLLERR",
          "own %#x, before close %#x, after %#x", own, quiet, seen);
    gateway_close(&g);
}

/* ---- a reset while the shim is just reading packets away ---- */

static _Atomic long go, done;

static void *settler(void *argument) {
    (void)argument;
    uint64_t seed = 77;
    for (long round = 1;; round++) {
        for (long spins = 1; atomic_load(&go) < round; spins++) {
            if (atomic_load(&go) < 0) return NULL;
            if (spins % 1000 == 0) sched_yield();
        }
        /* Settles before, during and after the reset. */
        for (uint64_t n = 1 + check_random(&seed) % 12; n > 0; n--) {
            consume_all();
            settle();
        }
        atomic_store(&done, round);
    }
}

/* How many closes were not told apart when the reset left `packets` packets. A round may cost a time
 * slice on a busy machine: `rounds` becomes what was done in ten seconds. */
static long missed_closes(long *rounds, int packets) {
    double end = check_now() + 10;
    long missed = 0;
    uint64_t seed = 78;
    pthread_t thread;
    gateway_open(&g, 0, false);
    atomic_store(&go, 0);
    atomic_store(&done, 0);
    check_need(pthread_create(&thread, NULL, settler, NULL) == 0, "a thread");
    struct rf_slot *s = gateway_slot(&g);
    for (long round = 1; round <= *rounds; round++) {
        if (check_now() > end) *rounds = round;
        if (round > 1) {
            int smallest = 1;
            close(g.pair[1]);
            check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, g.pair) == 0 &&
                           setsockopt(g.pair[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0,
                       "a pair");
            struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u32 = 1};
            check_need(epoll_ctl(g.epoll, EPOLL_CTL_ADD, g.pair[1], &event) == 0, "epoll_ctl");
            atomic_store(&s->marks, 0);
            g.head_at_packet = UINT64_MAX;
        }
        gateway_publish(&g, 1 + check_random(&seed) % 3);
        atomic_store(&go, round);
        for (volatile uint64_t n = check_random(&seed) % 2000; n > 0; n--) continue;
        atomic_fetch_or(&s->marks, RF_MARK_RESET);
        for (int i = 0; i < packets; i++) send(g.pair[1], NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
        shutdown(g.pair[1], SHUT_RDWR);
        while (atomic_load(&done) < round) sched_yield();
        edges();
        application_closes();
        if ((edges() & EPOLLERR) == 0) missed++;
    }
    atomic_store(&go, -1);
    pthread_join(thread, NULL);
    gateway_close(&g);
    return missed;
}

static void close_after_reset_during_settle(void) {
    long rounds = check_rounds(50000), missed = missed_closes(&rounds, 3);
    check(missed == 0, "close after a reset is told apart although the shim was reading packets away",
          "%ld of %ld were not", missed, rounds);
    for (int packets = 2; packets > 0; packets--) {
        long done = rounds / 5 + 1;
        missed = missed_closes(&done, packets);
        check_note("with %d instead of three packets %ld of %ld closes are missed", packets, missed, done);
    }
}

/* ---- a gateway that dies, and waiting ---- */

static void the_gateway_dies(void) {
    gateway_open(&g, 0, false);
    gateway_publish(&g, 10);
    consume_all();
    close(g.pair[1]);
    settle(); /* no mark was set, and recv() gives 0 for ever: must return */
    check(rf_await_bytes(g.pair[0]) <= 0 && (flags(g.pair[0]) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP) &&
              rf_writable_block(&g.region, g.slot, g.pair[0]) == RF_ROOM_OVER,
          "nobody waits for a gateway that died", "poll gave %#x", flags(g.pair[0]));
    g.pair[1] = g.pair[0];
    g.pair[0] = -1;
    gateway_close(&g);
}

static int await_bytes(void *argument) {
    (void)argument;
    close(g.pair[1]); /* of this copy only the application's end is the child's business */
    return -rf_await_bytes(g.pair[0]);
}

static int await_room(void *argument) {
    (void)argument;
    close(g.pair[1]);
    return -rf_await_room(g.pair[0]);
}

static void waiting(const char *sentence, int (*wait)(void *), void (*then)(struct gateway *), int meant) {
    gateway_open(&g, 0, false);
    int on = 0;
    check_need(ioctl(g.pair[0], FIONBIO, &on) == 0 && rf_stuff(g.pair[0]) == 0, "a blocking, stuffed end");
    pid_t child = check_spawn(wait, NULL);
    bool asleep = check_sleeps(child);
    then(&g);
    int status = check_wait(child, 2000);
    check(asleep && status == meant, sentence, "slept %d, result %d instead of %d", asleep, status, meant);
    gateway_close(&g);
}

static void then_bytes(struct gateway *gateway) { gateway_publish(gateway, 1); }
static void then_reset(struct gateway *gateway) { gateway_reset(gateway, ECONNRESET); }
static void then_room(struct gateway *gateway) { gateway_read_away(gateway); }
static void then_death(struct gateway *gateway) {
    close(gateway->pair[1]);
    gateway->pair[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void blocking_calls(void) {
    waiting("bytes wake a receiver", await_bytes, then_bytes, 0);
    waiting("end of file wakes a receiver", await_bytes, gateway_end_of_file, 0);
    waiting("a reset wakes a receiver", await_bytes, then_reset, 0);
    waiting("the death of the gateway wakes a receiver", await_bytes, then_death, ECONNRESET);
    waiting("room wakes a sender", await_room, then_room, 0);
    waiting("a reset wakes a sender", await_room, then_reset, EPIPE);
    waiting("the death of the gateway wakes a sender", await_room, then_death, ECONNRESET);

    gateway_open(&g, 0, false);
    int on = 0;
    struct timeval limit = {.tv_usec = 30000};
    check_need(ioctl(g.pair[0], FIONBIO, &on) == 0 && rf_stuff(g.pair[0]) == 0 &&
                   setsockopt(g.pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
                   setsockopt(g.pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0,
               "time-outs");
    double start = check_now();
    int receive = rf_await_bytes(g.pair[0]), send = rf_await_room(g.pair[0]);
    double took = check_now() - start;
    check(receive == -EAGAIN && send == -EAGAIN && took >= 0.055, "SO_RCVTIMEO and SO_SNDTIMEO end a wait",
          "%d and %d after %.0f ms", receive, send, took * 1e3);
    gateway_close(&g);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    poll_flags();
    close_is_seen_at_once();
    close_after_reset();
    close_after_both_directions_ended();
    one_packet_swallowed();
    close_after_reset_during_settle();
    the_gateway_dies();
    blocking_calls();
    return check_end();
}
