/* Many bytes, by every way of sending, arrive whole and in order. */
#include "check.h"

#include <sys/stat.h>

#define BYTES (UINT64_C(24) << 20)

struct reader {
    int fd;
    uint64_t got;
    bool right;
};

static void *read_pattern(void *argument) {
    struct reader *r = argument;
    static uint8_t buffer[100000];
    ssize_t n;
    r->right = true;
    while ((n = read(r->fd, buffer, 1 + r->got % sizeof buffer)) > 0)
        for (ssize_t i = 0; i < n; i++) r->right &= buffer[i] == pattern(r->got++);
    r->right &= n == 0;
    return NULL;
}

static uint8_t bytes[300000];
static void make(uint64_t from, size_t length) {
    for (size_t i = 0; i < length; i++) bytes[i] = pattern(from + i);
}

static void by_write(int fd) {
    for (uint64_t sent = 0; sent < BYTES;) {
        size_t n = 1 + sent % sizeof bytes;
        if (n > BYTES - sent) n = BYTES - sent;
        make(sent, n);
        need(write(fd, bytes, n) == (ssize_t)n);
        sent += n;
    }
}

static void by_writev(int fd) {
    for (uint64_t sent = 0; sent < BYTES;) {
        size_t n = BYTES - sent < sizeof bytes ? BYTES - sent : sizeof bytes;
        make(sent, n);
        struct iovec parts[3] = {{bytes, n / 3}, {bytes + n / 3, n / 2}, {bytes + n / 3 + n / 2, n - n / 3 - n / 2}};
        need(writev(fd, parts, 3) == (ssize_t)n);
        sent += n;
    }
}

static void by_nonblocking_write(int fd) {
    set_nonblocking(fd);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLOUT | EPOLLET};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    for (uint64_t sent = 0; sent < BYTES;) {
        size_t n = BYTES - sent < sizeof bytes ? BYTES - sent : sizeof bytes;
        make(sent, n);
        ssize_t done = send(fd, bytes, n, 0);
        need(done > 0 || (done < 0 && errno == EAGAIN));
        if (done > 0) sent += (uint64_t)done;
        /* As nginx does: a partial write is followed by waiting for an edge. */
        if (done < (ssize_t)n) need(epoll_wait(epoll, &e, 1, 10000) == 1);
    }
    close(epoll);
}

static int pattern_file(void) {
    FILE *f = tmpfile();
    need(f != NULL);
    for (uint64_t at = 0; at < BYTES; at += sizeof bytes) {
        size_t n = BYTES - at < sizeof bytes ? BYTES - at : sizeof bytes;
        make(at, n);
        need(fwrite(bytes, 1, n, f) == n);
    }
    int fd = dup(fileno(f));
    fclose(f);
    need(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void by_sendfile(int fd) {
    int file = pattern_file();
    off_t at = 0;
    while (at < (off_t)BYTES / 2) need(sendfile(fd, file, &at, BYTES / 2 - (size_t)at) > 0);
    check(at == (off_t)BYTES / 2 && lseek(file, 0, SEEK_CUR) == 0, "sendfile moves the given offset only");
    need(lseek(file, at, SEEK_SET) == at);
    ssize_t n = sendfile(fd, file, NULL, BYTES);
    check(n == (ssize_t)(BYTES - BYTES / 2) && lseek(file, 0, SEEK_CUR) == (off_t)BYTES,
          "sendfile without an offset moves the file's own, and stops at its end: %zd", n);
    check(sendfile(fd, file, NULL, 10) == 0, "sendfile at the end of the file sends nothing");
    close(file);
}

static void transfer(const char *name, void (*send_by)(int), bool backwards) {
    int ends[2];
    pthread_t thread;
    connection(AF_INET, ends);
    struct reader reader = {.fd = ends[backwards ? 0 : 1]};
    need(pthread_create(&thread, NULL, read_pattern, &reader) == 0);
    send_by(ends[backwards ? 1 : 0]);
    need(shutdown(ends[backwards ? 1 : 0], SHUT_WR) == 0);
    pthread_join(thread, NULL);
    check(reader.right && reader.got == BYTES, "%llu bytes by %s arrive whole: %llu", (unsigned long long)BYTES, name,
          (unsigned long long)reader.got);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    transfer("write", by_write, false);
    transfer("writev", by_writev, true);
    transfer("non-blocking send and edges", by_nonblocking_write, false);
    transfer("sendfile", by_sendfile, true);
    finished();
}
