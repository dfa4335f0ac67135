/* Posted ACCEPTs: credits for connections, and what becomes of them when the listener goes. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frontend.h"

static struct frontend f;

static void first_bytes_with_the_answer(void) {
    uint16_t port = frontend_listen(&f, 0, AF_INET, 8);
    int s = plain_connect(AF_INET, port);
    check_need(send(s, "GET /", 5, 0) == 5, "send");
    frontend_grant(&f, 1, 0);
    uint32_t cell = frontend_post_accept(&f, 0, 1);
    bool answered = FRONTEND_WAIT(&f, frontend_answered(&f, cell));
    uint64_t there = atomic_load(&frontend_slot(&f, 1)->in_tail);
    check(answered && there == 5, "the first bytes are there when ACCEPT is answered", "%llu bytes",
          (unsigned long long)there);
    struct answer answer = frontend_answer(&f, cell);
    struct rf_name names[2];
    memcpy(names, answer.payload, sizeof names);
    struct sockaddr_storage peer = {0}, local = {0};
    socklen_t length = sizeof peer;
    getsockname(s, (struct sockaddr *)&peer, &length);
    getpeername(s, (struct sockaddr *)&local, &length);
    const struct rf_slot *slot = frontend_slot(&f, 1);
    check(answer.length == sizeof names && names[0].length == length && names[1].length == length &&
              memcmp(names[0].address, &local, length) == 0 && memcmp(names[1].address, &peer, length) == 0 &&
              memcmp(&slot->local, &names[0], sizeof names[0]) == 0 &&
              memcmp(&slot->peer, &names[1], sizeof names[1]) == 0 &&
              frontend_state(&f, 1) == RF_STATE_CONNECTED,
          "ACCEPT answers with both names, and the slot has them", "length %u", answer.length);
    close(s);
    frontend_close(&f, 1, false);
    frontend_close(&f, 0, false);
}

static void inherits_nodelay(void) {
    uint16_t port = frontend_listen(&f, 0, AF_INET, 8);
    int one = 1, value = 0;
    frontend_call(&f, RF_OP_SETSOCKOPT, 0, IPPROTO_TCP, TCP_NODELAY, 0, &one, sizeof one);
    frontend_grant(&f, 1, 0);
    uint32_t cell = frontend_post_accept(&f, 0, 1);
    int s = plain_connect(AF_INET, port);
    check_need(frontend_answer(&f, cell).error == 0, "ACCEPT");
    struct answer answer = frontend_call(&f, RF_OP_GETSOCKOPT, 1, IPPROTO_TCP, TCP_NODELAY, sizeof value, NULL, 0);
    memcpy(&value, answer.payload, sizeof value);
    check(answer.error == 0 && value == 1, "an accepted socket has its listener's TCP_NODELAY", "%d", value);
    close(s);
    frontend_close(&f, 1, false);
    frontend_close(&f, 0, false);
}

static void credits(void) {
    enum { CONNECTIONS = 40 };
    uint16_t port = frontend_listen(&f, 0, AF_INET, CONNECTIONS);
    int sockets[CONNECTIONS], accepted = 0, posted = 2;
    uint32_t cells[CONNECTIONS];
    for (int i = 0; i < 2; i++) {
        frontend_grant(&f, 10 + (uint32_t)i, 0);
        cells[i] = frontend_post_accept(&f, 0, 10 + (uint32_t)i);
    }
    for (int i = 0; i < CONNECTIONS; i++) sockets[i] = plain_connect(AF_INET, port);
    check_need(frontend_answer(&f, cells[0]).error == 0 && frontend_answer(&f, cells[1]).error == 0, "ACCEPTs");
    accepted = 2;
    /* All connections are in the kernel's backlog by now. One answer to a later call: the INS has been
     * through a turn, and took no third connection. */
    struct answer info = frontend_call(&f, RF_OP_GETSOCKOPT, 0, IPPROTO_TCP, TCP_INFO, RF_CELL_PAYLOAD, NULL, 0);
    struct tcp_info tcp;
    memcpy(&tcp, info.payload, sizeof tcp); /* of a listener: tcpi_unacked is the accept queue */
    check(tcp.tcpi_unacked == CONNECTIONS - 2, "without a posted ACCEPT connections stay in the kernel's backlog",
          "%u of %d are there", tcp.tcpi_unacked, CONNECTIONS - 2);
    for (; posted < CONNECTIONS; posted++) {
        frontend_grant(&f, 10 + (uint32_t)posted, 0);
        cells[posted] = frontend_post_accept(&f, 0, 10 + (uint32_t)posted);
    }
    for (; accepted < CONNECTIONS; accepted++)
        if (frontend_answer(&f, cells[accepted]).error != 0) break;
    check(accepted == CONNECTIONS, "each posted ACCEPT takes one of them", "%d of %d", accepted, CONNECTIONS);
    int right = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        char got;
        struct sockaddr_in in;
        socklen_t length = sizeof in;
        getsockname(sockets[i], (struct sockaddr *)&in, &length);
        for (uint32_t slot = 10; slot < 10 + CONNECTIONS; slot++) {
            if (memcmp(frontend_slot(&f, slot)->peer.address, &in, sizeof in) != 0) continue;
            if (send(sockets[i], &i, 1, 0) == 1 && frontend_receive(&f, slot, &got, 1) == 1 && got == (char)i)
                right++;
        }
        close(sockets[i]);
    }
    check(right == CONNECTIONS, "each connection's bytes arrive in the slot with its name", "%d of %d", right,
          CONNECTIONS);
    for (uint32_t slot = 10; slot < 10 + CONNECTIONS; slot++) frontend_close(&f, slot, false);
    frontend_close(&f, 0, false);
}

