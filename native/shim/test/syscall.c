/* libc's syscall(): sockets by number, and everything else as the kernel does it. */
#include "check.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void a_connection(void) {
    struct endpoint e = loopback(AF_INET, 0), name = {.length = sizeof name.address};
    int value = 0, listening = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof value;
    char bytes[16] = "";
    need(listening >= 0);
    check(syscall(SYS_bind, listening, &e.address, e.length) == 0 && syscall(SYS_listen, listening, 5) == 0 &&
              syscall(SYS_getsockname, listening, &name.address, &name.length) == 0 && port_of(&name) != 0,
          "socket, bind, listen and getsockname by number");
    check(syscall(SYS_getsockopt, listening, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1,
          "getsockopt by number");
    int client = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    check(syscall(SYS_connect, client, &name.address, name.length) == 0, "connect by number");
    struct endpoint peer = {.length = sizeof peer.address};
    int server = (int)syscall(SYS_accept4, listening, &peer.address, &peer.length, SOCK_NONBLOCK);
    struct endpoint own = local_of(client);
    check(server >= 0 && (fcntl(server, F_GETFL) & O_NONBLOCK) != 0 && port_of(&peer) == port_of(&own),
          "accept4 by number, with its flag and the peer's name");
    check(syscall(SYS_recvfrom, server, bytes, sizeof bytes, 0, NULL, NULL) == -1 && errno == EAGAIN,
          "an error of a call by number is in errno");
    struct iovec two[2] = {{"ab", 2}, {"cd", 2}};
    check(syscall(SYS_write, client, "x", 1) == 1 && syscall(SYS_writev, client, two, 2) == 4 &&
              syscall(SYS_sendto, client, "yz", 2, MSG_NOSIGNAL, NULL, 0) == 2,
          "write, writev and sendto by number");
    await_readable(server);
    struct pollfd p = {.fd = server, .events = POLLIN};
    check(syscall(SYS_ppoll, &p, 1, NULL, NULL, 8) == 1 && p.revents == POLLIN, "ppoll by number");
    value = 0;
    check(syscall(SYS_ioctl, server, FIONREAD, &value) == 0 && value > 0, "ioctl by number");
    need(fcntl(server, F_SETFL, 0) == 0);
    check(syscall(SYS_recvfrom, server, bytes, 7, MSG_WAITALL, NULL, NULL) == 7 && memcmp(bytes, "xabcdyz", 7) == 0,
          "recvfrom by number");
    struct msghdr m = {.msg_iov = two, .msg_iovlen = 2};
    check(syscall(SYS_sendmsg, server, &m, 0) == 4 && syscall(SYS_read, client, bytes, 2) == 2 && bytes[1] == 'b',
          "sendmsg and read by number");
    struct iovec rest = {bytes, sizeof bytes};
    m = (struct msghdr){.msg_iov = &rest, .msg_iovlen = 1};
    check(syscall(SYS_recvmsg, client, &m, 0) == 2 && bytes[0] == 'c', "recvmsg by number");
    struct mmsghdr many[2] = {{.msg_hdr = {.msg_iov = &two[0], .msg_iovlen = 1}},
                              {.msg_hdr = {.msg_iov = &two[1], .msg_iovlen = 1}}};
    check(syscall(SYS_sendmmsg, server, many, 2, 0) == 2 && many[1].msg_len == 2, "sendmmsg by number");
    many[0].msg_hdr = (struct msghdr){.msg_iov = &rest, .msg_iovlen = 1};
    rest.iov_len = 1;
    check(syscall(SYS_recvmmsg, client, many, 1, 0, NULL) == 1 && many[0].msg_len == 1 && bytes[0] == 'a',
          "recvmmsg by number");
    rest.iov_len = 3;
    check(recv(client, bytes + 8, 3, MSG_PEEK | MSG_WAITALL) == 3 &&
              syscall(SYS_preadv2, client, &rest, 1, -1L, -1L, 0) == 3 && memcmp(bytes, "bcd", 3) == 0,
          "preadv2 by number");
    check(syscall(SYS_pwritev2, client, two, 2, -1L, -1L, 0) == 4 && read(server, bytes, 4) == 4, "pwritev2 by number");
    rest.iov_len = sizeof bytes;
    int epoll = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = client};
    need(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, client, &event) == 0 && write(server, "e", 1) == 1);
    struct timespec limit = {.tv_sec = 10};
    long events = syscall(SYS_epoll_pwait2, epoll, &event, 1, &limit, NULL, 8);
    check(events == 1 && event.data.fd == client, "epoll_pwait2 by number");
    need(syscall(SYS_read, client, bytes, 1) == 1);
    int copy = (int)syscall(SYS_fcntl, client, F_DUPFD, 100), other = (int)syscall(SYS_dup, client);
    check(copy >= 100 && other >= 0 && syscall(SYS_close, client) == 0 && syscall(SYS_close, other) == 0 &&
              send(copy, "d", 1, 0) == 1 && recv(server, bytes, 1, 0) == 1,
          "what dup and fcntl made by number is the socket, after close by number too");
    need(syscall(SYS_dup3, copy, other, 0) == other && syscall(SYS_close, copy) == 0);
    check(syscall(SYS_shutdown, other, SHUT_WR) == 0 && syscall(SYS_read, server, bytes, 1) == 0,
          "shutdown by number");
    check(syscall(SYS_close_range, other, other, 0) == 0 && fcntl(other, F_GETFD) == -1, "close_range by number");
    close(server), close(listening), close(epoll);
}

