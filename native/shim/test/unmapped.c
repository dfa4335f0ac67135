/* Memory that is there but may not be touched, a page that ends in the middle of a buffer, and memory that may only be
 * read: EFAULT where Linux says so. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

static char *forbidden, *constant, *edge;

static void stream(void) {
    int pair[2];
    char bytes[16];
    connection(AF_INET, pair);
    struct iovec vector[2] = {{bytes, 3}, {forbidden, 3}};
    struct msghdr m = {.msg_iov = vector + 1, .msg_iovlen = 1};
    check(send(pair[0], forbidden, 10, 0) == -1 && errno == EFAULT && write(pair[0], forbidden, 10) == -1 &&
              errno == EFAULT && sendmsg(pair[0], &m, 0) == -1 && errno == EFAULT,
          "stream: nothing to send");
    check(writev(pair[0], vector, 2) == -1 && errno == EFAULT, "stream: nor in the second of two buffers");
    check(send(pair[0], edge - 10, 20, 0) == -1 && errno == EFAULT, "stream: nor behind the end of a page");
    check(send(pair[0], forbidden, 0, 0) == 0, "stream: no bytes are read from anywhere");
    check(send(pair[0], edge - 10, 10, 0) == 10, "stream: up to the end of a page");
    await_readable(pair[1]);
    check(recv(pair[1], forbidden, 10, 0) == -1 && errno == EFAULT && readv(pair[1], vector + 1, 1) == -1 && errno == EFAULT &&
              recvmsg(pair[1], &m, 0) == -1 && errno == EFAULT,
          "stream: nowhere to receive");
    check(recv(pair[1], constant, 10, 0) == -1 && errno == EFAULT, "stream: nor where nothing can be written");
    check(recv(pair[1], edge - 5, 10, 0) == -1 && errno == EFAULT, "stream: nor behind the end of a page");
    check(recv(pair[1], bytes, sizeof bytes, 0) == 10, "and the bytes are still there");
    check(recv(pair[1], forbidden, 10, MSG_DONTWAIT) == -1 && errno == EAGAIN, "stream: without bytes nothing is copied");
    shutdown(pair[0], SHUT_WR);
    check(send(pair[0], forbidden, 10, MSG_NOSIGNAL) == -1 && errno == EPIPE, "stream: that it cannot send comes first");
    check(ioctl(pair[0], FIONREAD, forbidden) == -1 && errno == EFAULT, "FIONREAD's number");
    check(sendfile(pair[1], 0, (off_t *)forbidden, 10) == -1 && errno == EFAULT, "sendfile's position");
}

static void datagrams(void) {
    int pair[2];
    char bytes[16];
    datagram_pair(AF_INET, pair);
    check(send(pair[0], forbidden, 10, 0) == -1 && errno == EFAULT, "datagrams: nothing to send");
    check(sendto(pair[0], "x", 1, 0, (void *)forbidden, sizeof(struct sockaddr_in)) == -1 && errno == EFAULT,
          "datagrams: no name");
    need(send(pair[0], "hello", 5, 0) == 5);
    await_readable(pair[1]);
    check(recv(pair[1], forbidden, 10, 0) == -1 && errno == EFAULT, "datagrams: nowhere to receive");
    check(recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT) == -1 && errno == EAGAIN, "and the datagram is lost");
}

static void others(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), pair[2];
    connection(AF_INET, pair);
    socklen_t length = sizeof(struct sockaddr_in);
    struct sockaddr_in name;
    check(getsockname(fd, (void *)forbidden, &length) == -1 && errno == EFAULT &&
              getsockname(fd, (void *)&name, (void *)forbidden) == -1 && errno == EFAULT &&
              getsockname(fd, (void *)constant, &length) == -1 && errno == EFAULT,
          "getsockname's name and length");
    check(getpeername(pair[0], (void *)forbidden, &length) == -1 && errno == EFAULT, "getpeername's name");
    check(getpeername(fd, (void *)forbidden, &length) == -1 && errno == ENOTCONN, "that there is no peer comes first");
    check(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, forbidden, 4) == -1 && errno == EFAULT, "setsockopt's value");
    length = 4;
    check(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, forbidden, &length) == -1 && errno == EFAULT &&
              getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &name, (void *)forbidden) == -1 && errno == EFAULT,
          "getsockopt's value and length");
    check(bind(fd, (void *)(edge - 8), sizeof name) == -1 && errno == EFAULT &&
              connect(fd, (void *)(edge - 8), sizeof name) == -1 && errno == EFAULT,
          "a name that ends behind the end of a page");
}

/* A descriptor's message that says it is longer than it is. */
static void rights(void) {
    int ends[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct cmsghdr *c = (void *)(edge - CMSG_SPACE(sizeof(int)));
    struct iovec one = {"r", 1};
    struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = c, .msg_controllen = CMSG_SPACE(sizeof(int))};
    static const size_t lengths[] = {1 << 20, SIZE_MAX, SIZE_MAX - 8, 3, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        *c = (struct cmsghdr){.cmsg_len = lengths[i], .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        check(sendmsg(ends[0], &m, 0) == -1 && errno == EINVAL, "a message about descriptors of %zd bytes is invalid", (ssize_t)lengths[i]);
    }
    close(ends[0]), close(ends[1]);
}

static void actions(void) {
    char old[32];
    check(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8) == -1 && errno == EFAULT &&
              syscall(SYS_rt_sigaction, SIGUSR1, forbidden, old, 8) == -1 && errno == EFAULT &&
              syscall(SYS_rt_sigaction, SIGUSR1, edge - 8, NULL, 8) == -1 && errno == EFAULT,
          "the action of a signal, by number");
}

int main(void) {
    forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(forbidden != MAP_FAILED && constant != MAP_FAILED && edge != MAP_FAILED);
    edge += 4096;
    need(mprotect(edge, 4096, PROT_NONE) == 0);
    stream();
    datagrams();
    others();
    rights();
    actions();
    finished();
}
