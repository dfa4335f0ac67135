/* Urgent bytes that a peer sends: all stay in the stream, however many come, and the last is told with its place. */
#include <netinet/tcp.h>
#include <string.h>

#include "frontend.h"

static struct frontend f;

#define ALL 60000

/* Every byte urgent, each in a segment of its own. */
static void *send_all(void *socket) {
    int s = *(int *)socket;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    for (long i = 0; i < check_rounds(ALL); i++) {
        uint8_t byte = (uint8_t)i;
        if (send(s, &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1) break;
    }
    shutdown(s, SHUT_WR);
    return NULL;
}

static int connected(uint32_t order) {
    uint16_t port;
    int listener = plain_listen(AF_INET, &port);
    frontend_connect(&f, 1, order, AF_INET, port);
    int s = accept(listener, NULL, NULL);
    check_need(s >= 0, "accept");
    close(listener);
    return s;
}

/* The byte in the word, or -1: not at this position. */
static int told_at(uint64_t position) {
    uint64_t word = atomic_load(&frontend_slot(&f, 1)->in_urgent);
    return word != 0 && rf_urgent_position(word) == position ? (int)(word & 0xff) : -1;
}

static void none_is_lost(uint32_t order, const char *sentence) {
    static uint8_t bytes[65536];
    int s = connected(order);
    pthread_t peer = plain_thread(send_all, &s);
    long total = 0, gaps = 0;
    size_t got;
    uint8_t next = 0;
    for (long turn = 0; (got = frontend_receive(&f, 1, bytes, 1)) > 0; turn++) {
        /* What the program asks for is the shim's to do. */
        if (turn % 16 == 0) frontend_call(&f, RF_OP_SETSOCKOPT, 1, SOL_SOCKET, SO_OOBINLINE, 0, &(int){0}, sizeof(int));
        for (size_t i = 0; i < got; i++, total++, next++) {
            gaps += bytes[i] != next;
            next = bytes[i];
        }
    }
    pthread_join(peer, NULL);
    check(total == check_rounds(ALL) && gaps == 0, sentence, "%ld bytes, %ld gaps", total, gaps);
    check(told_at((uint64_t)total - 1) == (uint8_t)(total - 1), "the last of them is told, with its place", "word %#llx",
          (unsigned long long)atomic_load(&frontend_slot(&f, 1)->in_urgent));
    close(s);
    frontend_close(&f, 1, false);
}

static void behind_others(void) {
    char got[16] = "";
    int s = connected(0);
    check_need(send(s, "before", 6, 0) == 6 && send(s, "!", 1, MSG_OOB) == 1 && send(s, "behind", 6, 0) == 6, "bytes");
    bool told = FRONTEND_WAIT(&f, told_at(6) == '!');
    check(told && frontend_receive(&f, 1, got, 13) == 13 && memcmp(got, "before!behind", 13) == 0,
          "an urgent byte is told with its place, and stays there", "'%s'", got);
    close(s);
    frontend_close(&f, 1, false);
}

/* The one in front of which reading has come to stand stays, too. */
static void overtaken(void) {
    static char filler[RF_PAGE], got[RF_PAGE + 16];
    int s = connected(0);
    struct rf_slot *slot = frontend_slot(&f, 1);
    check_need(send(s, filler, sizeof filler, 0) == sizeof filler && FRONTEND_WAIT(&f, atomic_load(&slot->in_tail) == RF_PAGE), "a full ring");
    check_need(send(s, "1", 1, MSG_OOB) == 1 && send(s, "2", 1, MSG_OOB) == 1 && send(s, "3", 1, 0) == 1, "urgent bytes");
    usleep(20000); /* they may be here, and need not */
    size_t length = frontend_receive(&f, 1, got, RF_PAGE + 3);
    check(length == RF_PAGE + 3 && memcmp(got + RF_PAGE, "123", 3) == 0, "one that another overtakes is a byte as any other", "%zu bytes", length);
    check(told_at(RF_PAGE + 1) == '2', "and the other is told, behind a ring that was full", "word %#llx",
          (unsigned long long)atomic_load(&slot->in_urgent));
    close(s);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    behind_others();
    overtaken();
    none_is_lost(4, "60,000 urgent bytes, one by one, all come");
    none_is_lost(0, "and through a small ring");
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
