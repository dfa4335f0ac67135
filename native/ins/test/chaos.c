/* Random calls in random states, with peers that come, speak, go and reset: every call gets exactly
 * one answer, the INS survives, and at the end nothing is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontend_datagrams.h"

#define SLOTS 24u
#define PENDING 40u
#define PEERS 16

static struct frontend f;
static uint64_t seed = 20240229;

static uint32_t chance(uint32_t below) { return (uint32_t)(check_random(&seed) % below); }

static int descriptors(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", f.ins);
    DIR *directory = opendir(path);
    if (directory == NULL) return -1;
    int count = 0;
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count;
}

/* A call that waits for its answer. */
struct open_call {
    bool open;
    uint32_t cell;
    uint16_t op;
    uint32_t slot; /* that is the caller's again with the answer: of SOCKET, ACCEPT and CLOSE */
};
static struct open_call calls[PENDING];
/* What the frontend knows of a slot. */
static enum { UNUSED, ASKED, USED, CLOSING } known[SLOTS];
static bool datagrams[SLOTS]; /* its socket is one of datagrams */
static long answered, events[12], received;

static void harvest(void) {
    for (uint32_t i = 0; i < PENDING; i++) {
        struct open_call *c = &calls[i];
        if (!c->open || !frontend_answered(&f, c->cell)) continue;
        struct answer answer = frontend_answer(&f, c->cell);
        c->open = false;
        answered++;
        if (answer.error == 0 && c->op < 12) events[c->op]++;
        if (c->op == RF_OP_SOCKET || c->op == RF_OP_ACCEPT) known[c->slot] = answer.error == 0 ? USED : UNUSED;
        if (c->op == RF_OP_CLOSE && c->slot < SLOTS && answer.error == 0) known[c->slot] = UNUSED;
    }
}

static void issue(uint16_t op, uint32_t slot, int64_t a0, int64_t a1, int64_t a2, const void *payload,
                  uint32_t length, uint32_t about) {
    uint32_t i = 0;
    while (i < PENDING && calls[i].open) i++;
    if (i == PENDING) return; /* all listen: enough is under way */
    if (op == RF_OP_SOCKET || op == RF_OP_ACCEPT) {
        datagrams[about] = op == RF_OP_SOCKET && a1 == SOCK_DGRAM;
        frontend_grant(&f, about, datagrams[about] && about < FRONTEND_LARGE_SLOTS ? RF_DATAGRAM_ORDER : 0);
        known[about] = ASKED;
        if (op == RF_OP_ACCEPT) a1 = frontend_generation(&f, about);
    }
    if (op == RF_OP_CLOSE) known[about] = CLOSING;
    calls[i] = (struct open_call){true, 0, op, about};
    calls[i].cell = frontend_post(&f, op, slot, a0, a1, a2, payload, length);
}

static uint32_t find(int what) {
    uint32_t from = chance(SLOTS);
    for (uint32_t i = 0; i < SLOTS; i++)
        if ((int)known[(from + i) % SLOTS] == what) return (from + i) % SLOTS;
    return SLOTS;
}

static uint16_t some_port(int listener_port) {
    if (chance(3) == 0) return (uint16_t)listener_port;
    struct sockaddr_in in;
    uint32_t slot = chance(SLOTS);
    memcpy(&in, frontend_slot(&f, slot)->local.address, sizeof in);
    return frontend_slot(&f, slot)->local.length == sizeof in ? ntohs(in.sin_port) : (uint16_t)listener_port;
}

/* A port of one of the datagram sockets, if one is bound. */
static uint16_t datagram_port(void) {
    uint32_t from = chance(SLOTS);
    struct sockaddr_in in = {.sin_port = htons(1)};
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct rf_slot *slot = frontend_slot(&f, (from + i) % SLOTS);
        if (!datagrams[(from + i) % SLOTS] || slot->local.length != sizeof in) continue;
        memcpy(&in, slot->local.address, sizeof in);
        break;
    }
    return ntohs(in.sin_port);
}

