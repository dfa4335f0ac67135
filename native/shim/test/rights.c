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

/* An answer for each bind() of a child: 0, or its errno. The first of them finds a port below the border that is free. */
static void bind_low(int answers[2], bool as_root, int type) {
    int fds[2];
    need(pipe(fds) == 0);
    pid_t child = fork();
    if (child == 0) {
        if (!as_root && setresuid(65534, 65534, 65534) != 0) _exit(1);
        int found[2] = {0}, fd = socket(AF_INET, type, 0), high = socket(AF_INET, type, 0);
        struct endpoint e = loopback(AF_INET, 0);
        for (int port = 1023; port > 512; port--) {
            e = loopback(AF_INET, port);
            found[0] = bind(fd, (void *)&e.address, e.length) == 0 ? 0 : errno;
            if (found[0] != EADDRINUSE) break;
        }
        e = loopback(AF_INET, 0);
        found[1] = bind(high, (void *)&e.address, e.length) == 0 ? 0 : errno;
        _exit(write(fds[1], found, sizeof found) == sizeof found ? 0 : 1);
    }
    close(fds[1]);
    need(read(fds[0], answers, 2 * sizeof *answers) == (ssize_t)(2 * sizeof *answers));
    close(fds[0]);
    need(exited_well(child));
}

/* Where the border is, the host of the network stack knows, which the caller of a test may have to say. */
static void low_ports(void) {
    const char *border = getenv("RINGFENCE_TEST_LOW_PORTS");
    bool open = border != NULL && atoi(border) < 1023;
    int root[2], nobody[2];
    if (geteuid() != 0) return;
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        bind_low(root, true, type), bind_low(nobody, false, type);
        check(root[0] == 0 && root[1] == 0, "root has a port below 1024, type %d: %d", type, root[0]);
        check(nobody[0] == (open ? 0 : EACCES) && nobody[1] == 0, "who has no right to it does not: %d", nobody[0]);
    }
    /* Which one keeps that one has bound before. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint e;
    for (int port = 1022; port > 512; port--) {
        e = loopback(AF_INET, port);
        if (bind(fd, (void *)&e.address, e.length) == 0) break;
        need(errno == EADDRINUSE);
    }
    pid_t child = fork();
    if (child == 0) {
        struct endpoint now = local_of(fd);
        _exit(setresuid(65534, 65534, 65534) == 0 && listen(fd, 1) == 0 && port_of(&now) == port_of(&e) ? 0 : 1);
    }
    check(exited_well(child), "and who has given up his rights keeps what he has bound");
    close(fd);
}

/* Who may go beyond the limits is not refused; how much he gets is another matter. */
static void forced(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size;
    unsigned most = 0xffffff00;
    socklen_t length = sizeof size;
    bool root = geteuid() == 0;
    check(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof most) == (root ? 0 : -1) &&
              setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &most, sizeof most) == (root ? 0 : -1),
          "buffers beyond the limit are root's");
    check(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size > 0, "and have a size: %d", size);
    pid_t child = fork();
    if (child == 0) {
        int refused = setresuid(65534, 65534, 65534) == 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof most) == -1 && errno == EPERM;
        _exit(refused ? 0 : 1);
    }
    check(!root || exited_well(child), "and nobody else's");
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
    low_ports();
    forced();
    nothing();
    finished();
}
