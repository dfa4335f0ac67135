/* What a program is refused: kinds of sockets and addresses that it has no right to, and what no call takes. */
#include "check.h"

#include <sys/syscall.h>

static int refused(int domain, int type, int protocol) {
    int fd = socket(domain, type, protocol);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

static void kinds(void) {
    for (int family = AF_INET; family != 0; family = family == AF_INET ? AF_INET6 : 0) {
        check(refused(family, SOCK_STREAM, -1) == EINVAL && refused(family, SOCK_DGRAM, 263) == EINVAL,
              "family %d: a protocol that cannot be is invalid", family);
        check(refused(family, 11, 0) == EINVAL && refused(family, SOCK_STREAM | 0x100, 0) == EINVAL, "and so is such a type");
        check(refused(family, SOCK_RAW, 0) == EPROTONOSUPPORT, "raw packets are of a protocol");
        check(refused(family, SOCK_STREAM, IPPROTO_UDP) == EPROTONOSUPPORT && refused(family, SOCK_DGRAM, IPPROTO_TCP) == EPROTONOSUPPORT,
              "types and protocols belong together");
        check(refused(family, SOCK_SEQPACKET, 0) == ESOCKTNOSUPPORT, "a type that the family does not have");
    }
}

static void broadcast(void) {
    struct sockaddr_in everybody = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_BROADCAST)};
    int fd = datagram(AF_INET);
    check(sendto(fd, "x", 1, 0, (void *)&everybody, sizeof everybody) == -1 && errno == EACCES, "without SO_BROADCAST nothing goes to everybody");
    close(fd);
}

static void nothing(void) {
    int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0), value = 0;
    char byte;
    socklen_t length = sizeof value;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    connection(AF_INET, ends);
    check(connect(fd, &none, sizeof none) == 0, "who is not connected can be disconnected");
    check(writev(fd, &piece, 0) == 0 && writev(fd, &(struct iovec){&byte, 0}, 1) == 0, "writing nothing is nothing");
    check(syscall(SYS_recvmsg, ends[0], &message, 0x80000000u | MSG_DONTWAIT) == -1 && errno == EINVAL, "the kernel's own flag is invalid in recvmsg");
    check(syscall(SYS_sendmsg, ends[0], &message, 0x80000000u | MSG_DONTWAIT) == -1 && errno == EINVAL, "and in sendmsg");
    check(getsockopt(fd, 500, 1, &value, &length) == -1 && errno == EOPNOTSUPP, "an option of no level cannot be asked for");
    check(setsockopt(fd, 500, 1, &value, length) == -1 && errno == ENOPROTOOPT, "nor set");
    int pipes[2];
    need(pipe(pipes) == 0);
    check(splice(ends[0], NULL, pipes[1], NULL, 10, 0xff) == -1 && errno == EINVAL, "splice has few flags");
    close(pipes[0]), close(pipes[1]), close(fd), close(ends[0]), close(ends[1]);
}

int main(void) {
    kinds();
    broadcast();
    nothing();
    finished();
}