static void random_call(uint16_t plain_port) {
    uint32_t used = find(USED), unused = find(UNUSED);
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET, some_port(plain_port), &length);
    struct sockaddr_storage any = plain_address(AF_INET, 0, &length);
    if (unused < SLOTS && chance(4) == 0)
        issue(RF_OP_SOCKET, unused, AF_INET, chance(6) == 0 ? SOCK_DGRAM : SOCK_STREAM, 0, NULL, 0, unused);
    if (used == SLOTS) return;
    uint64_t tail = atomic_load(&frontend_slot(&f, used)->out_tail);
    int on = 1;
    switch (chance(14)) {
    case 0:
        issue(RF_OP_BIND, used, 0, 0, 0, &any, length, used);
        break;
    case 1:
        issue(RF_OP_LISTEN, used, 4, 0, 0, NULL, 0, used);
        break;
    case 2:
    case 3:
        issue(RF_OP_CONNECT, used, 0, 0, 0, &address, length, used);
        break;
    case 4:
        issue(RF_OP_SHUTDOWN, used, chance(4), (int64_t)tail, 0, NULL, 0, used);
        break;
    case 5:
        issue(RF_OP_SETSOCKOPT, used, IPPROTO_TCP, TCP_NODELAY, 0, &on, chance(6), used);
        break;
    case 6:
        issue(RF_OP_GETSOCKOPT, used, SOL_SOCKET, SO_SNDBUF, chance(9), NULL, 0, used);
        break;
    case 7:
    case 8:
    case 9: {
        uint32_t fresh = find(UNUSED);
        if (fresh < SLOTS && fresh != used) issue(RF_OP_ACCEPT, used, fresh, 0, 0, NULL, 0, fresh);
        break;
    }
    case 10:
        issue(RF_OP_CLOSE, used, (int64_t)tail, chance(2), 0, NULL, 0, used);
        break;
    case 11:
        issue(RF_OP_GETPEERNAME, used, 0, 0, 0, NULL, 0, used);
        break;
    case 12:
        issue((uint16_t)chance(65536) | 16, chance(2 * SLOTS), 0, 0, 0, NULL, 0, used);
        break;
    default: {
        char bytes[3000] = {0};
        if (!datagrams[used]) frontend_try_send(&f, used, bytes, 1 + chance(sizeof bytes));
    }
    }
}

/* One that a socket sends to another one, to its peer, or to itself. */
static void random_datagram(void) {
    uint32_t slot = chance(SLOTS);
    char bytes[3000] = {0};
    struct rf_record to = frontend_record_to(AF_INET, datagram_port());
    if (known[slot] == USED && datagrams[slot] &&
        frontend_put_record(&f, slot, chance(3) == 0 ? NULL : &to, bytes, chance(sizeof bytes)))
        frontend_tell(&f, slot);
}

/* Takes a part of what a slot has received. */
static void random_receive(void) {
    uint32_t slot = chance(SLOTS);
    if (known[slot] != USED) return;
    struct rf_ring ring = rf_in_ring(frontend_slot(&f, slot));
    char bytes[4096];
    uint64_t available = rf_available(&ring);
    if (datagrams[slot]) {
        struct rf_record record;
        static char datagram[RF_MAX_DATAGRAM];
        if (available != 0) received += frontend_receive_record(&f, slot, &record, datagram) >= 0;
        return;
    }
    if (available != 0) frontend_receive(&f, slot, bytes, 1 + chance((uint32_t)available));
}

