/* Which of several errors a call tells, and which of them an odd argument gets. */
#include <stddef.h>
#include <sys/mman.h>

#include "check.h"

static struct sockaddr_in discard_service(void) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void names(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in name = discard_service();
    struct sockaddr_in6 name6 = {.sin6_family = AF_INET6};
    name.sin_port = 0;
    name.sin_family = AF_INET6;
    check(bind(fd, (void *)&name, sizeof name) == -1 && errno == EAFNOSUPPORT, "bind: another family");
    check(connect(fd, (void *)&name, sizeof name) == -1 && errno == EAFNOSUPPORT, "connect: another family");
    name.sin_family = AF_UNIX;
    check(bind(fd, (void *)&name, sizeof name) == -1 && errno == EAFNOSUPPORT, "bind: another one");
    check(bind(fd, (void *)&name, 3) == -1 && errno == EINVAL, "bind: a name too short comes first");
    check(bind(fd, (void *)&name, (socklen_t)-1) == -1 && errno == EINVAL, "bind: a negative length");
    name = discard_service();
    check(bind(six, (void *)&name, sizeof name) == -1 && errno == EINVAL, "bind: an IPv4 name is too short for IPv6");
    name.sin_family = AF_UNSPEC;
    name.sin_addr.s_addr = htonl(INADDR_ANY);
    name.sin_port = 0;
    check(bind(fd, (void *)&name, sizeof name) == 0, "bind: of no family, but any address");
    check(bind(six, (void *)&name6, offsetof(struct sockaddr_in6, sin6_scope_id)) == 0, "bind: an IPv6 name without its scope");
    check(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &name, (socklen_t)-1) == -1 && errno == EINVAL,
          "setsockopt: a negative length");
}

static void streams(void) {
    int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);
    char bytes[16] = {0};
    connection(AF_INET, pair);
    struct iovec vector = {bytes, sizeof bytes};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = bytes, .msg_controllen = sizeof bytes};
    struct sockaddr_in name = discard_service();
    need(send(pair[1], "hello", 5, 0) == 5);
    await_readable(pair[0]);
    check(recv(pair[0], bytes, 5, MSG_OOB | MSG_ERRQUEUE) == -1 && errno == EAGAIN, "MSG_ERRQUEUE comes before MSG_OOB");
    check(recv(pair[0], bytes, 5, MSG_OOB) == -1 && errno == EINVAL, "no urgent byte");
    check(recv(pair[0], NULL, 2, MSG_TRUNC) == 2 && recv(pair[0], bytes, 5, 0) == 3, "MSG_TRUNC throws bytes away");
    check(recv(pair[0], bytes, 0, MSG_DONTWAIT) == -1 && errno == EAGAIN && read(pair[0], bytes, 0) == 0,
          "to receive nothing waits for something; to read nothing does not");
    check(recv(fd, bytes, 0, 0) == -1 && errno == ENOTCONN, "to receive nothing without a peer");
    check(sendto(pair[0], "x", 1, 0, (void *)&name, (socklen_t)-1) == -1 && errno == EINVAL,
          "a stream looks at the name that it does not need");
    check(sendmsg(pair[0], &m, 0) == -1 && errno == EINVAL, "and at ancillary data");
    m.msg_control = NULL;
    m.msg_controllen = 0;
    m.msg_name = &name;
    m.msg_namelen = (socklen_t)-1;
    check(sendmsg(pair[0], &m, 0) == -1 && errno == EINVAL && recvmsg(pair[0], &m, MSG_DONTWAIT) == -1 && errno == EINVAL,
          "a message's name with a negative length");
    shutdown(pair[0], SHUT_WR);
    check(send(pair[0], "x", 1, MSG_OOB | MSG_NOSIGNAL) == -1 && errno == EPIPE, "that it cannot send comes before MSG_OOB");
}

static void files(void) {
    int pair[2], udp[2], ends[2], memory = memfd_create("file", 0);
    char bytes[32];
    off_t at = -1;
    connection(AF_INET, pair);
    datagram_pair(AF_INET, udp);
    need(pipe(ends) == 0 && write(memory, "what is in the file", 19) == 19);
    check(sendfile(pair[0], memory, &at, 5) == -1 && errno == EINVAL, "sendfile: a negative position");
    check(sendfile(pair[0], ends[0], NULL, 5) == -1 && errno == EINVAL, "sendfile: not from a pipe");
    check(sendfile(pair[0], pair[1], NULL, 5) == -1 && errno == EINVAL, "sendfile: nor from a socket");
    at = 8;
    check(sendfile(udp[0], memory, &at, 100) == 11 && at == 19, "sendfile: into a datagram");
    await_readable(udp[1]);
    check(recv(udp[1], bytes, sizeof bytes, 0) == 11 && memcmp(bytes, "in the file", 11) == 0, "which arrives");
    check(splice(pair[0], NULL, ends[0], NULL, 5, 0) == -1 && errno == EBADF, "splice: not into the end that reads");
    check(splice(ends[1], NULL, pair[0], NULL, 5, 0) == -1 && errno == EBADF, "splice: nor out of the end that writes");
    signal(SIGPIPE, SIG_IGN);
    shutdown(pair[0], SHUT_WR);
    need(write(ends[1], "hello", 5) == 5);
    check(splice(ends[0], NULL, pair[0], NULL, 5, 0) == -1 && errno == EPIPE && read(ends[0], bytes, 5) == 5,
          "splice: a socket that cannot send takes nothing from the pipe");
}

int main(void) {
    names();
    streams();
    files();
    finished();
}