static void listener_goes(void) {
    frontend_listen(&f, 0, AF_INET, 8);
    uint32_t cells[3];
    for (uint32_t i = 0; i < 3; i++) {
        frontend_grant(&f, 10 + i, 0);
        cells[i] = frontend_post_accept(&f, 0, 10 + i);
    }
    check(frontend_call(&f, RF_OP_CLOSE, 10, 0, 0, 0, NULL, 0).error == EBADF,
          "a slot that waits for a connection cannot be closed by itself", "it can");
    uint32_t twice = frontend_post_accept(&f, 0, 10);
    check(frontend_answer(&f, twice).error == EBADF, "a second ACCEPT for one slot is EBADF", "it is not");
    struct answer closed = frontend_close(&f, 0, false);
    int aborted = 0;
    for (int i = 0; i < 3; i++) aborted += frontend_answer(&f, cells[i]).error == ECONNABORTED;
    check(closed.error == 0 && aborted == 3, "posted ACCEPTs of a closed listener are ECONNABORTED", "%d of 3",
          aborted);
    frontend_socket(&f, 10, 0, AF_INET);
    check(frontend_close(&f, 10, false).error == 0, "their slots can be used again", "they cannot");
}

static void listener_is_shut_down(void) {
    frontend_listen(&f, 0, AF_INET, 8);
    frontend_grant(&f, 10, 0);
    uint32_t cell = frontend_post_accept(&f, 0, 10);
    struct answer shut = frontend_call(&f, RF_OP_SHUTDOWN, 0, SHUT_RDWR, 0, 0, NULL, 0);
    struct answer accepted = frontend_answer(&f, cell);
    check(shut.error == 0 && accepted.error == EINVAL, "after SHUTDOWN of a listener ACCEPT is EINVAL", "%d, %d",
          shut.error, accepted.error);
    struct answer again = frontend_call(&f, RF_OP_LISTEN, 0, 8, 0, 0, NULL, 0);
    cell = frontend_post_accept(&f, 0, 10);
    /* The kernel gave the port back, as it had chosen it, and has chosen another one. */
    struct sockaddr_in local;
    memcpy(&local, frontend_slot(&f, 0)->local.address, sizeof local);
    int s = plain_connect(AF_INET, ntohs(local.sin_port));
    accepted = frontend_answer(&f, cell);
    check(again.error == 0 && accepted.error == 0, "and it can listen again", "%d, %d", again.error, accepted.error);
    close(s);
    frontend_close(&f, 10, false);
    frontend_close(&f, 0, false);
}

