/* rtnetlink sockets: types, ports, acknowledgements, and what a child or another program makes of one that it inherits. */
#include "check.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#endif

static _Alignas(struct nlmsghdr) char answer[65536];

static int opened(int type) {
    int fd = socket(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_ROUTE);
    need(fd >= 0);
    return fd;
}

static int bind_to(int fd, uint32_t port) {
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port};
    return bind(fd, (void *)&name, sizeof name);
}

static uint32_t port_at(int fd) {
    struct sockaddr_nl name;
    socklen_t length = sizeof name;
    need(getsockname(fd, (void *)&name, &length) == 0 && length == sizeof name && name.nl_family == AF_NETLINK);
    return name.nl_pid;
}

/* Sends a request about a link. */
static bool asks(int fd, uint16_t type, uint16_t flags, int link) {
    struct {
        struct nlmsghdr message;
        struct ifinfomsg link;
    } ask = {{sizeof ask, type, flags, 4711, 0}, {.ifi_index = link}};
    return send(fd, &ask, sizeof ask, 0) == (ssize_t)sizeof ask;
}

/* The type of the only message that answers; 0 if nothing does, or more. */
static uint16_t only_answer(int fd) {
    struct nlmsghdr *m = (void *)answer;
    ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    if (got <= 0 || NLMSG_ALIGN(m->nlmsg_len) != (size_t)got || polled(fd, POLLIN, 0) != 0) return 0;
    return m->nlmsg_type;
}

static bool tells_of_loopback(int fd, uint32_t port) {
    struct nlmsghdr *m = (void *)answer;
    return asks(fd, RTM_GETLINK, NLM_F_REQUEST, 1) && only_answer(fd) == RTM_NEWLINK && m->nlmsg_pid == port;
}

static bool is_error(int error, const void *request) {
    struct nlmsghdr *m = (void *)answer;
    struct nlmsgerr *e = NLMSG_DATA(m);
    if (e->error != -error || e->msg.nlmsg_seq != 4711) return false;
    if (error == 0) return m->nlmsg_len == NLMSG_LENGTH(sizeof *e) && (m->nlmsg_flags & NLM_F_CAPPED) != 0;
    return m->nlmsg_len == NLMSG_LENGTH(sizeof *e + sizeof(struct ifinfomsg)) && memcmp(&e->msg + 1, request, sizeof(struct ifinfomsg)) == 0;
}

static void acknowledgements(void) {
    int fd = opened(SOCK_RAW);
    struct ifinfomsg link = {.ifi_index = 1000000};
    need(asks(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 1000000));
    check(only_answer(fd) == NLMSG_ERROR && is_error(ENODEV, &link), "a request that fails is told so once, with all of it");
    need(asks(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 1));
    check(recv(fd, answer, sizeof answer, 0) > 0 && ((struct nlmsghdr *)answer)->nlmsg_type == RTM_NEWLINK &&
              only_answer(fd) == NLMSG_ERROR && is_error(0, NULL),
          "one that succeeds is acknowledged behind its answer");
    need(asks(fd, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 0));
    check(only_answer(fd) == NLMSG_ERROR && is_error(0, NULL), "a message without a meaning is acknowledged");
    need(asks(fd, RTM_GETLINK, NLM_F_ACK, 1));
    check(only_answer(fd) == NLMSG_ERROR && is_error(0, NULL), "and one that is no request");
    need(asks(fd, NLMSG_NOOP, NLM_F_REQUEST, 0) && asks(fd, RTM_GETLINK, 0, 1));
    check(polled(fd, POLLIN, 0) == 0, "but not unless they say so");
    close(fd);
}

