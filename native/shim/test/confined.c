/* Programs that close, confine and re-arrange themselves as daemons do: their sockets go on. */
#include "check.h"

#include <sys/resource.h>
#include <sys/socket.h>

static bool talks(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    bool well = write(ends[0], "t", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 't';
    close(ends[0]), close(ends[1]);
    return well;
}

/* In a process of its own; its exit status says whether `body` is true. */
static bool in_child(bool (*body)(void)) {
    pid_t child = fork();
    if (child == 0) {
        alarm(BOUND_SECONDS);
        _exit(body() ? 0 : 1);
    }
    return exited_well(child);
}

static bool with_few_descriptors(void) {
    struct rlimit few = {32, 32};
    return setrlimit(RLIMIT_NOFILE, &few) == 0 && talks();
}

static bool with_few_from_the_start(void) {
    struct rlimit few = {40, 40};
    need(setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int fd = 3; fd < 40; fd++) close(fd);
    return talks();
}

/* As many as the limit allows, and then the error that says so. */
static bool until_the_limit(void) {
    struct rlimit few = {32, 32};
    int fd, opened = 0, listening = listener(AF_INET);
    need(setrlimit(RLIMIT_NOFILE, &few) == 0);
    while ((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0) opened++;
    bool said = errno == EMFILE && fd == -1;
    for (fd = 3; fd < 32; fd++)
        if (fd != listening) close(fd);
    return said && opened >= 20 && talks();
}

static char root_of_the_test[] = "/tmp/confined.XXXXXX";

static bool in_a_root_of_its_own(void) {
    need(chroot(root_of_the_test) == 0 && chdir("/") == 0);
    bool well = talks();
    need(chroot(".") == 0);
    return well && talks();
}

static bool below(void) {
    need(chroot(root_of_the_test) == 0 && chdir("/") == 0);
    return talks();
}

static bool as_nobody(void) {
    return setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 && talks();
}

static bool as_a_daemon(void) {
    int told[2];
    char answer = 0;
    need(pipe(told) == 0);
    int listening = listener(AF_INET);
    struct endpoint at = local_of(listening);
    pid_t child = fork();
    if (child == 0) {
        alarm(BOUND_SECONDS);
        /* daemon() forks and its parent exits. */
        if (daemon(0, 0) != 0) _exit(1);
        int fd = accept(listening, NULL, NULL);
        char byte;
        bool well = fd >= 0 && read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1;
        _exit(write(told[1], well ? "y" : "n", 1) == 1 ? 0 : 1);
    }
    close(listening), close(told[1]);
    need(exited_well(child));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(connect(fd, (void *)&at.address, at.length) == 0 && write(fd, "d", 1) == 1);
    bool well = read(fd, &answer, 1) == 1 && answer == 'd' && read(told[0], &answer, 1) == 1 && answer == 'y';
    close(fd), close(told[0]);
    return well;
}

/* inetd: the connection becomes descriptor 0 and 1, and another program answers on it. */
static bool on_standard_descriptors(void) {
    int ends[2];
    char bytes[6];
    connection(AF_INET, ends);
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], 0) != 0 || dup2(ends[1], 1) != 1) _exit(126);
        closefrom(3);
        execl("/proc/self/exe", "confined", "answer", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    need(write(ends[0], "hello", 5) == 5 && shutdown(ends[0], SHUT_WR) == 0);
    bool well = read_all(ends[0], bytes, 5) && memcmp(bytes, "HELLO", 5) == 0 && read(ends[0], bytes, 1) == 0;
    return exited_well(child) && well;
}

static int as_answering(void) {
    char byte;
    while (read(0, &byte, 1) == 1) {
        byte = (char)(byte - 'a' + 'A');
        if (write(1, &byte, 1) != 1) return 1;
    }
    return 0;
}

/* Sends `fd` along with one byte. */
static bool pass(int channel, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec vector = {"p", 1};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(channel, &m, 0) == 1;
}

static int taken(int channel) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char byte;
    int fd;
    struct iovec vector = {&byte, 1};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    need(recvmsg(channel, &m, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&m) != NULL);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

/* A child accepts, passes the connection to its parent, which talks on it and passes it back. */
static void passed_both_ways(void) {
    int channel[2], listening = listener(AF_INET);
    char bytes[4];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = accept(listening, NULL, NULL);
        bool well = fd >= 0 && pass(channel[1], fd) && close(fd) == 0;
        fd = taken(channel[1]);
        _exit(well && write(fd, "two", 3) == 3 ? 0 : 1);
    }
    int client = connected_to(listening), fd = taken(channel[0]);
    struct endpoint peer = {.length = sizeof peer.address}, own = local_of(client);
    check(write(fd, "one", 3) == 3 && read_all(client, bytes, 3) && memcmp(bytes, "one", 3) == 0,
          "a connection that a child accepted and passed on works");
    check(getpeername(fd, (void *)&peer.address, &peer.length) == 0 && port_of(&peer) == port_of(&own), "and knows its peer");
    need(pass(channel[0], fd) && close(fd) == 0);
    check(read_all(client, bytes, 3) && memcmp(bytes, "two", 3) == 0 && exited_well(child), "and so it does passed back");
    check(read(client, bytes, 1) == 0, "and ends with the last process that has it");
    close(client), close(listening), close(channel[0]), close(channel[1]);
}

int main(int argc, char **argv) {
    if (argc == 2) return argv[1][0] == 'a' ? as_answering() : 2;
    /* Before the program's first socket. */
    if (geteuid() == 0) {
        need(mkdtemp(root_of_the_test) != NULL);
        check(in_child(below), "the first socket is opened below another root directory");
        check(in_child(as_nobody), "the first socket is opened by another user");
    }
    check(talks(), "sockets of the test itself");
    check(in_child(with_few_descriptors), "with a lower limit of descriptors sockets go on");
    check(in_child(with_few_from_the_start), "also when all others were closed");
    check(in_child(until_the_limit), "at the limit socket fails with EMFILE, and below it it works again");
    if (geteuid() == 0) {
        check(in_child(in_a_root_of_its_own), "sockets below another root directory");
        check(in_child(as_nobody), "sockets of another user");
        rmdir(root_of_the_test);
    }
    check(as_a_daemon(), "a daemon serves");
    check(on_standard_descriptors(), "a program answers on a connection that is its descriptors 0 and 1");
    passed_both_ways();
    finished();
}