/* With no descriptor left, a connection waits until there is one again. */
static void starves(void) {
    struct frontend own = {0};
    frontend_start(&own, (const char *const[]){"--no-sandbox", NULL}); /* else its limits are not ours to set */
    uint16_t port = frontend_listen(&own, 0, AF_INET, 8);
    struct rlimit limit, full;
    check_need(prlimit(own.ins, RLIMIT_NOFILE, NULL, &limit) == 0, "the limit of descriptors");
    full = limit;
    full.rlim_cur = 0;
    check_need(prlimit(own.ins, RLIMIT_NOFILE, &full, NULL) == 0, "a lower limit");
    frontend_grant(&own, 1, 0);
    uint32_t cell = frontend_post_accept(&own, 0, 1);
    int s = plain_connect(AF_INET, port);
    /* Two hundred turns later: a wait that has to fail, rung by nobody. */
    uint64_t turns = atomic_load(&own.region.header->backend_heartbeat);
    double start = check_now();
    for (int i = 0; i < 200; i++) frontend_call(&own, RF_OP_GETSOCKNAME, 0, 0, 0, 0, NULL, 0);
    bool waits = !frontend_answered(&own, cell);
    frontend_sleep(&own, check_now() + 0.3);
    turns = atomic_load(&own.region.header->backend_heartbeat) - turns;
    check(waits && !frontend_answered(&own, cell) && turns < 1000, "without a descriptor left ACCEPT waits, idly",
          "answered %d, %llu turns in %.1f s", frontend_answered(&own, cell), (unsigned long long)turns,
          check_now() - start);
    check_need(prlimit(own.ins, RLIMIT_NOFILE, &limit, NULL) == 0, "the limit as before");
    check(frontend_answer(&own, cell).error == 0, "and is answered when there is one again", "it is not");
    close(s);
    frontend_stop(&own);
}

/* Nothing spins: not a full ring, nor an end of file, nor connections that nobody accepts. */
static void idles(void) {
    uint16_t port = frontend_listen(&f, 0, AF_INET, 8);
    static char bytes[20000];
    int sockets[3];
    for (uint32_t i = 0; i < 3; i++) {
        sockets[i] = plain_connect(AF_INET, port);
        if (i == 2) break; /* stays in the backlog */
        frontend_grant(&f, 1 + i, 0);
        check_need(frontend_answer(&f, frontend_post_accept(&f, 0, 1 + i)).error == 0, "ACCEPT");
    }
    check_need(send(sockets[0], bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes, "a full ring");
    close(sockets[1]);
    struct rf_slot *full = frontend_slot(&f, 1);
    check_need(FRONTEND_WAIT(&f, atomic_load(&full->in_tail) == RF_PAGE && frontend_marks(&f, 2) == RF_MARK_IN_EOF),
               "a full ring and an end of file");
    check_need(FRONTEND_WAIT(&f, true), "awake");
    uint64_t turns = atomic_load(&f.region.header->backend_heartbeat);
    rf_fall_asleep(&f.region.header->frontend_asleep);
    frontend_sleep(&f, check_now() + 0.3);
    turns = atomic_load(&f.region.header->backend_heartbeat) - turns;
    check(turns < 10, "an INS with nothing to do sleeps", "%llu turns in 0.3 s", (unsigned long long)turns);
    close(sockets[0]);
    close(sockets[2]);
    for (uint32_t slot = 0; slot < 3; slot++) frontend_close(&f, slot, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    first_bytes_with_the_answer();
    inherits_nodelay();
    credits();
    listener_goes();
    listener_is_shut_down();
    idles();
    starves();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
