/* Socket options: those of the descriptor, of the socket and of the stack. */
#include "check.h"

static int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 && length == sizeof value ? value : -1;
}

int main(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;
    check((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "socket sets its flags");
    check(ioctl(fd, FIONBIO, &off) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0, "FIONBIO clears one");
    check(option(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM, "SO_TYPE is a stream");
    check(option(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET, "SO_DOMAIN is AF_INET");
    check(option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP, "SO_PROTOCOL is TCP");
    check(option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0, "SO_ACCEPTCONN is 0");
    check(option(fd, SOL_SOCKET, SO_ERROR) == 0, "SO_ERROR is 0");
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && option(fd, SOL_SOCKET, SO_REUSEADDR) == 1,
          "SO_REUSEADDR is kept");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 && option(fd, IPPROTO_TCP, TCP_NODELAY) != 0,
          "TCP_NODELAY is kept");
    check(setsockopt(fd, IPPROTO_TCP, 9999, &on, sizeof on) == -1 && errno == ENOPROTOOPT,
          "an unknown option fails with ENOPROTOOPT");
    char byte = 7;
    socklen_t length = 1;
    check(getsockopt(fd, SOL_SOCKET, SO_TYPE, &byte, &length) == 0 && length == 1 && byte == SOCK_STREAM,
          "a short buffer gets the first bytes");
    struct linger linger = {.l_onoff = 1, .l_linger = 5}, told = {0};
    length = sizeof told;
    check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 &&
              getsockopt(fd, SOL_SOCKET, SO_LINGER, &told, &length) == 0 && told.l_linger == 5,
          "SO_LINGER is kept");
    struct endpoint e = loopback(AF_INET, 0);
    need(bind(fd, (void *)&e.address, e.length) == 0 && listen(fd, 1) == 0);
    check(option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1, "SO_ACCEPTCONN is 1 when listening");
    int count;
    check(ioctl(fd, FIONREAD, &count) == -1 && errno == EINVAL, "a listener has no bytes to count");
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    check(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1,
          "IPV6_V6ONLY is kept");
    close(fd);
    finished();
}
