/* Ends of sockets: CLOSE behind the bytes, CLOSE with a reset, peers that do not read, no leaks. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

static struct frontend f;

/* Descriptors the INS has open; -1 if they cannot be counted. */
static int descriptors(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", f.ins);
    DIR *directory = opendir(path);
    if (directory == NULL) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static int connected(uint32_t slot, uint32_t order, int receive_buffer) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET, 0, &length);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer != 0)
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    check_need(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 8) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &length) == 0,
               "a listener");
    frontend_connect(&f, slot, order, AF_INET, ntohs(((struct sockaddr_in *)&address)->sin_port));
    int s = accept(listener, NULL, NULL);
    close(listener);
    return s;
}

/* Fills the kernel's buffers and then the ring, to a peer that does not read. */
static size_t fill(uint32_t slot) {
    static char bytes[65536];
    struct rf_ring ring = rf_out_ring(frontend_slot(&f, slot));
    size_t total = 0;
    int quiet = 0;
    int small = 4096;
    frontend_call(&f, RF_OP_SETSOCKOPT, slot, SOL_SOCKET, SO_SNDBUF, 0, &small, sizeof small);
    /* Full is a ring that stays so over turns of the INS, which the answers to calls prove. */
    while (quiet < 50) {
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)check_byte(total + i);
        size_t part = frontend_try_send(&f, slot, bytes, sizeof bytes);
        total += part;
        quiet = part != 0 ? 0 : quiet + 1;
        frontend_call(&f, RF_OP_GETSOCKNAME, slot, 0, 0, 0, NULL, 0);
    }
    check_need(rf_available(&ring) > 0, "a full out ring");
    return total;
}

