/* Pointers that lead nowhere: EFAULT, not the end of the program. */
#include <sys/mman.h>

#include "check.h"

#define NOWHERE ((void *)-1)

/* Hides from the compiler what it would warn of. */
static void *volatile nowhere = NOWHERE;

static void transfers(int from, int to, const char *name) {
    char bytes[8];
    struct iovec vector = {nowhere, 8};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1};
    check(send(from, nowhere, 8, 0) == -1 && errno == EFAULT && write(from, nowhere, 8) == -1 && errno == EFAULT,
          "%s: nothing to send", name);
    check(sendmsg(from, &m, 0) == -1 && errno == EFAULT && sendmsg(from, nowhere, 0) == -1 && errno == EFAULT,
          "%s: nor in a message", name);
    need(send(from, "hello", 5, 0) == 5);
    await_readable(to);
    check(recv(to, nowhere, 8, 0) == -1 && errno == EFAULT, "%s: nowhere to receive", name);
    check(readv(to, &vector, 1) == -1 && errno == EFAULT && recvmsg(to, nowhere, 0) == -1 && errno == EFAULT,
          "%s: nor with vectors", name);
    /* What natively is lost with the attempt, or not, depends on the protocol. */
    while (recv(to, bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
}

int main(void) {
    int tcp[2], udp[2], fd = socket(AF_INET, SOCK_DGRAM, 0);
    connection(AF_INET, tcp);
    datagram_pair(AF_INET, udp);
    void *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    socklen_t length = sizeof(struct sockaddr_in);
    struct sockaddr_in name = {.sin_family = AF_INET};
    need(forbidden != MAP_FAILED);
    transfers(tcp[0], tcp[1], "stream");
    transfers(udp[0], udp[1], "datagrams");
    check(sendto(fd, "x", 1, 0, nowhere, sizeof name) == -1 && errno == EFAULT, "a datagram's name");
    check(bind(fd, nowhere, sizeof name) == -1 && errno == EFAULT && bind(fd, forbidden, sizeof name) == -1 && errno == EFAULT,
          "bind's name");
    check(connect(fd, nowhere, sizeof name) == -1 && errno == EFAULT && connect(fd, forbidden, sizeof name) == -1 &&
              errno == EFAULT,
          "connect's name");
    check(getsockname(tcp[0], nowhere, &length) == -1 && errno == EFAULT &&
              getsockname(tcp[0], (void *)&name, (socklen_t *)nowhere) == -1 && errno == EFAULT,
          "getsockname's name and length");
    check(getpeername(tcp[0], nowhere, &length) == -1 && errno == EFAULT, "getpeername's name");
    check(setsockopt(tcp[0], SOL_SOCKET, SO_KEEPALIVE, nowhere, 4) == -1 && errno == EFAULT, "setsockopt's value");
    length = 4;
    check(getsockopt(tcp[0], SOL_SOCKET, SO_TYPE, nowhere, &length) == -1 && errno == EFAULT &&
              getsockopt(tcp[0], SOL_SOCKET, SO_TYPE, &name, (socklen_t *)nowhere) == -1 && errno == EFAULT,
          "getsockopt's value and length");
    check(sendmmsg(udp[0], forbidden, 1, 0) == -1 && errno == EFAULT &&
              recvmmsg(udp[1], forbidden, 1, MSG_DONTWAIT, NULL) == -1 && errno == EFAULT,
          "the messages of sendmmsg and recvmmsg");
    finished();
}
