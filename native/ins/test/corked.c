/* TCP_CORK: small parts wait for what follows, and what has a peer that reads never waits for itself. */
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

enum { HEAD = 239, BODY = 204800, MOST = 1 << 18 };

static struct frontend f;
static uint8_t bytes[MOST];

/* Slot 1 is connected; returns its peer. */
static int connected(void) {
    uint16_t port;
    int listener = plain_listen(AF_INET, &port);
    frontend_connect(&f, 1, 6, AF_INET, port);
    int s = accept(listener, NULL, NULL);
    close(listener);
    return s;
}

static void cork(int on) {
    check_need(frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_TCP, TCP_CORK, 0, &on, sizeof on).error == 0, "TCP_CORK");
}

static void put(size_t length) { check_need(frontend_send(&f, 1, bytes, length) == length, "bytes"); }

static bool comes(int s, int milliseconds) {
    struct pollfd p = {.fd = s, .events = POLLIN};
    return poll(&p, 1, milliseconds) == 1;
}

static bool get(int s, size_t length) {
    ssize_t part = 1;
    for (size_t got = 0; got < length && part > 0; got += (size_t)part) part = recv(s, bytes, length - got, 0);
    return part > 0;
}

/* On a loopback a segment may be as long as half of what the stack takes at once. */
static void flows(void) {
    long rounds = check_rounds(200), late = 0;
    for (long round = 0; round < rounds; round++) {
        int s = connected();
        put(HEAD);
        check_need(get(s, HEAD), "the head");
        cork(1);
        double since = check_now();
        put(BODY);
        /* The kernel lets the last of it wait, for 200 ms: it is nobody's business here. */
        check_need(get(s, BODY - 65536), "the body");
        late += check_now() - since > 0.15;
        check_need(frontend_close(&f, 1, false).error == 0 && get(s, 65536), "the end");
        close(s);
    }
    check(late == 0, "a program that sends much under TCP_CORK is as fast as its peer reads", "%ld of %ld times not", late, rounds);
}

static void waits(void) {
    int s = connected(), on = 0;
    cork(1);
    put(HEAD);
    check(!comes(s, 50), "a few bytes under TCP_CORK wait for those that follow", "they came within 50 ms");
    cork(1);
    check(!comes(s, 50), "setting it again does not send them", "they came within 50 ms");
    struct answer answer = frontend_call(&f, RF_OP_GETSOCKOPT, 1, IPPROTO_TCP, TCP_CORK, sizeof on, NULL, 0);
    memcpy(&on, answer.payload, sizeof on);
    check(answer.error == 0 && on == 1, "the option reads as it was set", "error %d, %d", answer.error, on);
    double since = check_now();
    cork(0);
    check(get(s, HEAD) && check_now() - since < 0.1, "without it they go", "after %.0f ms", (check_now() - since) * 1e3);
    put(HEAD);
    check(comes(s, 100), "and others go at once", "they came after 100 ms");
    check_need(get(s, HEAD) && frontend_close(&f, 1, false).error == 0, "the end");
    close(s);
}

/* What the slot says of the bytes, without a call. */
static void waits_by_word(void) {
    int s = connected();
    struct rf_slot *slot = frontend_slot(&f, 1);
    atomic_store(&slot->out_more, RF_MORE_ALL);
    put(HEAD);
    check(!comes(s, 50), "bytes that whatever is written may follow wait for it", "they came within 50 ms");
    atomic_store(&slot->out_more, 0);
    double since = check_now();
    frontend_tell(&f, 1);
    check(get(s, HEAD) && check_now() - since < 0.1, "and go when nothing is to follow", "after %.0f ms", (check_now() - since) * 1e3);
    atomic_store(&slot->out_more, RF_MORE_ALL);
    put(HEAD);
    check_need(!comes(s, 50), "they wait");
    atomic_store(&slot->out_more, 0);
    since = check_now();
    put(HEAD);
    check(get(s, 2 * HEAD) && check_now() - since < 0.1, "others behind them take them along", "after %.0f ms", (check_now() - since) * 1e3);
    check_need(frontend_close(&f, 1, false).error == 0, "the end");
    close(s);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 120);
    frontend_start(&f, (const char *const[]){NULL});
    flows();
    waits();
    waits_by_word();
    check(frontend_stop(&f) == 0, "the INS ends well", "it did not");
    return check_end();
}