static void flushes(void) {
    int s = connected(1, 3, 4096);
    size_t total = fill(1), got = 0;
    uint64_t position = atomic_load(&frontend_slot(&f, 1)->out_tail);
    uint32_t cell = frontend_post(&f, RF_OP_CLOSE, 1, (int64_t)position, 0, 0, NULL, 0);
    check(frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0).error == EBADF && !frontend_answered(&f, cell),
          "CLOSE is not answered while bytes wait, and the socket is gone for other calls", "it is");
    static uint8_t bytes[65536];
    ssize_t part;
    bool right = true;
    while ((part = recv(s, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t i = 0; i < part; i++) right = right && bytes[i] == check_byte(got++);
    struct answer answer = frontend_answer(&f, cell);
    check(part == 0 && got == total && right && answer.error == 0 && answer.result == 0,
          "CLOSE sends what is in the ring, then the end of file", "%zu of %zu bytes, then %zd", got, total, part);
    check(frontend_state(&f, 1) == RF_STATE_FREE, "the slot is free when CLOSE is answered", "state %u",
          frontend_state(&f, 1));
    close(s);
}

static void resets(void) {
    int s = connected(1, 0, 0);
    char got;
    struct answer answer = frontend_close(&f, 1, true);
    ssize_t end = recv(s, &got, 1, 0);
    check(answer.error == 0 && end == -1 && errno == ECONNRESET, "CLOSE with a reset resets the connection",
          "error %d, recv %zd", answer.error, end);
    close(s);
}

static void gives_up(void) {
    int s = connected(1, 0, 4096);
    fill(1);
    double start = check_now();
    struct answer answer = frontend_close(&f, 1, false);
    double took = check_now() - start;
    check(answer.error == 0 && answer.result > 0 && took > 0.9 && took < 5,
          "a closed connection whose peer does not read is reset after --linger", "error %d, %lld lost, %.1f s",
          answer.error, (long long)answer.result, took);
    static char bytes[65536];
    ssize_t part;
    while ((part = recv(s, bytes, sizeof bytes, 0)) > 0) {}
    check(part == -1 && errno == ECONNRESET, "the peer then sees a reset, not a complete stream", "recv %zd", part);
    close(s);
}

static void peer_resets_while_closing(void) {
    int s = connected(1, 0, 4096);
    fill(1);
    uint64_t position = atomic_load(&frontend_slot(&f, 1)->out_tail);
    uint32_t cell = frontend_post(&f, RF_OP_CLOSE, 1, (int64_t)position, 0, 0, NULL, 0);
    close(s); /* with unread bytes: a reset */
    struct answer answer = frontend_answer(&f, cell);
    check(answer.error == 0 && answer.result > 0, "CLOSE ends when the peer resets the connection meanwhile",
          "error %d, result %lld", answer.error, (long long)answer.result);
}

/* With a linger time beyond the test's: only the reset ends the close. */
static void resets_behind_close(void) {
    struct frontend before = f;
    frontend_start(&f, (const char *const[]){"--linger", "600", NULL});
    int s = connected(1, 0, 4096);
    fill(1);
    uint32_t cell = frontend_post(&f, RF_OP_CLOSE, 1, (int64_t)atomic_load(&frontend_slot(&f, 1)->out_tail), 0, 0, NULL, 0);
    frontend_call(&f, RF_OP_GETSOCKNAME, 1, 0, 0, 0, NULL, 0);
    check(!frontend_answered(&f, cell), "CLOSE waits for a peer that does not read", "it is answered");
    check_need(send(s, "late", 4, 0) == 4, "a byte for the closed socket");
    struct answer answer = frontend_answer(&f, cell);
    check(answer.error == 0 && answer.result > 0, "until it sends: there is nobody to read that", "error %d, %lld lost",
          answer.error, (long long)answer.result);
    static char bytes[65536];
    ssize_t part;
    while ((part = recv(s, bytes, sizeof bytes, 0)) > 0) {}
    check(part == -1 && errno == ECONNRESET, "and is told so by a reset", "recv %zd", part);
    close(s);
    frontend_stop(&f);
    f = before;
}

/* The application's SO_LINGER must not make the INS wait in close(). */
static void lingers_without_waiting(void) {
    int s = connected(1, 0, 0), other = connected(2, 0, 0);
    struct linger linger = {.l_onoff = 1, .l_linger = 30};
    struct answer set = frontend_call(&f, RF_OP_SETSOCKOPT, 1, SOL_SOCKET, SO_LINGER, 0, &linger, sizeof linger);
    char bytes[2000] = {0};
    frontend_send(&f, 1, bytes, sizeof bytes);
    double start = check_now();
    struct answer answer = frontend_close(&f, 1, false);
    check_need(send(other, "x", 1, 0) == 1 && frontend_receive(&f, 2, bytes, 1) == 1, "the other connection");
    check(set.error == 0 && answer.error == 0 && check_now() - start < 5,
          "SO_LINGER with a time does not hold up the INS", "%.1f s", check_now() - start);
    check(recv(s, bytes, sizeof bytes, MSG_WAITALL) == (ssize_t)sizeof bytes, "nor lose bytes", "it does");
    close(s);
    close(other);
    frontend_close(&f, 2, false);
}

static void leaks_nothing(void) {
    enum { ROUNDS = 20, EACH = 50 }; /* one way and the other: 2,000 connections */
    uint16_t plain_port, port = frontend_listen(&f, 0, AF_INET, EACH);
    int listener = plain_listen(AF_INET, &plain_port), before = descriptors(), open = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int sockets[2 * EACH];
        uint32_t cells[EACH];
        for (uint32_t i = 0; i < EACH; i++) {
            frontend_grant(&f, 100 + i, 0);
            cells[i] = frontend_post_accept(&f, 0, 100 + i);
            sockets[i] = plain_connect(AF_INET, port);
            frontend_connect(&f, 200 + i, 0, AF_INET, plain_port);
            sockets[EACH + i] = accept(listener, NULL, NULL);
        }
        for (int i = 0; i < EACH; i++) check_need(frontend_answer(&f, cells[i]).error == 0, "ACCEPT");
        if (round == 0) open = descriptors();
        for (int i = 0; i < 2 * EACH; i += 2) close(sockets[i]);
        for (uint32_t i = 0; i < EACH; i++) {
            check_need(frontend_close(&f, 100 + i, round % 2 == 1).error == 0, "CLOSE");
            check_need(frontend_close(&f, 200 + i, round % 2 == 1).error == 0, "CLOSE");
        }
        for (int i = 1; i < 2 * EACH; i += 2) close(sockets[i]);
    }
    int after = descriptors();
    if (before < 0)
        check_skip("2,000 connections leave no descriptor behind", "/proc/PID/fd of the INS needs root");
    else
        check(before == after && open == before + 2 * EACH, "2,000 connections leave no descriptor behind",
              "%d before, %d with %d connections, %d after", before, open, 2 * EACH, after);
    close(listener);
    frontend_close(&f, 0, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, (const char *const[]){"--linger", "1", NULL});
    flushes();
    resets();
    gives_up();
    peer_resets_while_closing();
    resets_behind_close();
    lingers_without_waiting();
    leaks_nothing();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
