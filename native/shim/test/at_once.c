/* Programs that do not wait count on it that a socket with nothing under way takes a few pages in one call. */
#include "check.h"

#define LENGTH 40000

static char bytes[LENGTH];

/* True if one of some attempts succeeds: on a busy machine others may not. */
static bool sends(ssize_t (*call)(int)) {
    for (int attempt = 0; attempt < 8; attempt++) {
        int pair[2];
        connection(AF_INET, pair);
        set_nonblocking(pair[0]);
        ssize_t sent = call(pair[0]);
        bool arrives = sent > 0 && read_all(pair[1], bytes, (size_t)sent);
        close(pair[0]);
        close(pair[1]);
        if (!arrives) return false;
        if (sent == LENGTH) return true;
    }
    return false;
}

static ssize_t by_send(int fd) { return send(fd, bytes, LENGTH, 0); }
static ssize_t by_message(int fd) {
    struct iovec vector[2] = {{bytes, LENGTH / 2}, {bytes + LENGTH / 2, LENGTH / 2}};
    return sendmsg(fd, &(struct msghdr){.msg_iov = vector, .msg_iovlen = 2}, MSG_DONTWAIT);
}

/* Bytes that say that more is to follow wait for it, or, if nothing follows, a moment. */
static void more_follows(void) {
    int ends[2], early = 0, pieces = 0;
    char bytes[32];
    connection(AF_INET, ends);
    for (int i = 0; i < 200; i++) {
        need(send(ends[0], "all at once     ", 16, 0) == 16 && recv(ends[1], bytes, sizeof bytes, 0) == 16);
        need(send(ends[0], "this and more   ", 16, MSG_MORE) == 16);
        early += recv(ends[1], bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK) >= 0;
        need(send(ends[0], ".", 1, 0) == 1);
        await_readable(ends[1]);
        pieces += recv(ends[1], bytes, sizeof bytes, MSG_PEEK) != 17;
        need(read_all(ends[1], bytes, 17));
    }
    check(on_netbsd() || early + pieces < 20, "bytes that others follow come together with them: %d and %d not, of 200", early, pieces);
    need(send(ends[0], "nothing follows", 15, MSG_MORE) == 15);
    check(read_all(ends[1], bytes, 15), "and come alone when none do");
    need(send(ends[0], "the end", 7, MSG_MORE) == 7 && shutdown(ends[0], SHUT_WR) == 0);
    check(read_all(ends[1], bytes, 7) && recv(ends[1], bytes, 1, 0) == 0, "before the end, too");
    close(ends[0]), close(ends[1]);
}

int main(void) {
    check(sends(by_send), "send() takes %d bytes at once", LENGTH);
    check(sends(by_message), "so does sendmsg()");
    more_follows();
    finished();
}
