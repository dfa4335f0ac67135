/* Bytes, their order and their ends: both directions, small and large rings, clients and servers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

#define BULK (50u << 20)

static struct frontend f;

static uint64_t checksum(uint64_t sum, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* ---- plain peers, each a thread ---- */

struct peer {
    int socket;
    size_t length; /* bytes to send, or received */
    uint64_t sum;
};

static void *sends(void *argument) {
    struct peer *peer = argument;
    static uint8_t bytes[100003];
    for (size_t done = 0; done < peer->length;) {
        size_t part = peer->length - done < sizeof bytes ? peer->length - done : sizeof bytes;
        for (size_t i = 0; i < part; i++) bytes[i] = check_byte(done + i);
        peer->sum = checksum(peer->sum, bytes, part);
        for (size_t at = 0; at < part;) {
            ssize_t sent = send(peer->socket, bytes + at, part - at, MSG_NOSIGNAL);
            if (sent < 0) return NULL;
            at += (size_t)sent;
        }
        done += part;
    }
    shutdown(peer->socket, SHUT_WR);
    return NULL;
}

static void *receives(void *argument) {
    struct peer *peer = argument;
    static uint8_t bytes[65536];
    ssize_t got;
    while ((got = recv(peer->socket, bytes, sizeof bytes, 0)) > 0) {
        peer->sum = checksum(peer->sum, bytes, (size_t)got);
        peer->length += (size_t)got;
    }
    return NULL;
}

/* A connection of the INS in slot 1 to a plain socket, which is returned. */
static int connected(uint32_t order) {
    uint16_t port;
    int listener = plain_listen(AF_INET, &port);
    frontend_connect(&f, 1, order, AF_INET, port);
    int s = accept(listener, NULL, NULL);
    close(listener);
    return s;
}

static void bulk_in(uint32_t order, const char *sentence) {
    struct peer peer = {.socket = connected(order), .length = BULK};
    double start = check_now();
    pthread_t thread = plain_thread(sends, &peer);
    static uint8_t bytes[65536];
    uint64_t sum = 0;
    size_t total = 0, got;
    while ((got = frontend_receive(&f, 1, bytes, sizeof bytes)) > 0) sum = checksum(sum, bytes, got), total += got;
    pthread_join(thread, NULL);
    check(total == BULK && sum == peer.sum && frontend_marks(&f, 1) == RF_MARK_IN_EOF, sentence,
          "%zu of %u bytes, checksums %s, marks %u", total, BULK, sum == peer.sum ? "equal" : "differ",
          frontend_marks(&f, 1));
    check_note("%.2f s", check_now() - start);
    frontend_close(&f, 1, false);
    close(peer.socket);
}

static void bulk_out(uint32_t order, const char *sentence) {
    struct peer peer = {.socket = connected(order)};
    double start = check_now();
    pthread_t thread = plain_thread(receives, &peer);
    static uint8_t bytes[100003];
    uint64_t sum = 0;
    for (size_t done = 0; done < BULK;) {
        size_t part = BULK - done < sizeof bytes ? BULK - done : sizeof bytes;
        for (size_t i = 0; i < part; i++) bytes[i] = check_byte(done + i);
        sum = checksum(sum, bytes, part);
        if (frontend_send(&f, 1, bytes, part) != part) break;
        done += part;
    }
    frontend_close(&f, 1, false);
    pthread_join(thread, NULL);
    check(peer.length == BULK && sum == peer.sum, sentence, "%zu of %u bytes, checksums %s", peer.length, BULK,
          sum == peer.sum ? "equal" : "differ");
    check_note("%.2f s", check_now() - start);
    close(peer.socket);
}

/* ---- echo ---- */

static void *echoes(void *argument) {
    int s = *(int *)argument;
    char bytes[4096];
    ssize_t got;
    while ((got = recv(s, bytes, sizeof bytes, 0)) > 0)
        if (send(s, bytes, (size_t)got, MSG_NOSIGNAL) != got) break;
    return NULL;
}

