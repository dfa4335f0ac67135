/* The less common ways to move data: many messages in a call, places that are none, text, pipes. */
#include <linux/sockios.h>

#include "check.h"

enum { COUNT = 12 };
static char bytes[COUNT][32];
static struct iovec vectors[COUNT];
static struct mmsghdr messages[COUNT];
static struct sockaddr_in names[COUNT];

static void prepare(void) {
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < COUNT; i++) {
        vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
        messages[i].msg_hdr = (struct msghdr){
            .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_name = &names[i], .msg_namelen = sizeof names[i]};
    }
}

/* Sends messages of 1, 2, 3... bytes. */
static int send_all(int fd) {
    prepare();
    for (int i = 0; i < COUNT; i++) {
        memset(bytes[i], 'a' + i, sizeof bytes[i]);
        vectors[i].iov_len = (size_t)i + 1;
        messages[i].msg_hdr.msg_name = NULL, messages[i].msg_hdr.msg_namelen = 0;
    }
    return sendmmsg(fd, messages, COUNT, 0);
}

static void datagrams(void) {
    int ends[2], right = 0;
    datagram_pair(AF_INET, ends);
    struct endpoint from = local_of(ends[0]);
    check(send_all(ends[0]) == COUNT && messages[COUNT - 1].msg_len == COUNT, "sendmmsg sends all");
    for (int got = 0; got < COUNT;) {
        prepare();
        int n = recvmmsg(ends[1], messages, COUNT, MSG_WAITFORONE, NULL);
        need(n > 0);
        for (int i = 0; i < n; i++, got++)
            right += messages[i].msg_len == (unsigned)got + 1 && bytes[i][0] == 'a' + got &&
                     names[i].sin_port == htons((uint16_t)port_of(&from)) && messages[i].msg_hdr.msg_namelen == sizeof names[i];
    }
    check(right == COUNT, "recvmmsg receives them with their lengths and names: %d", right);
    check(recvmmsg(ends[1], messages, COUNT, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN, "MSG_DONTWAIT does not wait");
    struct timespec timeout = {.tv_nsec = 1};
    need(send_all(ends[0]) == COUNT);
    prepare();
    int n = recvmmsg(ends[1], messages, COUNT, 0, &timeout);
    check(n == 1 && timeout.tv_sec == 0 && timeout.tv_nsec == 0, "the time-out is looked at after each message: %d", n);
    for (; n < COUNT; n++) need(recv(ends[1], bytes[0], 32, 0) > 0);
    timeout.tv_nsec = 1000000000;
    check(recvmmsg(ends[1], messages, COUNT, 0, &timeout) == -1 && errno == EINVAL, "an impossible time-out is EINVAL");
    prepare();
    for (int i = 0; i < COUNT; i++) messages[i].msg_hdr.msg_name = NULL, messages[i].msg_hdr.msg_namelen = 0;
    messages[1].msg_hdr.msg_name = &names[0], messages[1].msg_hdr.msg_namelen = 3;
    check(sendmmsg(ends[0], messages, 2, 0) == 1, "sendmmsg stops where it fails, and tells how far it came");
    messages[0] = messages[1];
    check(sendmmsg(ends[0], messages, 1, 0) == -1 && errno == EINVAL, "then why");
    close(ends[0]), close(ends[1]);
}

static void streams(void) {
    int ends[2];
    char text[200];
    connection(AF_INET, ends);
    check(send_all(ends[0]) == COUNT && read_all(ends[1], text, COUNT * (COUNT + 1) / 2) && text[0] == 'a' &&
              text[COUNT * (COUNT + 1) / 2 - 1] == 'a' + COUNT - 1,
          "sendmmsg on a stream makes one piece of all");
    need(send(ends[0], "abc", 3, 0) == 3);
    await_readable(ends[1]);
    prepare();
    check(recvmmsg(ends[1], messages, COUNT, MSG_WAITFORONE, NULL) == 1 && messages[0].msg_len == 3, "recvmmsg takes what is there");
    close(ends[0]), close(ends[1]);
}

static void places(void) {
    int ends[2];
    char text[16];
    struct iovec out = {"place", 5}, in = {text, sizeof text};
    connection(AF_INET, ends);
    check(pwritev2(ends[0], &out, 1, -1, 0) == 5, "pwritev2 without a place writes");
    await_readable(ends[1]);
    check(preadv2(ends[1], &in, 1, -1, 0) == 5 && memcmp(text, "place", 5) == 0, "preadv2 without a place reads");
    check(preadv2(ends[1], &in, 1, 0, 0) == -1 && errno == ESPIPE && pwritev2(ends[0], &out, 1, 0, 0) == -1 && errno == ESPIPE,
          "there is no place in a socket");
    check(preadv(ends[1], &in, 1, 0) == -1 && errno == ESPIPE && pwrite(ends[0], "x", 1, 0) == -1 && errno == ESPIPE,
          "not for preadv and pwrite either");
    check(preadv2(ends[1], &in, 1, -1, RWF_NOWAIT) == -1 && errno == EAGAIN, "RWF_NOWAIT does not wait");
    close(ends[0]), close(ends[1]);
}

static void text(void) {
    int ends[2], udp[2];
    char line[64];
    connection(AF_INET6, ends);
    datagram_pair(AF_INET, udp);
    check(dprintf(ends[0], "%s %d\n", "number", 42) == 10 && read_all(ends[1], line, 10) && memcmp(line, "number 42\n", 10) == 0,
          "dprintf writes to a stream");
    check(dprintf(udp[0], "%d", 1234) == 4 && recv(udp[1], line, sizeof line, 0) == 4 && memcmp(line, "1234", 4) == 0,
          "and a datagram");
    int ordinary[2];
    need(pipe(ordinary) == 0);
    check(dprintf(ordinary[1], "%c", 'x') == 1 && read(ordinary[0], line, 2) == 1, "and to a pipe");
    for (int i = 0; i < 2; i++) close(ends[i]), close(udp[i]), close(ordinary[i]);
}

static void *feed(void *argument) {
    int fd = *(int *)argument;
    static char block[200000];
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)pattern(i);
    for (size_t sent = 0; sent < sizeof block;) {
        ssize_t n = write(fd, block + sent, sizeof block - sent);
        need(n > 0);
        sent += (size_t)n;
    }
    need(shutdown(fd, SHUT_WR) == 0);
    return NULL;
}

