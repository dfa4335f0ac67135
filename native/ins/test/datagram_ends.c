/* Ends of datagram sockets: SHUTDOWN and CLOSE behind what was sent, and a record that cannot be. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <string.h>

#include "frontend_datagrams.h"

static struct frontend f;
static char got[RF_MAX_DATAGRAM + 1];

static struct answer connect_to(uint32_t slot, uint16_t port) {
    struct rf_record to = frontend_record_to(AF_INET, port);
    return frontend_call(&f, RF_OP_CONNECT, slot, 0, 0, 0, to.name.address, to.name.length);
}

static struct answer shut(uint32_t slot, int how) {
    uint64_t position = atomic_load(&frontend_slot(&f, slot)->out_tail);
    return frontend_call(&f, RF_OP_SHUTDOWN, slot, how, (int64_t)position, 0, NULL, 0);
}

/* The lengths of the datagrams that have come to a plain socket, until none is left. */
static int lengths(int plain, ssize_t found[8]) {
    int count = 0;
    while (count < 8 && (found[count] = recv(plain, got, sizeof got, MSG_DONTWAIT)) >= 0) count++;
    return count;
}

static void shut_writing(void) {
    uint16_t there;
    int plain = plain_datagrams(AF_INET, &there);
    ssize_t found[8];
    frontend_datagrams(&f, 1, AF_INET);
    connect_to(1, there);
    for (uint32_t i = 1; i <= 3; i++) frontend_put_record(&f, 1, NULL, "abc", i);
    struct answer answer = shut(1, SHUT_WR);
    bool marked = FRONTEND_WAIT(&f, frontend_marks(&f, 1) == RF_MARK_OUT_SHUT);
    int count = lengths(plain, found);
    check(answer.error == 0 && marked && count == 3 && found[0] == 1 && found[2] == 3,
          "SHUTDOWN of sending comes behind the datagrams before it", "error %d, marks %u, %d datagrams", answer.error,
          frontend_marks(&f, 1), count);
    struct rf_record record;
    struct sockaddr_in local;
    memcpy(&local, frontend_slot(&f, 1)->local.address, sizeof local);
    plain_send(plain, AF_INET, ntohs(local.sin_port), "still", 5);
    check(frontend_receive_record(&f, 1, &record, got) == 5, "and receiving goes on", "it does not");
    close(plain);
    frontend_close(&f, 1, false);
}

static void shut_behind_a_position(void) {
    uint16_t there;
    int plain = plain_datagrams(AF_INET, &there);
    ssize_t found[8];
    frontend_datagrams(&f, 1, AF_INET);
    connect_to(1, there);
    for (uint32_t i = 1; i <= 3; i++) frontend_put_record(&f, 1, NULL, "abc", i);
    frontend_call(&f, RF_OP_SHUTDOWN, 1, SHUT_WR, 2 * rf_record_bytes(1), 0, NULL, 0);
    FRONTEND_WAIT(&f, frontend_marks(&f, 1) == RF_MARK_OUT_SHUT);
    int count = lengths(plain, found);
    check(count == 2, "a datagram behind the position of a SHUTDOWN is not sent", "%d were", count);
    close(plain);
    frontend_close(&f, 1, false);
}

static void shut_reading(void) {
    uint16_t here, there;
    int plain = plain_datagrams(AF_INET, &there);
    struct rf_record record;
    frontend_datagrams(&f, 1, AF_INET);
    here = frontend_bind(&f, 1, AF_INET);
    connect_to(1, there);
    plain_send(plain, AF_INET, here, "before", 6);
    struct answer answer = shut(1, SHUT_RD);
    bool marked = FRONTEND_WAIT(&f, frontend_marks(&f, 1) == RF_MARK_IN_EOF);
    check(answer.error == 0 && marked && frontend_receive_record(&f, 1, &record, got) == 6,
          "SHUTDOWN of receiving is an end behind what has come", "error %d, marks %u", answer.error,
          frontend_marks(&f, 1));
    frontend_send_record(&f, 1, NULL, "out", 3);
    check(recv(plain, got, 100, 0) == 3, "and sending goes on", "it does not");
    close(plain);
    frontend_close(&f, 1, false);
}

static void shut_without_a_peer(void) {
    frontend_datagrams(&f, 1, AF_INET);
    struct answer answer = shut(1, SHUT_RDWR);
    check(answer.error == ENOTCONN && frontend_marks(&f, 1) == (RF_MARK_IN_EOF | RF_MARK_OUT_SHUT),
          "SHUTDOWN without a peer is ENOTCONN, and shuts down, as natively", "error %d, marks %u", answer.error,
          frontend_marks(&f, 1));
    check(shut(1, 3).error == EINVAL, "another kind of SHUTDOWN is EINVAL", "it is not");
    frontend_close(&f, 1, false);
}

