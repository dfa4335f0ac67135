/* Pointers that lead nowhere: EFAULT, not the end of the program. */
#include <sys/mman.h>

#include "check.h"

#define NOWHERE ((void *)-1)

/* Hides from the compiler what it would warn of. */
static void *volatile nowhere = NOWHERE, *volatile low = (void *)8;

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

/* Events that come through memory, into memory that is not there. */
static void events(uint32_t kind, const char *name) {
    int ends[3][2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct epoll_event e[4], *one = (void *)(pages + 4096 - sizeof *one);
    need(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
    for (int i = 0; i < 3; i++) {
        e[0] = (struct epoll_event){.events = EPOLLIN | kind, .data.u32 = (uint32_t)i};
        connection(AF_INET, ends[i]);
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[i][1], &e[0]) == 0);
    }
    check(epoll_wait(epoll, nowhere, 4, 0) == -1 && errno == EFAULT, "%s: events that have nowhere to go", name);
    check(epoll_wait(epoll, low, 4, 20) == 0, "%s: nothing is written where there is no event", name);
    for (int i = 0; i < 3; i++) {
        need(write(ends[i][0], "x", 1) == 1);
        for (int there = 0; there == 0; usleep(1000)) need(ioctl(ends[i][1], FIONREAD, &there) == 0);
    }
    check(epoll_wait(epoll, low, 4, 100) == -1 && errno == EFAULT, "%s: events are not written where there is no memory", name);
    check(epoll_wait(epoll, one, 4, 1000) == 1, "%s: one that fits is", name);
    int told = 1 << one->data.u32;
    for (int count; (count = epoll_wait(epoll, e, 4, 100)) > 0 && told != 7;)
        for (int i = 0; i < count; i++) told |= 1 << e[i].data.u32;
    check(told == 7, "%s: and none of the others is lost", name);
    for (int i = 0; i < 3; i++) close(ends[i][0]), close(ends[i][1]);
    close(epoll), munmap(pages, 8192);
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
    events(0, "level");
    events(EPOLLET, "edge");
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