static char stack[65536] __attribute__((aligned(16)));

/* A number that libc's syscall() closes may be a file at once. */
static void reused(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    int number = ends[0], lower = open("/dev/null", O_RDONLY);
    need(syscall(SYS_close, number) == 0);
    int file = open("/proc/self/stat", O_RDONLY);
    check(file == number && read(file, &byte, 1) == 1 && byte != 0, "a socket that is closed by number can become a file");
    check(read(ends[1], &byte, 1) == 0, "and its connection has ended");
    close(file), close(lower), close(ends[1]);
}

static void others(void) {
    int word = 0;
    struct timespec brief = {.tv_nsec = 1000000};
    void *page = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(page != MAP_FAILED, "a call with six arguments has them all");
    check(syscall(SYS_munmap, page, 4096) == 0, "and one with two");
    check(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &brief, NULL, 0) == -1 && errno == ETIMEDOUT, "futex times out");
    check(syscall(SYS_close, -1) == -1 && errno == EBADF, "close of no descriptor fails");
    check(syscall(100000) == -1 && errno == ENOSYS, "a number beyond all tables is ENOSYS");
    check(syscall(-1L) == -1 && errno == ENOSYS, "and so is a negative one");
    check(syscall(SYS_getpid) == getpid(), "getpid is getpid");
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) syscall(SYS_exit_group, 7);
    int status = 0;
    check(child > 0 && waitpid((pid_t)child, &status, 0) == child && WEXITSTATUS(status) == 7, "clone makes a process");
    /* The child returns from syscall() on its new stack, into what lies there. */
    void **top = (void **)(stack + sizeof stack) - 4;
    extern void in_child(void);
    top[0] = (void *)in_child;
    child = syscall(SYS_clone, SIGCHLD, top, NULL, NULL, NULL);
    check(child > 0 && waitpid((pid_t)child, &status, 0) == child && WEXITSTATUS(status) == 9,
          "also with a stack of its own");
    unsigned char parameters[120] = {0};
    long ring = syscall(SYS_io_uring_setup, 4, parameters);
    check(ring >= 0 || errno == ENOSYS || errno == EPERM, "io_uring is there, or is said not to be");
    if (ring >= 0) close((int)ring);
}

void in_child(void) { _exit(9); }

/* Descriptors that this program did not open are not its to close. */
static void all_closed(void) {
    int ends[2];
    char byte;
    for (int fd = 3; fd < 4096; fd++) syscall(SYS_close, fd);
    connection(AF_INET, ends);
    check(write(ends[0], "c", 1) == 1 && read(ends[1], &byte, 1) == 1, "all descriptors closed by number, new sockets work");
    syscall(SYS_close_range, 3, ~0u, 0);
    connection(AF_INET, ends);
    check(write(ends[0], "c", 1) == 1 && read(ends[1], &byte, 1) == 1, "and after close_range by number");
    close(ends[0]), close(ends[1]);
}

int main(void) {
    a_connection();
    reused();
    others();
    all_closed();
    finished();
}
