/* Who is killed between reading a packet away and counting it takes the news with him: the watchdog has to see that none lies there. */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../readiness.h"
#include "gateway.h"

static struct gateway gateway;

/* Takes what there is, and reads the packets away of which the count will never tell. */
static int receive_and_die(void *argument) {
    struct rf_slot *s = gateway_slot(&gateway);
    struct rf_ring ring = rf_in_ring(s);
    struct iovec span[2];
    char byte;
    (void)argument;
    rf_lock(&s->receive_lock);
    int64_t bytes = rf_consume_span(&gateway.region, &ring, span);
    if (bytes <= 0) return 1;
    rf_consume(&ring, (uint64_t)bytes);
    gateway_publish(&gateway, 8); /* the gateway is not asked to wait for anybody */
    while (recv(gateway.pair[0], &byte, sizeof byte, MSG_DONTWAIT) >= 0) continue;
    return 0;
}

static int await(void *argument) {
    (void)argument;
    return rf_await_bytes(gateway.pair[0]) == 0 ? 0 : 1;
}

/* Milliseconds until who waits for the descriptor is told of what lies in the ring; `most` if he is not. */
static double told_after(double most) {
    int blocking = 0;
    check_need(ioctl(gateway.pair[0], FIONBIO, &blocking) == 0, "FIONBIO");
    double since = check_now();
    pid_t other = check_spawn(await, NULL);
    bool told = false;
    while (!told && (check_now() - since) * 1e3 < most) {
        gateway_turn(&gateway, 1);
        told = check_ends(other, 0);
    }
    double milliseconds = (check_now() - since) * 1e3;
    if (!told) check_kill(other);
    else check_need(check_wait(other, 1000) == 0, "a wait that succeeds");
    return milliseconds;
}

static void killed_before_the_count(void) {
    gateway_open(&gateway, 0, true);
    gateway_publish(&gateway, 8);
    pid_t reader = check_spawn(receive_and_die, NULL);
    check_need(check_wait(reader, 5000) == 0, "a reader that takes bytes and packets");
    double milliseconds = told_after(5000);
    check(milliseconds < 500 && gateway.barks == 1,
          "whoever waits behind a reader that was killed before he counted a packet is told by the watchdog's first look",
          "after %.0f ms and %ld packets of its", milliseconds, gateway.barks);
    gateway_close(&gateway);
}

static void packet_that_lies_there(void) {
    gateway_open(&gateway, 0, true);
    gateway_publish(&gateway, 8);
    long before = gateway.packets;
    for (double since = check_now(); check_now() - since < 0.3;) gateway_turn(&gateway, 1);
    char byte;
    int packets = 0;
    while (recv(gateway.pair[0], &byte, sizeof byte, MSG_DONTWAIT) >= 0) packets++;
    check(packets == 1, "where a packet lies the watchdog sends none beside it", "%d lie there, %ld were sent before", packets, before);
    gateway_close(&gateway);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    killed_before_the_count();
    packet_that_lies_there();
    return check_end();
}