static void random_peer(int sockets[PEERS], int plain_listener) {
    int *s = &sockets[chance(PEERS)];
    char bytes[2000] = {0};
    if (*s < 0) {
        struct sockaddr_in in;
        uint32_t slot = chance(SLOTS);
        if (chance(2) == 0) {
            *s = accept4(plain_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        } else if (frontend_state(&f, slot) == RF_STATE_LISTENING) {
            memcpy(&in, frontend_slot(&f, slot)->local.address, sizeof in);
            *s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (connect(*s, (struct sockaddr *)&in, sizeof in) != 0 && errno != EINPROGRESS) {
                close(*s);
                *s = -1;
            }
        }
        return;
    }
    switch (chance(6)) {
    case 0:
        setsockopt(*s, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = (int)chance(2)}, sizeof(struct linger));
        close(*s);
        *s = -1;
        break;
    case 1:
        shutdown(*s, SHUT_WR);
        break;
    case 2:
    case 3:
        while (recv(*s, bytes, sizeof bytes, 0) > 0) {}
        break;
    default:
        if (send(*s, bytes, 1 + chance(sizeof bytes), MSG_NOSIGNAL) < 0) break;
    }
}

/* A call that is not answered yet; NULL if all are. */
static const struct open_call *first_open(void) {
    harvest();
    for (uint32_t i = 0; i < PENDING; i++)
        if (calls[i].open) return &calls[i];
    return NULL;
}

/* Whether connections were accepted, listeners opened and datagrams received, more than a few of each. */
static bool all_came_about(void) { return events[RF_OP_ACCEPT] > 100 && events[RF_OP_LISTEN] > 100 && received > 100; }

int main(int argc, char **argv) {
    check_start(argc, argv, 150);
    frontend_start(&f, (const char *const[]){"--linger", "1", NULL});
    uint16_t port;
    int plain = plain_listen(AF_INET, &port), sockets[PEERS];
    check_need(fcntl(plain, F_SETFL, O_NONBLOCK) == 0, "a listener that does not wait");
    for (int i = 0; i < PEERS; i++) sockets[i] = -1;
    frontend_call(&f, 99, 0, 0, 0, 0, NULL, 0);
    int before = descriptors();
    /* Answers are counted, not attempts: on a busy machine the INS answers less of them. What depends on two sides that meet by
     * chance is waited for. */
    long enough = check_rounds(30000);
    double until = check_now() + 90;
    for (long round = 0; (answered < enough || !all_came_about()) && check_now() < until; round++) {
        if (round % 16 == 0) sched_yield();
        random_call(port);
        random_datagram();
        random_receive();
        random_peer(sockets, plain);
        harvest();
    }
    check_note("%ld calls; successful: %ld SOCKET, %ld LISTEN, %ld CONNECT at once, %ld ACCEPT, %ld CLOSE; %ld "
               "datagrams",
               answered, events[RF_OP_SOCKET], events[RF_OP_LISTEN], events[RF_OP_CONNECT], events[RF_OP_ACCEPT],
               events[RF_OP_CLOSE], received);
    for (int i = 0; i < PEERS; i++)
        if (sockets[i] >= 0) close(sockets[i]);
    /* Whatever is open is closed; that answers posted ACCEPTs, too. */
    bool settled = true;
    for (int more = 1; more != 0 && settled;) {
        more = 0;
        for (uint32_t slot; (slot = find(USED)) < SLOTS && settled; more++) {
            issue(RF_OP_CLOSE, slot, (int64_t)atomic_load(&frontend_slot(&f, slot)->out_tail), 0, 0, NULL, 0, slot);
            if (known[slot] == USED) settled = FRONTEND_WAIT(&f, (harvest(), find(CLOSING) == SLOTS));
        }
        settled = settled && FRONTEND_WAIT(&f, first_open() == NULL || find(USED) < SLOTS);
        more += find(USED) < SLOTS;
    }
    const struct open_call *waits = first_open();
    check(settled && waits == NULL, "every random call is answered", "%s %u of slot %u waits; a slot that closes: %u of %u",
          waits != NULL ? "call" : "no call, not", waits != NULL ? waits->op : 0, waits != NULL ? waits->slot : 0, find(CLOSING), SLOTS);
    check(all_came_about(), "connections, listeners and datagrams came about", "%ld, %ld and %ld", events[RF_OP_ACCEPT],
          events[RF_OP_LISTEN], received);
    int after = descriptors();
    if (before < 0) check_skip("no descriptor is left", "/proc/PID/fd of the INS needs root");
    else check(before == after, "no descriptor is left", "%d before, %d after", before, after);
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