static void echo_from_the_ins(void) {
    int s = connected(0), rounds = 0;
    pthread_t thread = plain_thread(echoes, &s);
    double start = check_now();
    for (; rounds < 2000; rounds++) {
        char out[100], in[100];
        int length = 1 + rounds % 100;
        for (int i = 0; i < length; i++) out[i] = (char)check_byte((uint64_t)rounds * 100 + (uint64_t)i);
        if (frontend_send(&f, 1, out, (size_t)length) != (size_t)length ||
            frontend_receive(&f, 1, in, (size_t)length) != (size_t)length || memcmp(in, out, (size_t)length) != 0)
            break;
    }
    check(rounds == 2000, "a plain server echoes 2,000 messages of a client behind the INS", "after %d", rounds);
    check_note("%.1f us per round trip", (check_now() - start) / 2000 * 1e6);
    frontend_close(&f, 1, false);
    pthread_join(thread, NULL);
    close(s);
}

static void echo_to_the_ins(void) {
    uint16_t port = frontend_listen(&f, 0, AF_INET, 8);
    frontend_grant(&f, 1, 0);
    uint32_t cell = frontend_post_accept(&f, 0, 1);
    int s = plain_connect(AF_INET, port), rounds = 0;
    check_need(frontend_answer(&f, cell).error == 0, "ACCEPT");
    for (; rounds < 1000; rounds++) {
        char out[64], in[64], copy[64];
        for (int i = 0; i < 64; i++) out[i] = (char)check_byte((uint64_t)rounds * 64 + (uint64_t)i);
        if (send(s, out, 64, 0) != 64 || frontend_receive(&f, 1, copy, 64) != 64 ||
            frontend_send(&f, 1, copy, 64) != 64 || recv(s, in, 64, MSG_WAITALL) != 64 || memcmp(in, out, 64) != 0)
            break;
    }
    check(rounds == 1000, "a server behind the INS echoes 1,000 messages of a plain client", "after %d", rounds);
    close(s);
    frontend_close(&f, 1, false);
    frontend_close(&f, 0, false);
}

/* ---- half-closed connections ---- */

static void half_closed_by_the_frontend(void) {
    int s = connected(0);
    char bytes[16384], got[16384];
    memset(bytes, 'a', sizeof bytes);
    check_need(frontend_send(&f, 1, bytes, sizeof bytes) == sizeof bytes, "bytes before SHUTDOWN");
    uint64_t position = atomic_load(&frontend_slot(&f, 1)->out_tail);
    struct answer answer = frontend_call(&f, RF_OP_SHUTDOWN, 1, SHUT_WR, (int64_t)position, 0, NULL, 0);
    ssize_t before = recv(s, got, sizeof got, MSG_WAITALL), end = recv(s, got, 1, 0);
    check(answer.error == 0 && before == (ssize_t)sizeof got && end == 0,
          "SHUTDOWN sends the end of file behind the last byte", "error %d, %zd bytes, then %zd", answer.error,
          before, end);
    check(FRONTEND_WAIT(&f, frontend_marks(&f, 1) == RF_MARK_OUT_SHUT), "SHUTDOWN sets the mark OUT_SHUT alone",
          "marks %u", frontend_marks(&f, 1));
    check_need(send(s, "still here", 10, 0) == 10, "send");
    check(frontend_receive(&f, 1, got, 10) == 10 && memcmp(got, "still here", 10) == 0,
          "bytes still come in after SHUTDOWN of sending", "they do not");
    close(s);
    frontend_close(&f, 1, false);
}

static void half_closed_by_the_peer(void) {
    int s = connected(0);
    char got[64];
    check_need(send(s, "request", 7, 0) == 7 && shutdown(s, SHUT_WR) == 0, "a half-close");
    size_t length = frontend_receive(&f, 1, got, sizeof got);
    check(length == 7 && frontend_marks(&f, 1) == RF_MARK_IN_EOF && frontend_state(&f, 1) == RF_STATE_CONNECTED,
          "the peer's end of file becomes the mark IN_EOF behind its last byte", "%zu bytes, marks %u", length,
          frontend_marks(&f, 1));
    check_need(frontend_send(&f, 1, "answer", 6) == 6, "send after the end of file");
    check(recv(s, got, 6, MSG_WAITALL) == 6 && memcmp(got, "answer", 6) == 0,
          "bytes still go out after the peer's end of file", "they do not");
    frontend_close(&f, 1, false);
    close(s);
}