/* A proxy as haproxy is one: what comes from one connection goes through a pipe to another. */
static void pipes(void) {
    int left[2], right[2], ordinary[2];
    static char got[200000];
    size_t total = 0, equal = 0;
    pthread_t feeder;
    connection(AF_INET, left);
    connection(AF_INET, right);
    need(pipe(ordinary) == 0);
    need(pthread_create(&feeder, NULL, feed, &left[0]) == 0);
    set_nonblocking(right[1]);
    for (;;) {
        ssize_t n = splice(left[1], NULL, ordinary[1], NULL, 65536, SPLICE_F_MOVE);
        need(n >= 0);
        if (n == 0) break;
        for (ssize_t sent = 0; sent < n;) {
            ssize_t m = splice(ordinary[0], NULL, right[0], NULL, (size_t)(n - sent), SPLICE_F_MOVE);
            need(m > 0);
            sent += m;
        }
        while ((n = read(right[1], got + total, sizeof got - total)) > 0) total += (size_t)n;
    }
    need(shutdown(right[0], SHUT_WR) == 0);
    while (total < sizeof got && polled(right[1], POLLIN, 5000) != 0) {
        ssize_t n = read(right[1], got + total, sizeof got - total);
        if (n <= 0) break;
        total += (size_t)n;
    }
    for (size_t i = 0; i < total; i++) equal += (uint8_t)got[i] == pattern(i);
    check(total == sizeof got && equal == total, "splice moves a connection's bytes through a pipe: %zu of %zu", equal, sizeof got);
    check(splice(right[1], NULL, left[0], NULL, 10, 0) == -1 && errno == EINVAL, "one of the two has to be a pipe");
    loff_t place = 0;
    check(splice(left[1], &place, ordinary[1], NULL, 10, 0) == -1 && errno == EINVAL &&
              splice(ordinary[0], &place, left[1], NULL, 10, 0) == -1 && errno == ESPIPE,
          "there is no place in a socket, and none in a pipe");
    set_nonblocking(left[0]);
    pthread_join(feeder, NULL);
    for (int i = 0; i < 2; i++) close(left[i]), close(right[i]), close(ordinary[i]);
}

static void *write_later(void *argument) {
    struct timespec moment = {.tv_nsec = 20000000};
    for (int i = 0; i < 4; i++) {
        nanosleep(&moment, NULL); /* only so that the reader finds parts of its bytes */
        need(write(*(int *)argument, "abcd", 4) == 4);
    }
    return NULL;
}

static void peeking(void) {
    int ends[2];
    char text[16];
    pthread_t writer;
    connection(AF_INET, ends);
    need(pthread_create(&writer, NULL, write_later, &ends[0]) == 0);
    check(recv(ends[1], text, 16, MSG_PEEK | MSG_WAITALL) == 16 && memcmp(text, "abcdabcdabcdabcd", 16) == 0,
          "MSG_PEEK with MSG_WAITALL waits for all");
    check(recv(ends[1], text, 16, 0) == 16, "and leaves it");
    pthread_join(writer, NULL);
    check(send(ends[0], "x", 1, MSG_MORE) == 1 && send(ends[0], "y", 1, 0) == 1 && read_all(ends[1], text, 2), "MSG_MORE is accepted");
    check(fcntl(ends[0], F_SETOWN, getpid()) == 0 && fcntl(ends[0], F_GETOWN) == getpid(), "F_SETOWN is remembered");
    int count = -1;
    check(ioctl(ends[0], SIOCATMARK, &count) == 0 && count == 0, "SIOCATMARK: there is no mark");
    close(ends[0]), close(ends[1]);
}

/* What a non-blocking connect() tells when it is called again. */
static void again(void) {
    int listening = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct endpoint to = local_of(listening);
    need(connect(fd, (void *)&to.address, to.length) == -1 && errno == EINPROGRESS);
    need(polled(fd, POLLOUT, 10000) == POLLOUT);
    check(connect(fd, (void *)&to.address, to.length) == 0, "connect after a success that came later tells it");
    check(connect(fd, (void *)&to.address, to.length) == -1 && errno == EISCONN, "and then EISCONN");
    close(fd), close(listening);
}

int main(void) {
    datagrams();
    streams();
    places();
    text();
    pipes();
    peeking();
    again();
    finished();
}
