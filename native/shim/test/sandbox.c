/* A program that allows itself what sshd's child before authentication may do goes on with its connection. */
#include "check.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define ALLOW(name)                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void confine(bool by_number) {
    static const struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(poll), ALLOW(ppoll), ALLOW(pselect6), ALLOW(select),
        ALLOW(futex), ALLOW(getpid), ALLOW(getuid), ALLOW(gettimeofday), ALLOW(clock_gettime), ALLOW(nanosleep),
        ALLOW(clock_nanosleep), ALLOW(rt_sigprocmask), ALLOW(shutdown), ALLOW(brk), ALLOW(mmap), ALLOW(munmap),
        ALLOW(exit), ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, (struct sock_filter *)filter};
    need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (by_number) need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
    else need(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* Echoes until the end, 1 MiB at least twice filling what lies between. */
static int echo(int fd, bool waits) {
    static char buffer[20000];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0) return 0;
        if (n < 0 && (waits || errno != EAGAIN)) return 2;
        if (n < 0) polled(fd, POLLIN, 10000);
        for (ssize_t sent = 0, m; sent < n; sent += m > 0 ? m : 0) {
            m = write(fd, buffer + sent, (size_t)(n - sent));
            if (m < 0 && (waits || errno != EAGAIN)) return 3;
            if (m < 0) polled(fd, POLLOUT, 10000);
        }
    }
}

static void *send_all(void *argument) {
    static char block[1 << 20];
    memset(block, 'b', sizeof block);
    need(write(*(int *)argument, block, sizeof block) == sizeof block && shutdown(*(int *)argument, SHUT_WR) == 0);
    return NULL;
}

static void serves(bool waits, bool by_number) {
    int ends[2];
    static char buffer[50000];
    connection(AF_INET, ends);
    if (!waits) set_nonblocking(ends[1]);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        confine(by_number);
        if (!waits && (read(ends[1], buffer, 1) != -1 || errno != EAGAIN)) _exit(4);
        _exit(write(ends[1], "!", 1) == 1 ? echo(ends[1], waits) : 5);
    }
    close(ends[1]);
    bool began = read(ends[0], buffer, 1) == 1 && buffer[0] == '!';
    pthread_t thread;
    need(pthread_create(&thread, NULL, send_all, &ends[0]) == 0);
    size_t total = 0;
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) total += (size_t)n;
    pthread_join(thread, NULL);
    int status;
    need(waitpid(child, &status, 0) == child);
    if (status != 0) printf("# status %x\n", (unsigned)status);
    check(began && total == 1 << 20 && status == 0, "a confined program echoes 1 MiB, %s, confined by %s: %zu bytes",
          waits ? "blocking" : "not blocking", by_number ? "number" : "prctl", total);
    close(ends[0]);
}

int main(void) {
    serves(true, false);
    serves(false, false);
    serves(false, true);
    finished();
}
