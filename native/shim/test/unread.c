/* What is sent to a peer that reads nothing. */
#include "check.h"

#define SHORT 38 /* as a line of a protocol */

/* One may be told of room that was taken a moment before; but not for so many seconds. */
#define FALSELY 3

/* Sends until no room was told of for so long. How many bytes went. */
static size_t send_until_full(int fd, size_t each, int milliseconds, bool *ends) {
    static char bytes[100000];
    size_t sent = 0;
    for (double end = seconds() + FALSELY; seconds() < end;) {
        ssize_t n;
        while ((n = send(fd, bytes, each, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0) {
            sent += (size_t)n;
            end = seconds() + FALSELY;
        }
        need(errno == EAGAIN);
        *ends = (polled(fd, POLLOUT, milliseconds) & POLLOUT) == 0;
        if (*ends) break;
    }
    return sent;
}

/* The most that a send buffer of Linux grows to. */
static size_t largest_buffer(void) {
    size_t least, first, most = 0;
    FILE *f = fopen("/proc/sys/net/ipv4/tcp_wmem", "r");
    if (f == NULL) return 0;
    if (fscanf(f, "%zu %zu %zu", &least, &first, &most) != 3) most = 0;
    fclose(f);
    return most;
}

static void takes_no_more_than_a_socket(void) {
    int ends[2];
    bool ends_well;
    size_t most = largest_buffer();
    connection(AF_INET, ends);
    size_t sent = send_until_full(ends[1], SHORT, 1000, &ends_well);
    printf("# %zu bytes\n", sent);
    /* and the receiver's: 128 KiB at first */
    check(ends_well, "a socket into which short messages were sent until it was full is not told writable time and again");
    check(most == 0 || sent <= most + 512 * 1024, "short messages to a peer that reads nothing end with the size of a send buffer");
    close(ends[0]);
    close(ends[1]);
}

/* Both buffers small; natively some 26 KiB. */
static void takes_what_its_buffers_say(void) {
    int ends[2], small = 8192;
    bool ends_well;
    int listening = listener(AF_INET);
    struct endpoint e = local_of(listening);
    need(setsockopt(listening, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(ends[0] >= 0 && setsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
    need(connect(ends[0], (void *)&e.address, e.length) == 0);
    ends[1] = accept(listening, NULL, NULL);
    need(ends[1] >= 0);
    size_t sent = send_until_full(ends[1], 1000, 500, &ends_well);
    printf("# %zu bytes\n", sent);
    check(sent <= 128 * 1024, "a socket whose SO_SNDBUF is small, by way of its listener, takes little");
    need(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    sent = send_until_full(ends[0], 1000, 500, &ends_well);
    printf("# %zu bytes\n", sent);
    check(sent <= 512 * 1024, "a socket whose SO_SNDBUF was set when it was connected takes little");
    close(ends[0]);
    close(ends[1]);
    close(listening);
}

static void is_not_told_writable_without_end(void) {
    bool all = true;
    for (int i = 0; i < 12; i++) {
        int ends[2];
        bool ends_well;
        connection(AF_INET, ends);
        send_until_full(ends[1], 65536 + (size_t)i * 1111, 200, &ends_well);
        all &= ends_well;
        close(ends[0]);
        close(ends[1]);
    }
    check(all, "a socket that is full is not told writable time and again");
}

int main(void) {
    takes_no_more_than_a_socket();
    takes_what_its_buffers_say();
    is_not_told_writable_without_end();
    finished();
}
