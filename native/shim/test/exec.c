/* A socket goes over to another program by exec, and to another process over a unix socket. */
#include "check.h"

static int as_executed(int fd) {
    char bytes[5];
    struct endpoint peer = {.length = sizeof peer.address};
    bool well = read_all(fd, bytes, 5) && memcmp(bytes, "hello", 5) == 0 && write(fd, "other", 5) == 5 &&
                getpeername(fd, (void *)&peer.address, &peer.length) == 0;
    return well ? 0 : 1;
}

static int as_server(int fd) {
    int accepted = accept(fd, NULL, NULL);
    return accepted >= 0 && as_executed(accepted) == 0 ? 0 : 1;
}

static pid_t execute(const char *self, const char *role, int fd) {
    char number[12];
    snprintf(number, sizeof number, "%d", fd);
    pid_t child = fork();
    if (child == 0) {
        fcntl(fd, F_SETFD, 0);
        execl(self, self, role, number, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void across_exec(const char *self) {
    int ends[2];
    char bytes[5];
    connection(AF_INET, ends);
    pid_t child = execute(self, "connection", ends[1]);
    close(ends[1]);
    need(write(ends[0], "hello", 5) == 5);
    check(read_all(ends[0], bytes, 5) && memcmp(bytes, "other", 5) == 0, "an executed program goes on with a connection");
    check(exited_well(child) && read(ends[0], bytes, 1) == 0, "and its exit ends it");
    close(ends[0]);
    int listening = listener(AF_INET);
    struct endpoint at = local_of(listening);
    child = execute(self, "listener", listening);
    close(listening);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(connect(fd, (void *)&at.address, at.length) == 0 && write(fd, "hello", 5) == 5);
    check(read_all(fd, bytes, 5), "an executed program accepts from a listener");
    check(exited_well(child), "and knows its peer");
    close(fd);
}

static void over_unix_socket(void) {
    int ends[2], channel[2];
    char bytes[5];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
    pid_t child = fork(); /* before there is a connection: it does not inherit it */
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec vector = {bytes, 1};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (child == 0) {
        int fd;
        need(recvmsg(channel[1], &m, 0) == 1);
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
        _exit(as_executed(fd));
    }
    connection(AF_INET, ends);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &ends[1], sizeof(int));
    need(sendmsg(channel[0], &m, 0) == 1);
    close(ends[1]);
    need(write(ends[0], "hello", 5) == 5);
    check(read_all(ends[0], bytes, 5) && exited_well(child), "a socket passed over a unix socket works there");
    close(ends[0]), close(channel[0]), close(channel[1]);
}

int main(int argc, char **argv) {
    if (argc == 3) return strcmp(argv[1], "listener") == 0 ? as_server(atoi(argv[2])) : as_executed(atoi(argv[2]));
    across_exec("/proc/self/exe");
    over_unix_socket();
    finished();
}
