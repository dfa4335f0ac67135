/* The ways to receive: peeking, waiting for all, not waiting, time-outs, vectors, counting. */
#include "check.h"

static void *write_later(void *argument) {
    int fd = *(int *)argument;
    struct timespec moment = {.tv_nsec = 20000000};
    for (int i = 0; i < 4; i++) {
        nanosleep(&moment, NULL); /* only so that the reader finds parts of its bytes */
        need(write(fd, "abcd", 4) == 4);
    }
    return NULL;
}

static void flags(int client, int server) {
    char bytes[32];
    int count = -1;
    check(recv(server, bytes, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN, "MSG_DONTWAIT does not wait");
    need(write(client, "hello", 5) == 5);
    await_readable(server);
    check(ioctl(server, FIONREAD, &count) == 0 && count == 5, "FIONREAD counts the bytes: %d", count);
    check(recv(server, bytes, 3, MSG_PEEK) == 3 && recv(server, bytes, sizeof bytes, MSG_PEEK) == 5 &&
              memcmp(bytes, "hello", 5) == 0,
          "MSG_PEEK leaves the bytes");
    check(recv(server, bytes, 2, MSG_TRUNC) == 2 && recv(server, bytes, 3, 0) == 3 && memcmp(bytes, "llo", 3) == 0,
          "MSG_TRUNC throws bytes away");
    check(ioctl(server, FIONREAD, &count) == 0 && count == 0, "FIONREAD is 0 then");
    pthread_t writer;
    need(pthread_create(&writer, NULL, write_later, &client) == 0);
    check(recv(server, bytes, 16, MSG_WAITALL) == 16 && memcmp(bytes, "abcdabcdabcdabcd", 16) == 0,
          "MSG_WAITALL waits for all");
    pthread_join(writer, NULL);
    check(recv(server, bytes, 1, MSG_OOB) == -1 && errno == EINVAL, "there are no urgent bytes");
    check(read(server, bytes, 0) == 0, "reading nothing does not wait");
}

static void vectors(int client, int server) {
    char a[3], b[1], c[10];
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"two!", 4}}, in[3] = {{a, 3}, {b, 1}, {c, sizeof c}};
    check(writev(client, out, 3) == 7, "writev writes all parts");
    await_readable(server);
    check(readv(server, in, 3) == 7 && memcmp(a, "one", 3) == 0 && b[0] == 't' && memcmp(c, "wo!", 3) == 0,
          "readv fills the parts in turn");
    struct sockaddr_in name;
    struct msghdr m = {.msg_iov = out, .msg_iovlen = 3};
    check(sendmsg(client, &m, 0) == 7, "sendmsg sends all parts");
    await_readable(server);
    m = (struct msghdr){.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = in, .msg_iovlen = 3};
    check(recvmsg(server, &m, 0) == 7 && m.msg_namelen == 0 && m.msg_controllen == 0,
          "recvmsg receives them and names no sender");
    socklen_t length = sizeof name;
    check(sendto(client, "x", 1, 0, NULL, 0) == 1 && recvfrom(server, a, 1, 0, (void *)&name, &length) == 1 && length == 0,
          "recvfrom names none either");
    volatile int negative = -1; /* unseen by the compiler's checks */
    check(readv(server, in, negative) == -1 && errno == EINVAL, "a negative number of parts is invalid");
}

static void time_out(int server) {
    struct timeval given = {.tv_usec = 100000}, told = {0};
    socklen_t length = sizeof told;
    char byte;
    need(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &given, sizeof given) == 0);
    check(getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &told, &length) == 0 && told.tv_usec == 100000,
          "SO_RCVTIMEO is told back");
    double start = seconds();
    ssize_t n = recv(server, &byte, 1, 0);
    double took = seconds() - start;
    check(n == -1 && errno == EAGAIN && took > 0.09 && took < 5, "SO_RCVTIMEO ends recv after %.3f s", took);
}

static void accept_time_out(void) {
    int fd = listener(AF_INET);
    struct timeval given = {.tv_usec = 100000};
    need(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &given, sizeof given) == 0);
    check(accept(fd, NULL, NULL) == -1 && errno == EAGAIN, "SO_RCVTIMEO ends accept");
    close(fd);
}

static void send_time_out(void) {
    static char block[1 << 20];
    int ends[2];
    struct timeval given = {.tv_usec = 100000};
    connection(AF_INET, ends);
    need(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &given, sizeof given) == 0);
    ssize_t n = sizeof block;
    size_t told = 0, got = 0;
    for (int i = 0; i < 200 && n > 0; i++) {
        n = send(ends[0], block, sizeof block, 0);
        if (n > 0) told += (size_t)n;
    }
    check(n == -1 && errno == EAGAIN, "SO_SNDTIMEO ends a send to a peer that does not read");
    need(shutdown(ends[0], SHUT_WR) == 0);
    while ((n = recv(ends[1], block, sizeof block, 0)) > 0) got += (size_t)n;
    check(n == 0 && got == told && told > 0, "and what went until then is told: %zu bytes of %zu", told, got);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    int ends[2];
    connection(AF_INET, ends);
    flags(ends[0], ends[1]);
    vectors(ends[0], ends[1]);
    time_out(ends[1]);
    errno = 77;
    check(write(ends[0], "x", 1) == 1 && errno == 77, "success leaves errno alone");
    accept_time_out();
    send_time_out();
    finished();
}
