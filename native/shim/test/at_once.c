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

int main(void) {
    check(sends(by_send), "send() takes %d bytes at once", LENGTH);
    check(sends(by_message), "so does sendmsg()");
    finished();
}
