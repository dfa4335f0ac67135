/* Connecting: refused, without blocking, twice; and what cannot be done before. */
#include "check.h"

/* A loopback address on which nobody listens. */
static struct endpoint nobody(int family) {
    int fd = listener(family);
    struct endpoint e = local_of(fd);
    close(fd);
    return e;
}

static void refused(int family) {
    struct endpoint e = nobody(family);
    int fd = socket(family, SOCK_STREAM, 0);
    check(connect(fd, (void *)&e.address, e.length) == -1 && errno == ECONNREFUSED,
          "a refused connect fails with ECONNREFUSED");
    close(fd);
    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect(fd, (void *)&e.address, e.length);
    check(result == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED),
          "a non-blocking connect that will be refused does not wait");
    if (errno == EINPROGRESS) {
        int error = 0;
        socklen_t length = sizeof error;
        short events = polled(fd, POLLOUT, 10000);
        check((events & (POLLOUT | POLLHUP)) != 0, "poll ends when the refusal comes: %x", events);
        check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNREFUSED,
              "SO_ERROR tells the refusal: %d", error);
        check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "SO_ERROR tells it once");
    }
    close(fd);
}

static void without_blocking(void) {
    int listening = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    struct endpoint e = local_of(listening);
    socklen_t length = sizeof error;
    int result = connect(fd, (void *)&e.address, e.length);
    check(result == 0 || errno == EINPROGRESS, "a non-blocking connect is in progress");
    struct endpoint own = local_of(fd);
    check(port_of(&own) != 0, "the socket has its own port from then on");
    check((polled(fd, POLLOUT, 10000) & POLLOUT) != 0, "poll says writable when it has connected");
    check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "SO_ERROR is 0 then");
    int server = accept(listening, NULL, NULL);
    char byte = 0;
    check(write(fd, "x", 1) == 1 && read(server, &byte, 1) == 1 && byte == 'x', "and bytes go through");
    connect(fd, (void *)&e.address, e.length); /* Linux answers 0 once */
    check(connect(fd, (void *)&e.address, e.length) == -1 && errno == EISCONN, "a connected socket connects no more");
    check((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "the socket stays non-blocking");
    close(fd), close(server), close(listening);
}

static void too_early(void) {
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check(recv(fd, &byte, 1, 0) == -1 && errno == ENOTCONN, "receiving before connecting fails with ENOTCONN");
    check(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "sending before connecting fails with EPIPE");
    check(shutdown(fd, SHUT_WR) == -1 && errno == ENOTCONN, "shutdown before connecting fails with ENOTCONN");
    check(shutdown(fd, 7) == -1 && errno == EINVAL, "shutdown of an unknown direction is invalid");
    check(accept(fd, NULL, NULL) == -1 && errno == EINVAL, "accept before listen is invalid");
    struct endpoint e = loopback(AF_INET, 1);
    check(connect(fd, (void *)&e.address, 1) == -1 && errno == EINVAL, "connect with a short address is invalid");
    close(fd);
}

int main(void) {
    refused(AF_INET);
    refused(AF_INET6);
    without_blocking();
    too_early();
    finished();
}
