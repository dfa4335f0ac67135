/* Datagrams: each comes and goes whole, with its names; errors cost one and tell; calls hold for what follows. */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>

#include "frontend_datagrams.h"

static struct frontend f;
static char sent[RF_MAX_DATAGRAM], got[RF_MAX_DATAGRAM + 1];

static bool is_port(const struct rf_name *name, int family, uint16_t port) {
    struct rf_record expected = frontend_record_to(family, port);
    return memcmp(name, &expected.name, sizeof name->length + expected.name.length) == 0;
}

static struct answer connect_to(uint32_t slot, int family, uint16_t port) {
    struct rf_record to = frontend_record_to(family, port);
    return frontend_call(&f, RF_OP_CONNECT, slot, 0, 0, 0, to.name.address, to.name.length);
}

static struct answer dissolve(uint32_t slot) {
    struct sockaddr_in none = {.sin_family = AF_UNSPEC};
    return frontend_call(&f, RF_OP_CONNECT, slot, 0, 0, 0, &none, sizeof none);
}

/* A plain socket's datagram of this length comes in, goes back, and is the same. */
static bool goes_round(int family, int plain, uint16_t there, uint32_t slot, uint16_t here, uint32_t length) {
    struct rf_record record;
    struct sockaddr_storage from;
    socklen_t from_length = sizeof from;
    memset(got, 0, sizeof got);
    if (!plain_send(plain, family, here, sent, length) ||
        frontend_receive_record(&f, slot, &record, got) != (int64_t)length || memcmp(got, sent, length) != 0 ||
        record.flags != 0 || !is_port(&record.name, family, there))
        return false;
    memset(got, 0, sizeof got);
    if (!frontend_send_record(&f, slot, &record, sent, length) ||
        recvfrom(plain, got, sizeof got, 0, (struct sockaddr *)&from, &from_length) != (ssize_t)length ||
        memcmp(got, sent, length) != 0)
        return false;
    return ((struct sockaddr_in *)&from)->sin_port == htons(here);
}

static void echo(int family, const char *sentence) {
    static const uint32_t lengths[] = {1, 100, 1472, 9000, 65507, 3};
    uint16_t here, there;
    int plain = plain_datagrams(family, &there), wrong = 0;
    frontend_datagrams(&f, 1, family);
    here = frontend_bind(&f, 1, family);
    for (int i = 0; i < 6 * 20; i++) wrong += !goes_round(family, plain, there, 1, here, lengths[i % 6]);
    check(wrong == 0 && frontend_state(&f, 1) == RF_STATE_OPEN, sentence, "%d of 120 did not", wrong);
    close(plain);
    frontend_close(&f, 1, false);
}

static void empty(void) {
    uint16_t here, there;
    int plain = plain_datagrams(AF_INET, &there);
    frontend_datagrams(&f, 1, AF_INET);
    here = frontend_bind(&f, 1, AF_INET);
    check(goes_round(AF_INET, plain, there, 1, here, 0) && goes_round(AF_INET, plain, there, 1, here, 5),
          "an empty datagram is one, in both directions", "it is not");
    close(plain);
    frontend_close(&f, 1, false);
}

static void sending_binds(void) {
    uint16_t there;
    int plain = plain_datagrams(AF_INET, &there);
    struct rf_record to = frontend_record_to(AF_INET, there);
    struct sockaddr_in from = {0}, local;
    socklen_t length = sizeof from;
    frontend_datagrams(&f, 1, AF_INET);
    frontend_put_record(&f, 1, &to, "x", 1); /* not told: the call alone makes it go */
    struct answer name = frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    memcpy(&local, name.payload, sizeof local);
    struct sockaddr_in in_slot;
    memcpy(&in_slot, frontend_slot(&f, 1)->local.address, sizeof in_slot);
    ssize_t bytes = recvfrom(plain, got, 10, 0, (struct sockaddr *)&from, &length);
    check(bytes == 1 && name.error == 0 && local.sin_port != 0 && local.sin_port == from.sin_port &&
              in_slot.sin_port == from.sin_port,
          "sending binds a socket, and its name says so at once", "port %u, from %u", ntohs(local.sin_port),
          ntohs(from.sin_port));
    close(plain);
    frontend_close(&f, 1, false);
}