static void end_behind_a_full_ring(void) {
    int s = connected(0);
    static char bytes[20000], got[20001];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)check_byte(i);
    check_need(send(s, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes && shutdown(s, SHUT_WR) == 0, "bytes");
    struct rf_slot *slot = frontend_slot(&f, 1);
    bool full = FRONTEND_WAIT(&f, atomic_load(&slot->in_tail) == RF_PAGE);
    bool marked = frontend_marks(&f, 1) != 0;
    size_t length = frontend_receive(&f, 1, got, sizeof got);
    check(full && !marked && length == sizeof bytes && memcmp(got, bytes, length) == 0 &&
              frontend_marks(&f, 1) == RF_MARK_IN_EOF,
          "an end of file behind a full ring is not told before the bytes", "full %d, marked %d, %zu bytes", full,
          marked, length);
    close(s);
    frontend_close(&f, 1, false);
}

static void reset_by_the_peer(void) {
    int s = connected(0);
    char got[8];
    check_need(send(s, "last", 4, 0) == 4, "send");
    struct linger now = {.l_onoff = 1};
    setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(s);
    size_t length = frontend_receive(&f, 1, got, sizeof got);
    struct rf_slot *slot = frontend_slot(&f, 1);
    uint32_t error = atomic_load(&slot->error);
    check(length == 4 && frontend_marks(&f, 1) == (RF_MARK_RESET | RF_MARK_OUT_SHUT) && (error & 0xffff) == 104 &&
              error >> 16 != 0 && frontend_state(&f, 1) == RF_STATE_FAILED,
          "a reset is told as ECONNRESET behind the bytes that came before it", "%zu bytes, marks %u, error %#x",
          length, frontend_marks(&f, 1), error);
    check(frontend_close(&f, 1, false).error == 0, "a failed socket can be closed", "it cannot");
}

static void larger_grant(void) {
    uint16_t port;
    int listener = plain_listen(AF_INET, &port), s;
    frontend_connect(&f, 1, 0, AF_INET, port);
    s = accept(listener, NULL, NULL);
    close(listener);
    struct rf_slot *slot = frontend_slot(&f, 1);
    uint64_t grant = atomic_load(&slot->in_grant);
    static char bytes[65536], got[65536];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)check_byte(i);
    check_need(send(s, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes, "bytes");
    check_need(FRONTEND_WAIT(&f, atomic_load(&slot->in_tail) == RF_PAGE), "a full ring");
    uint64_t larger = rf_grant(rf_grant_page(grant), 5, (uint16_t)(grant >> 48) + 1);
    atomic_store(&slot->in_grant, larger);
    frontend_tell(&f, 1);
    size_t length = frontend_receive(&f, 1, got, sizeof got);
    check(length == sizeof got && memcmp(got, bytes, sizeof got) == 0 && atomic_load(&slot->in_used) == larger,
          "a larger grant is adopted when the ring is empty, and no byte is lost", "%zu bytes", length);
    close(s);
    frontend_close(&f, 1, false);
}

/* An answer that takes two turns through a small ring goes out in two parts. The peer acknowledges the
 * first one late, and sends nothing meanwhile. */
static void answers_larger_than_the_ring(void) {
    int s = connected(0), rounds = 0, late = 0;
    static char bytes[6000], got[6000];
    for (; rounds < 100; rounds++) {
        double start = check_now();
        if (send(s, "?", 1, 0) != 1 || frontend_receive(&f, 1, got, 1) != 1 ||
            frontend_send(&f, 1, bytes, sizeof bytes) != sizeof bytes ||
            recv(s, got, sizeof got, MSG_WAITALL) != (ssize_t)sizeof got)
            break;
        late += check_now() - start > 0.03; /* acknowledgements are delayed by 40 ms */
    }
    check(rounds == 100 && late < 20, "answers larger than the ring do not wait for acknowledgements",
          "%d of %d were late", late, rounds);
    frontend_close(&f, 1, false);
    close(s);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    echo_from_the_ins();
    echo_to_the_ins();
    half_closed_by_the_frontend();
    half_closed_by_the_peer();
    end_behind_a_full_ring();
    reset_by_the_peer();
    larger_grant();
    answers_larger_than_the_ring();
    bulk_in(0, "50 MiB come in through a ring of 4 KiB");
    bulk_in(8, "50 MiB come in through a ring of 1 MiB");
    bulk_out(0, "50 MiB go out through a ring of 4 KiB");
    bulk_out(8, "50 MiB go out through a ring of 1 MiB");
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