static void closing(void) {
    uint16_t there, here;
    int plain = plain_datagrams(AF_INET, &there);
    struct rf_record to = frontend_record_to(AF_INET, there);
    ssize_t found[8];
    frontend_datagrams(&f, 1, AF_INET);
    here = frontend_bind(&f, 1, AF_INET);
    for (uint32_t i = 1; i <= 5; i++) frontend_put_record(&f, 1, &to, "abcde", i);
    struct answer answer = frontend_close(&f, 1, false);
    int count = lengths(plain, found), again = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET, here, &length);
    check(answer.error == 0 && answer.result == 0 && count == 5 && frontend_state(&f, 1) == RF_STATE_FREE,
          "CLOSE comes behind the datagrams", "error %d, %lld bytes lost, %d came", answer.error,
          (long long)answer.result, count);
    check(bind(again, (struct sockaddr *)&address, length) == 0, "and the port is free then", "error %d", errno);
    close(again);
    close(plain);
}

/* Nothing of the one socket is left in a slot for the next. */
static void reused(void) {
    uint16_t there, port;
    int plain = plain_datagrams(AF_INET, &there), listener = plain_listen(AF_INET, &port), s, wrong = 0;
    for (int i = 0; i < 50; i++) {
        frontend_datagrams(&f, 1, AF_INET);
        connect_to(1, there);
        frontend_send_record(&f, 1, NULL, "datagram", 8);
        wrong += recv(plain, got, 100, 0) != 8;
        if (i % 2 == 0) shut(1, SHUT_RDWR);
        wrong += frontend_close(&f, 1, i % 3 == 0).error != 0;
        frontend_connect(&f, 1, 0, AF_INET, port);
        s = accept(listener, NULL, NULL);
        wrong += frontend_marks(&f, 1) != 0 || frontend_send(&f, 1, "bytes", 5) != 5 ||
                 recv(s, got, 5, MSG_WAITALL) != 5;
        frontend_close(&f, 1, true);
        close(s);
    }
    check(wrong == 0, "a slot serves datagrams and bytes by turns", "%d wrong", wrong);
    close(listener);
    close(plain);
}

static void other_calls(void) {
    static const struct {
        int type, protocol, error;
    } kinds[] = {{SOCK_RAW, IPPROTO_UDP, ESOCKTNOSUPPORT},
                 {SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT},
                 {SOCK_DGRAM, IPPROTO_ICMP, EPROTONOSUPPORT},
                 {SOCK_DGRAM, IPPROTO_UDP, 0}};
    int wrong = 0, on = 1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        frontend_grant(&f, 1, RF_DATAGRAM_ORDER);
        wrong += frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, kinds[i].type, kinds[i].protocol, NULL, 0).error !=
                 kinds[i].error;
    }
    check(wrong == 0, "datagrams are those of UDP, and other types are refused", "%d were not", wrong);
    int listening = frontend_call(&f, RF_OP_LISTEN, 1, 4, 0, 0, NULL, 0).error;
    frontend_grant(&f, 2, 0);
    uint32_t cell = frontend_post_accept(&f, 1, 2);
    int accepting = frontend_answer(&f, cell).error;
    check(listening == EOPNOTSUPP && accepting == EINVAL, "LISTEN on datagrams is EOPNOTSUPP, ACCEPT EINVAL",
          "%d, %d", listening, accepting);
    int together = frontend_call(&f, RF_OP_SETSOCKOPT, 1, IPPROTO_UDP, UDP_GRO, 0, &on, sizeof on).error;
    check(together == ENOPROTOOPT, "UDP_GRO, which a record cannot express, is ENOPROTOOPT", "%d", together);
    frontend_close(&f, 1, false);
}

static void hostile(void) {
    static const struct {
        uint32_t length;
        uint64_t filled;
    } records[] = {{70000, 1024}, {4000, 1024}, {UINT32_MAX, 131072}, {0, 64}};
    int wrong = 0;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        int pipes[2];
        char said[1024] = "";
        struct rf_record *header;
        struct iovec pieces[2];
        f = (struct frontend){0};
        check_need(pipe2(pipes, O_CLOEXEC) == 0, "a pipe");
        frontend_start_logged(&f, NULL, pipes[1]);
        close(pipes[1]);
        frontend_datagrams(&f, 1, AF_INET);
        struct rf_ring ring = rf_out_ring(frontend_slot(&f, 1));
        check_need(rf_record_reserve(&f.region, &ring, 0, &header, pieces) == 1, "room");
        header->length = records[i].length;
        rf_produce(&ring, records[i].filled);
        frontend_tell(&f, 1);
        int status = check_wait(f.ins, FRONTEND_PATIENCE);
        close(f.control);
        size_t length = 0;
        for (ssize_t part; (part = read(pipes[0], said + length, sizeof said - 1 - length)) > 0;)
            length += (size_t)part;
        close(pipes[0]);
        if (status == 1 && strstr(said, "region 7: slot 1: out ring from 0 to ") != NULL &&
            strstr(said, "whole record") != NULL)
            continue;
        wrong++;
        check_note("length %u of %llu: status %d: %s", records[i].length, (unsigned long long)records[i].filled, status,
                   said);
    }
    check(wrong == 0, "an impossible record ends the INS, and is named", "%d did not", wrong);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    shut_writing();
    shut_behind_a_position();
    shut_reading();
    shut_without_a_peer();
    closing();
    reused();
    other_calls();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    hostile();
    return check_end();
}
