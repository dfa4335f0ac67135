/* A stack that takes no datagram now: those in the ring wait, and all leave when it takes them again.
 *
 * On loopback a datagram that was sent is received, so that never happens there. Here a network of its own has a tap
 * device whose other end is this test: until it answers the neighbour's address, what was sent fills the socket's
 * send buffer. Nothing of it reaches another interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "frontend_datagrams.h"

#define ETHERNET 14 /* bytes of its header: to, from, type */
#define NEIGHBOUR "10.71.0.2"
#define SILENT "10.71.0.3" /* never answers */
#define COUNT 60
#define LENGTH 1000

static struct frontend f;

/* The other end of a device that has 10.71.0.1/24; -1 if this process may not make one. */
static int make_network(void) {
    struct ifreq device = {.ifr_name = "tap0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    if (unshare(CLONE_NEWNET) != 0) return -1;
    int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tap < 0) return -1;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.71.0.1")},
                       mask = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("255.255.255.0")};
    bool made = ioctl(tap, TUNSETIFF, &device) == 0;
    memcpy(&device.ifr_addr, &address, sizeof address);
    made = made && ioctl(s, SIOCSIFADDR, &device) == 0;
    memcpy(&device.ifr_netmask, &mask, sizeof mask);
    made = made && ioctl(s, SIOCSIFNETMASK, &device) == 0;
    device.ifr_flags = IFF_UP | IFF_RUNNING;
    made = made && ioctl(s, SIOCSIFFLAGS, &device) == 0;
    close(s);
    if (made) return tap;
    close(tap);
    return -1;
}

/* The next frame of this type; false if none comes. */
static bool next_frame(int tap, uint16_t type, uint8_t frame[2048]) {
    double until = check_now() + FRONTEND_PATIENCE / 1e3;
    while (check_now() < until) {
        struct pollfd ready = {.fd = tap, .events = POLLIN};
        if (read(tap, frame, 2048) > ETHERNET) {
            if (frame[12] << 8 == (type & 0xff00) && frame[13] == (type & 0xff)) return true;
        } else if (poll(&ready, 1, (int)((until - check_now()) * 1e3) + 1) < 0) {
            return false;
        }
    }
    return false;
}

/* Answers "who has 10.71.0.2?" (RFC 826). */
static void answer_neighbour(int tap) {
    uint8_t question[2048], answer[42] = {0};
    static const uint8_t hardware[6] = {2, 0, 0, 0, 0, 2};
    do check_need(next_frame(tap, 0x0806, question), "a question for the neighbour");
    while (memcmp(question + ETHERNET + 24, (const uint8_t[4]){10, 71, 0, 2}, 4) != 0);
    memcpy(answer, question + 6, 6);
    memcpy(answer + 6, hardware, 6);
    memcpy(answer + 12, question + 12, 2 + 6); /* type, and what kind of addresses */
    answer[ETHERNET + 7] = 2;
    memcpy(answer + ETHERNET + 8, hardware, 6);
    memcpy(answer + ETHERNET + 14, question + ETHERNET + 24, 4);
    memcpy(answer + ETHERNET + 18, question + ETHERNET + 8, 10);
    check_need(write(tap, answer, sizeof answer) == sizeof answer, "an answer");
}

/* The number in the next of our datagrams; -1 if none comes. */
static int next_number(int tap) {
    uint8_t frame[2048];
    int number;
    do {
        if (!next_frame(tap, 0x0800, frame)) return -1;
    } while (frame[ETHERNET + 9] != IPPROTO_UDP);
    memcpy(&number, frame + ETHERNET + sizeof(struct iphdr) + sizeof(struct udphdr), sizeof number);
    return number;
}

static struct rf_record record_to(const char *neighbour) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr(neighbour)};
    struct rf_record record = {.name.length = sizeof to};
    memcpy(record.name.address, &to, sizeof to);
    return record;
}

/* Puts them all into the ring, and waits until the INS has taken what the stack takes. How many are left. */
static uint64_t fill(const char *neighbour) {
    struct rf_record to = record_to(neighbour);
    char bytes[LENGTH] = {0};
    int small = 4096;
    frontend_datagrams(&f, 1, AF_INET);
    frontend_call(&f, RF_OP_SETSOCKOPT, 1, SOL_SOCKET, SO_SNDBUF, 0, &small, sizeof small);
    for (int i = 0; i < COUNT; i++) {
        memcpy(bytes, &i, sizeof i);
        check_need(frontend_put_record(&f, 1, &to, bytes, LENGTH), "room");
    }
    frontend_tell(&f, 1);
    /* Calls are answered, and still the ring is not empty: the stack has refused. */
    for (int i = 0; i < 50; i++) frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    struct rf_ring ring = rf_out_ring(frontend_slot(&f, 1));
    return rf_available(&ring) / rf_record_bytes(LENGTH);
}

static void waits(int tap) {
    struct rf_ring ring = rf_out_ring(frontend_slot(&f, 1));
    uint64_t waiting = fill(NEIGHBOUR);
    answer_neighbour(tap);
    int expected = 0;
    while (expected < COUNT && next_number(tap) == expected) expected++;
    bool empty = FRONTEND_ASK_UNTIL(&f, 1, rf_available(&ring) == 0);
    unsigned error = atomic_load(&frontend_slot(&f, 1)->error) & 0xffff;
    check(waiting > COUNT / 2 && expected == COUNT && empty && error == 0,
          "datagrams wait in the ring until the stack takes them, and none is lost",
          "%llu waited, %d of %d arrived, the ring is %sempty, error %u", (unsigned long long)waiting, expected, COUNT,
          empty ? "" : "not ", error);
    frontend_close(&f, 1, false);
}

static void closes(void) {
    uint64_t waiting = fill(SILENT) * rf_record_bytes(LENGTH);
    double start = check_now();
    struct answer answer = frontend_close(&f, 1, false);
    double took = check_now() - start;
    check(answer.error == 0 && waiting > 0 && (uint64_t)answer.result == waiting && took > 0.9 && took < 5,
          "CLOSE waits for them, too, but not for ever, and says what was lost",
          "error %d, %lld of %llu lost in %.1f s", answer.error, (long long)answer.result, (unsigned long long)waiting, took);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    int tap = make_network();
    if (tap < 0) {
        check_skip("datagrams wait in the ring until the stack takes them",
                   "network namespaces and tap devices take root");
        return check_end();
    }
    frontend_start(&f, (const char *const[]){"--linger", "1", NULL});
    waits(tap);
    closes();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