static void connected(int family, const char *sentence) {
    uint16_t one, two, here;
    int first = plain_datagrams(family, &one), second = plain_datagrams(family, &two);
    struct rf_record record;
    struct rf_slot *slot = frontend_slot(&f, 1);
    frontend_datagrams(&f, 1, family);
    here = frontend_bind(&f, 1, family);
    struct answer answer = connect_to(1, family, one);
    check(answer.error == 0 && frontend_state(&f, 1) == RF_STATE_CONNECTED && is_port(&slot->peer, family, one) &&
              is_port(&slot->local, family, here),
          sentence, "error %d, state %u", answer.error, frontend_state(&f, 1));
    bool out = frontend_send_record(&f, 1, NULL, "to one", 6) && recv(first, got, 100, 0) == 6;
    plain_send(second, family, here, "from two", 8);
    plain_send(first, family, here, "from one!", 9);
    bool in = frontend_receive_record(&f, 1, &record, got) == 9 && is_port(&record.name, family, one);
    check(out && in, "a connected socket sends to its peer and receives from it alone", "out %d, in %d", out, in);

    /* What was sent before goes to the peer of before. */
    frontend_put_record(&f, 1, NULL, "one", 3);
    answer = connect_to(1, family, two);
    bool before = recv(first, got, 100, 0) == 3;
    frontend_send_record(&f, 1, NULL, "two!", 4);
    check(answer.error == 0 && before && recv(second, got, 100, 0) == 4 && is_port(&slot->peer, family, two),
          "it can be connected again, and what was sent before goes to the peer of before", "error %d",
          answer.error);
    answer = dissolve(1);
    check(answer.error == 0 && frontend_state(&f, 1) == RF_STATE_OPEN && slot->peer.length == 0,
          "CONNECT without a family dissolves the connection", "error %d, state %u", answer.error,
          frontend_state(&f, 1));
    frontend_send_record(&f, 1, NULL, "nobody", 6);
    int error = frontend_take_error(&f, 1);
    check(error == EDESTADDRREQ && frontend_state(&f, 1) == RF_STATE_OPEN && frontend_marks(&f, 1) == 0,
          "then a datagram without a name is dropped with an error", "error %d", error);
    close(first);
    close(second);
    frontend_close(&f, 1, false);
}

/* 10,000 each way, no more at a time than a socket's buffer takes. */
static void none_is_lost(void) {
    uint16_t here, there;
    int plain = plain_datagrams(AF_INET, &there);
    long rounds = check_rounds(10000), in = 0, out = 0;
    struct rf_record record, to = frontend_record_to(AF_INET, there);
    uint64_t turns = 0;
    frontend_datagrams(&f, 1, AF_INET);
    here = frontend_bind(&f, 1, AF_INET);
    for (long next = 0; next < rounds; next += 100) {
        for (long i = next; i < next + 100; i++) plain_send(plain, AF_INET, here, &i, sizeof i);
        for (long i = next; i < next + 100; i++)
            in += frontend_receive_record(&f, 1, &record, got) == sizeof i && memcmp(got, &i, sizeof i) == 0;
        uint64_t turn = atomic_load(&f.region.header->backend_heartbeat);
        for (long i = next; i < next + 100; i++) frontend_send_record(&f, 1, &to, &i, sizeof i);
        for (long i = next; i < next + 100; i++)
            out += recv(plain, got, 100, 0) == sizeof i && memcmp(got, &i, sizeof i) == 0;
        turns += atomic_load(&f.region.header->backend_heartbeat) - turn;
    }
    check(in == rounds && out == rounds, "10,000 datagrams each way arrive, in order", "%ld in, %ld out", in, out);
    check_note("%.2f turns of the loop a datagram sent", (double)turns / (double)rounds);
    close(plain);
    frontend_close(&f, 1, false);
}

static void full_in_ring(void) {
    uint16_t here, there;
    int plain = plain_datagrams(AF_INET, &there), wrong = 0;
    struct rf_record record;
    struct rf_slot *slot = frontend_slot(&f, 1);
    frontend_datagrams(&f, 1, AF_INET);
    here = frontend_bind(&f, 1, AF_INET);
    /* The ring holds 512 of them; the others wait in the socket. */
    for (int i = 0; i < 600; i++) {
        plain_send(plain, AF_INET, here, &i, sizeof i);
        if (i % 100 == 99 && i < 512)
            check_need(FRONTEND_WAIT(&f, atomic_load(&slot->in_tail) == 256u * (unsigned)(i + 1)), "datagrams");
    }
    bool blocked = FRONTEND_ASK_UNTIL(&f, 1, atomic_load(&slot->in_blocked) == 1);
    for (int i = 0; i < 600; i++)
        wrong += frontend_receive_record(&f, 1, &record, got) != sizeof i || memcmp(got, &i, sizeof i) != 0;
    check(blocked && wrong == 0, "what a full ring has no room for waits in the socket", "blocked %d, %d wrong",
          blocked, wrong);
    /* Nearly full: a large one waits, and a small one behind it, too. */
    static const uint32_t lengths[] = {60000, 30000, 45000, 10};
    for (int i = 0; i < 4; i++) plain_send(plain, AF_INET, here, sent, lengths[i]);
    blocked = FRONTEND_ASK_UNTIL(&f, 1, atomic_load(&slot->in_blocked) == 1);
    wrong = 0;
    for (int i = 0; i < 4; i++) wrong += frontend_receive_record(&f, 1, &record, got) != lengths[i];
    check(blocked && wrong == 0, "a datagram waits for room of its size, and the others behind it",
          "blocked %d, %d wrong", blocked, wrong);
    close(plain);
    frontend_close(&f, 1, false);
}

