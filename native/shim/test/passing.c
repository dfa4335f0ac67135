/* Sockets passed between processes in messages over unix sockets, in all forms. */
#include <spawn.h>
#include <sys/un.h>

#include "check.h"

enum { MOST = 3 };
extern char **environ;

static void pass(int over, const int *fds, int count) {
    union {
        char bytes[CMSG_SPACE(MOST * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec one = {"m", 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN((size_t)count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
    need(sendmsg(over, &message, 0) == 1);
}

/* How many came. */
static int take(int over, int *fds, int flags, bool many) {
    union {
        char bytes[CMSG_SPACE(MOST * sizeof(int))];
        struct cmsghdr align;
    } control;
    char byte;
    struct iovec one = {&byte, 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control}};
    if (many) need(recvmmsg(over, &message, 1, flags, NULL) == 1);
    else need(recvmsg(over, &message.msg_hdr, flags) == 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message.msg_hdr);
    if (c == NULL || c->cmsg_type != SCM_RIGHTS) return 0;
    int count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(c), (size_t)count * sizeof(int));
    return count;
}

static bool echoes(int near, int far) {
    char text[4];
    return write(near, "ping", 4) == 4 && read_all(far, text, 4) && write(far, "pong", 4) == 4 && read_all(near, text, 4);
}

/* The other process: serves what it is given until nothing comes. */
static int other(int over) {
    int fds[MOST];
    char text[4];
    if (take(over, fds, 0, false) != 1) return 1;
    int fd = accept(fds[0], NULL, NULL);
    if (fd < 0 || !read_all(fd, text, 4) || write(fd, "pong", 4) != 4) return 2;
    /* And passes the connection back. */
    pass(over, &fd, 1);
    return 0;
}

static void within_a_process(void) {
    int over[2], ends[2], got[MOST], udp = datagram(AF_INET);
    connection(AF_INET, ends);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, over) == 0);
    pass(over[0], &ends[1], 1);
    close(ends[1]);
    check(take(over[1], got, 0, false) == 1 && echoes(ends[0], got[0]), "a socket that is only in a message lives on");
    int three[MOST] = {ends[0], udp, got[0]};
    pass(over[0], three, 3);
    close(ends[0]), close(udp), close(got[0]);
    check(take(over[1], got, MSG_CMSG_CLOEXEC, true) == 3 && echoes(got[0], got[2]), "three in a message, received by recvmmsg");
    check((fcntl(got[0], F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(got[2], F_GETFD) & FD_CLOEXEC) != 0, "MSG_CMSG_CLOEXEC marks them");
    struct endpoint to = local_of(got[1]);
    char byte;
    check(sendto(got[1], "u", 1, 0, (void *)&to.address, to.length) == 1 && recv(got[1], &byte, 1, 0) == 1, "a datagram socket goes the same way");
    pass(over[0], &got[2], 1);
    close(got[2]);
    close(over[0]), close(over[1]);
    check(recv(got[0], &byte, 1, 0) == 0, "one in a message that nobody takes is closed");
    close(got[0]), close(got[1]);
}

static void between_processes(const char *self) {
    int over[2], listening = listener(AF_INET), got[MOST];
    char number[12], text[4];
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, over) == 0);
    need(fcntl(over[0], F_SETFD, FD_CLOEXEC) == 0);
    snprintf(number, sizeof number, "%d", over[1]);
    pid_t child;
    char *arguments[] = {(char *)self, number, NULL};
    /* It has not a single socket before. */
    need(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
    close(over[1]);
    int client = connected_to(listening);
    pass(over[0], &listening, 1);
    close(listening);
    check(write(client, "ping", 4) == 4 && read_all(client, text, 4), "another process accepts from a listener it was passed");
    check(take(over[0], got, 0, false) == 1 && exited_well(child) && echoes(client, got[0]), "and passes the connection back");
    close(client), close(got[0]), close(over[0]);
}

/* posix_spawn puts sockets onto the child's standard descriptors, where no call of the program is seen. */
static void spawned_onto(void) {
    int ends[2];
    char text[16];
    pid_t child;
    posix_spawn_file_actions_t actions;
    char *arguments[] = {"sort", NULL};
    connection(AF_INET, ends);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    need(posix_spawnp(&child, "sort", &actions, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    need(write(ends[0], "b\na\n", 4) == 4 && shutdown(ends[0], SHUT_WR) == 0);
    check(read_all(ends[0], text, 4) && memcmp(text, "a\nb\n", 4) == 0 && exited_well(child), "posix_spawn puts a socket onto 0 and 1");
    close(ends[0]);
}

int main(int count, char **arguments) {
    if (count == 2) return other(atoi(arguments[1]));
    within_a_process();
    between_processes(arguments[0]);
    spawned_onto();
    finished();
}
