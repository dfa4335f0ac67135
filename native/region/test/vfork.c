/* A vfork child that closes everything, as Python's subprocess does, leaves its parent's pairs open. */
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static bool works(const int pair[2]) {
    struct pollfd p = {.fd = pair[1], .events = POLLIN | POLLRDHUP};
    char byte;
    return poll(&p, 1, 0) == 0 && send(pair[1], NULL, 0, MSG_DONTWAIT) == 0 &&
           recv(pair[0], &byte, 1, MSG_DONTWAIT) == 0 && send(pair[0], NULL, 0, MSG_DONTWAIT) == 0 &&
           recv(pair[1], &byte, 1, MSG_DONTWAIT) == 0;
}

static int close_everything(void) {
    /* Volatile: the child runs on its parent's stack. Everything but standard error's number 2. */
    volatile int status = -1;
    pid_t child = vfork();
    if (child == 0) {
        syscall(SYS_close_range, 3, ~0U, 0);
        for (int fd = 3; fd < 64; fd++) syscall(SYS_close, fd);
        syscall(SYS_exit_group, 0);
    }
    check_need(child > 0 && waitpid(child, (int *)&status, 0) == child, "a vfork child");
    return status;
}

static int run_true(void) {
    char name[] = "true", *arguments[] = {name, NULL}, *environment[] = {NULL};
    pid_t child;
    int status = -1;
    /* glibc's posix_spawn is vfork and exec; the pair is close-on-exec. */
    if (posix_spawnp(&child, name, NULL, NULL, arguments, environment) != 0) return -1;
    waitpid(child, &status, 0);
    return status;
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    int pair[2], bad = 0;
    check_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 && works(pair),
               "a readiness pair");
    long rounds = check_rounds(500);
    for (long i = 0; i < rounds; i++)
        if (close_everything() != 0 || !works(pair)) bad++;
    check(bad == 0, "a vfork child that closes everything leaves its parent's pair open",
          "%d of %ld times not", bad, rounds);
    check(run_true() == 0 && works(pair), "so does a spawned program whose pair is close-on-exec",
          "the pair hung up");
    close(pair[0]);
    struct pollfd p = {.fd = pair[1], .events = POLLIN};
    check(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0,
          "and the parent's own close is seen at once, with no copy left in a child", "poll gave %#x",
          (unsigned)p.revents);
    close(pair[1]);
    return check_end();
}