static void full_out_ring(void) {
    uint16_t there;
    int plain = plain_datagrams(AF_INET, &there), size = 64 << 20, arrived = 0, count = 2000;
    if (setsockopt(plain, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        check_skip("a full out ring makes the frontend wait", "SO_RCVBUFFORCE takes CAP_NET_ADMIN");
        close(plain);
        return;
    }
    struct rf_record to = frontend_record_to(AF_INET, there);
    frontend_datagrams(&f, 1, AF_INET);
    bool waited = false;
    for (int i = 0; i < count; i++) {
        memcpy(sent, &i, sizeof i);
        /* The INS is told when the ring is full for the first time. */
        if (!waited && frontend_put_record(&f, 1, &to, sent, 3000)) continue;
        if (!waited) frontend_tell(&f, 1);
        waited = true;
        frontend_send_record(&f, 1, &to, sent, 3000);
    }
    int expected = 0;
    for (; expected < count && recv(plain, got, sizeof got, 0) == 3000; expected++)
        arrived += memcmp(got, &expected, sizeof expected) == 0;
    check(waited && arrived == count, "a full out ring makes the frontend wait", "%d of %d arrived", arrived, count);
    close(plain);
    frontend_close(&f, 1, false);
}

static void refused(void) {
    uint16_t closed, there;
    int gone = plain_datagrams(AF_INET, &closed), plain;
    frontend_datagrams(&f, 1, AF_INET);
    connect_to(1, AF_INET, closed);
    close(gone);
    frontend_send_record(&f, 1, NULL, "a", 1);
    int error = frontend_take_error(&f, 1);
    check(error == ECONNREFUSED && frontend_marks(&f, 1) == 0 && frontend_state(&f, 1) == RF_STATE_CONNECTED,
          "a closed port is ECONNREFUSED, without a mark or another state", "error %d, marks %u, state %u", error,
          frontend_marks(&f, 1), frontend_state(&f, 1));
    frontend_send_record(&f, 1, NULL, "b", 1);
    error = frontend_take_error(&f, 1);
    plain = plain_datagrams(AF_INET, &there);
    connect_to(1, AF_INET, there);
    frontend_send_record(&f, 1, NULL, "to an open port", 15);
    check(error == ECONNREFUSED && recv(plain, got, 100, 0) == 15, "again with every datagram, and the socket goes on",
          "error %d", error);
    close(plain);
    frontend_close(&f, 1, false);
}

/* The datagram behind one that was refused is not taken for it: with both in the ring the second finds the error. */
static void error_of_another(void) {
    uint16_t closed, there;
    int gone = plain_datagrams(AF_INET, &closed), plain = plain_datagrams(AF_INET, &there);
    struct rf_record to = frontend_record_to(AF_INET, there);
    frontend_datagrams(&f, 1, AF_INET);
    connect_to(1, AF_INET, closed);
    close(gone);
    for (int i = 0; i < 3; i++) frontend_put_record(&f, 1, i < 2 ? NULL : &to, "abc", (uint32_t)i + 1);
    frontend_tell(&f, 1);
    bool arrived = recv(plain, got, 100, 0) == 3;
    check(arrived && frontend_take_error(&f, 1) == ECONNREFUSED,
          "an error that belongs to an earlier datagram does not cost the next one", "it was lost");
    close(plain);
    frontend_close(&f, 1, false);
}

static void too_long(void) {
    uint16_t there;
    int plain = plain_datagrams(AF_INET, &there);
    struct rf_record to = frontend_record_to(AF_INET, there), odd = to;
    frontend_datagrams(&f, 1, AF_INET);
    frontend_put_record(&f, 1, &to, sent, 65508);
    frontend_send_record(&f, 1, &to, "next", 4);
    int error = frontend_take_error(&f, 1);
    check(error == EMSGSIZE && recv(plain, got, 100, 0) == 4, "a datagram that is too long is dropped with EMSGSIZE",
          "error %d", error);
    odd.name.length = 3;
    frontend_put_record(&f, 1, &odd, "a", 1);
    frontend_send_record(&f, 1, &to, "next!", 5);
    error = frontend_take_error(&f, 1);
    check(error == EINVAL && recv(plain, got, 100, 0) == 5, "one with half a name, with EINVAL", "error %d", error);
    close(plain);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    for (size_t i = 0; i < sizeof sent; i++) sent[i] = (char)check_byte(i);
    frontend_start(&f, NULL);
    echo(AF_INET, "datagrams of up to 65507 bytes come and go over IPv4, with the sender's name");
    connected(AF_INET, "CONNECT of a datagram socket is done at once");
    if (plain_has_ipv6()) {
        echo(AF_INET6, "datagrams of up to 65507 bytes come and go over IPv6, with the sender's name");
        connected(AF_INET6, "CONNECT of a datagram socket is done at once, over IPv6");
    } else {
        check_skip("datagrams over IPv6", "no IPv6 loopback");
    }
    empty();
    sending_binds();
    none_is_lost();
    full_in_ring();
    full_out_ring();
    refused();
    error_of_another();
    too_long();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
