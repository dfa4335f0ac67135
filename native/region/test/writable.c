/* Writable means writable: processes share a descriptor and fill its out ring, some blocking, some in
 * poll, and are killed; the stream arrives whole. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../readiness.h"
#include "gateway.h"

enum { SENDERS = 3 };

static struct gateway gateway;
static struct {
    _Atomic long blocked, spurious, failed;
} *counts;

/* One send of up to `most` bytes under the send lock. The number of bytes; 0 if there is no room. */
static uint64_t produce(uint64_t most) {
    struct rf_slot *s = gateway_slot(&gateway);
    struct rf_ring ring = rf_out_ring(s);
    struct iovec span[2];
    bool notify = false;
    rf_lock(&s->send_lock);
    uint32_t room = rf_produce_span(&gateway.region, &ring, span);
    if (room == 0) {
        atomic_fetch_add(&counts->blocked, 1);
        enum rf_room after = rf_writable_block(&gateway.region, gateway.slot, gateway.pair[0]);
        if (after == RF_ROOM_OVER) atomic_fetch_add(&counts->failed, 1);
        notify = after == RF_ROOM_RING;
    }
    if (most > room) most = room;
    uint64_t tail = atomic_load_explicit(&s->out_tail, memory_order_relaxed);
    for (uint64_t i = 0; i < most; i++) {
        uint8_t *to = i < span[0].iov_len ? (uint8_t *)span[0].iov_base + i
                                          : (uint8_t *)span[1].iov_base + (i - span[0].iov_len);
        *to = check_byte(tail + i);
    }
    if (most > 0) {
        rf_produce(&ring, most);
        notify |= rf_notify(&gateway.region, gateway.slot);
    }
    rf_unlock(&s->send_lock);
    if (notify) gateway_ring(&gateway);
    return most;
}

static int in_poll(void *argument) {
    (void)argument;
    uint64_t seed = (uint64_t)getpid();
    for (;;) {
        struct pollfd p = {.fd = gateway.pair[0], .events = POLLOUT};
        if (poll(&p, 1, -1) != 1) return 1;
        if (produce(1 + check_random(&seed) % 3000) == 0) atomic_fetch_add(&counts->spurious, 1);
    }
}

static int blocking(void *argument) {
    (void)argument;
    uint64_t seed = (uint64_t)getpid();
    for (;;) {
        if (produce(1 + check_random(&seed) % 3000) > 0) continue;
        int error = rf_await_room(gateway.pair[0]);
        if (error != 0 && error != -EINTR) return 1;
    }
}

static pid_t spawn(int sender) { return check_spawn(sender == 0 ? blocking : in_poll, NULL); }

static void run(const char *sentence, uint64_t total, bool kills) {
    gateway_open(&gateway, 1, kills);
    int off = 0;
    check_need(ioctl(gateway.pair[0], FIONBIO, &off) == 0, "a blocking end");
    counts = check_shared(sizeof *counts);
    pid_t pids[SENDERS];
    for (int i = 0; i < SENDERS; i++) pids[i] = spawn(i);

    uint64_t taken = 0, seed = 61;
    double progress = check_now(), longest = 0;
    long killed = 0;
    bool wrong = false;
    while (taken < total && !wrong && longest < 2) {
        int64_t bytes = gateway_take(&gateway, 1 + check_random(&seed) % 9000);
        double now = check_now();
        if (now - progress > longest) longest = now - progress;
        wrong = bytes < 0;
        if (bytes > 0) {
            taken += (uint64_t)bytes;
            progress = now;
        }
        if (bytes <= 0 || check_random(&seed) % 8 == 0) gateway_turn(&gateway, bytes > 0 ? 0 : 5);
        if (kills && check_random(&seed) % 32 == 0) {
            int victim = (int)(check_random(&seed) % SENDERS);
            check_kill(pids[victim]);
            pids[victim] = spawn(victim);
            killed++;
        }
    }
    for (int i = 0; i < SENDERS; i++) check_kill(pids[i]);
    check_note("%lu MiB, %ld times full, %ld spurious, %ld kills, %ld watchdog drains, longest pause %.1f ms",
               (unsigned long)(taken >> 20), counts->blocked, counts->spurious, killed, gateway.barks,
               longest * 1e3);
    check(!wrong && taken >= total && counts->failed == 0 && counts->blocked > 0, sentence,
          "%lu of %lu bytes, wrong %d, %ld failed, longest pause %.1f ms", (unsigned long)taken,
          (unsigned long)total, wrong, counts->failed, longest * 1e3);
    munmap(counts, sizeof *counts);
    gateway_close(&gateway);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 120);
    uint64_t mebibytes = (uint64_t)check_rounds(100);
    run("senders that fill the ring are woken without any watchdog", mebibytes << 20, false);
    run("senders that are killed anywhere leave the socket usable, and no hole in the stream",
        mebibytes << 20, true);
    return check_end();
}