static void ports(void) {
    int chosen = opened(SOCK_RAW), first = opened(SOCK_RAW), second = opened(SOCK_RAW), third = opened(SOCK_DGRAM);
    uint32_t port = (uint32_t)getpid() + (5u << 22);
    check(port_at(first) == 0, "an rtnetlink socket has no port at first");
    check(bind_to(chosen, port) == 0 && port_at(chosen) == port, "it has the one that it is bound to");
    check(tells_of_loopback(chosen, port), "which its answers bear");
    check(bind_to(chosen, port) == 0 && bind_to(chosen, port + 1) == -1 && errno == EINVAL && bind_to(chosen, 0) == -1 && errno == EINVAL,
          "and cannot be bound to another");
    check(bind_to(third, port) == -1 && errno == EADDRINUSE, "nor can another socket to the same");
    check(bind_to(first, 0) == 0 && port_at(first) == (uint32_t)getpid(), "without a choice the first has the process's number");
    check(bind_to(second, 0) == 0 && port_at(second) != 0 && port_at(second) != port_at(first), "and the second another one");
    need(asks(third, RTM_GETLINK, NLM_F_REQUEST, 1));
    check(only_answer(third) == RTM_NEWLINK && port_at(third) != 0 && port_at(third) != port_at(second),
          "the first request gives a socket one");
    close(chosen), close(first), close(second), close(third);
    chosen = opened(SOCK_RAW);
    check(bind_to(chosen, port) == 0, "a port is free when its socket is closed");
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, name;
    first = opened(SOCK_RAW);
    check(connect(first, (void *)&kernel, sizeof kernel) == 0 && port_at(first) != 0, "connect() gives one, too");
    socklen_t length = (socklen_t)-1;
    check(getsockname(first, (void *)&name, &length) == -1 && errno == EINVAL, "a name's length is not negative");
    check(bind(first, (void *)8, sizeof name) == -1 && errno == EFAULT && bind(first, (void *)&kernel, sizeof kernel - 1) == -1 && errno == EINVAL,
          "and a name is there, and whole");
    close(chosen), close(first);
}

static void kinds(void) {
    int raw = opened(SOCK_RAW), datagrams = opened(SOCK_DGRAM), type = 0;
    socklen_t length = sizeof type;
    check(getsockopt(raw, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_RAW, "SO_TYPE tells of SOCK_RAW");
    check(getsockopt(datagrams, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM, "and of SOCK_DGRAM");
    check(shutdown(raw, SHUT_RD) == -1 && errno == EOPNOTSUPP && shutdown(raw, SHUT_RDWR) == -1 && errno == EOPNOTSUPP,
          "such a socket cannot be shut down");
    check(bind_to(raw, 0) == 0 && tells_of_loopback(raw, port_at(raw)), "and works on");
    close(raw), close(datagrams);
}

/* ---- of other processes ---- */

static void in_a_child(void) {
    int fd = opened(SOCK_RAW);
    need(bind_to(fd, 0) == 0);
    uint32_t port = port_at(fd);
    pid_t child = fork();
    if (child == 0) _exit(port_at(fd) == port && tells_of_loopback(fd, port) ? 0 : 1);
    check(exited_well(child), "a child of fork() asks by its parent's port");
    close(fd);
}

static void across_exec(bool bound) {
    int fd = opened(SOCK_DGRAM);
    char number[12], port[12];
    need(!bound || bind_to(fd, 0) == 0);
    snprintf(number, sizeof number, "%d", fd);
    snprintf(port, sizeof port, "%u", port_at(fd));
    pid_t child = fork();
    if (child == 0) {
        fcntl(fd, F_SETFD, 0);
        execl("/proc/self/exe", "netlink", number, port, (char *)NULL);
        _exit(127);
    }
    check(exited_well(child), "an executed program goes on with a socket that has %s", bound ? "a port" : "none yet");
    close(fd);
}

static int as_executed(int fd, uint32_t port) {
    int type = 0;
    socklen_t length = sizeof type;
    if (port_at(fd) != port || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_DGRAM) return 1;
    if (port == 0 && (bind_to(fd, 0) != 0 || (port = port_at(fd)) == 0)) return 2;
    return tells_of_loopback(fd, port) ? 0 : 3;
}

static void over_unix_socket(void) {
    int channel[2], fd = opened(SOCK_RAW), passed;
    need(bind_to(fd, 0) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec one = {"n", 1};
    struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    need(sendmsg(channel[0], &m, 0) == 1);
    char byte;
    one = (struct iovec){&byte, 1};
    need(recvmsg(channel[1], &m, 0) == 1);
    memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof passed);
    check(port_at(passed) == port_at(fd) && tells_of_loopback(passed, port_at(fd)), "so does who is passed one over a unix socket");
    close(fd), close(passed), close(channel[0]), close(channel[1]);
}

int main(int argc, char **argv) {
    if (argc == 3) return as_executed(atoi(argv[1]), (uint32_t)strtoul(argv[2], NULL, 10));
    acknowledgements();
    ports();
    kinds();
    in_a_child();
    across_exec(true);
    across_exec(false);
    over_unix_socket();
    finished();
}
