/* Verdicts, children and memory of the tests of the region library. */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures, verdicts;
static long scale = 100;

static void too_late(int signal) {
    (void)signal;
    static const char line[] = "not ok - the test ends in time: it did not\n";
    if (write(STDOUT_FILENO, line, sizeof line - 1) < 0) _exit(98);
    _exit(99); /* children follow: PR_SET_PDEATHSIG */
}

void check_start(int argc, char **argv, unsigned seconds) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) scale = strtol(argv[1], NULL, 10);
    if (scale <= 0) scale = 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, too_late);
    alarm(seconds);
}

long check_rounds(long full) {
    long rounds = full * scale / 100;
    return rounds > 0 ? rounds : 1;
}

void check(bool holds, const char *sentence, const char *why, ...) {
    verdicts++;
    if (holds) {
        printf("ok - %s\n", sentence);
        return;
    }
    failures++;
    va_list arguments;
    va_start(arguments, why);
    printf("not ok - %s: ", sentence);
    vprintf(why, arguments);
    printf("\n");
    va_end(arguments);
}

void check_skip(const char *sentence, const char *reason) {
    verdicts++;
    printf("skip - %s: %s\n", sentence, reason);
}

void check_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("   # ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

void check_need(bool holds, const char *what) {
    if (holds) return;
    printf("not ok - %s: %s\n", what, strerror(errno));
    exit(99);
}

int check_end(void) {
    if (verdicts == 0) check(false, "the test has verdicts", "none was given");
    return failures < 99 ? failures : 99;
}

pid_t check_spawn(int (*run)(void *argument), void *argument) {
    fflush(stdout);
    pid_t parent = getpid();
    pid_t child = fork();
    check_need(child >= 0, "fork");
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(97);
    rf_lock_after_fork();
    _exit(run(argument));
}

void check_kill(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

bool check_ends(pid_t child, int milliseconds) {
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    check_need(pidfd >= 0, "pidfd_open");
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    bool ended = poll(&p, 1, milliseconds) == 1;
    close(pidfd);
    return ended;
}

int check_wait(pid_t child, int milliseconds) {
    int status;
    bool ended = check_ends(child, milliseconds);
    if (!ended) kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool check_sleeps(pid_t process) {
    char path[32], stat[128];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    for (double end = check_now() + 5; check_now() < end; sched_yield()) {
        FILE *file = fopen(path, "re");
        if (file == NULL) return false;
        size_t n = fread(stat, 1, sizeof stat - 1, file);
        fclose(file);
        stat[n] = 0;
        const char *state = strrchr(stat, ')');
        if (state != NULL && (state[2] == 'S' || state[2] == 'D')) return true;
    }
    return false;
}

double check_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct rf_region check_region(const struct rf_geometry *geometry) {
    struct rf_region region;
    uint64_t bytes = rf_region_bytes(geometry);
    check_need(bytes != 0, "a possible geometry");
    int memfd = memfd_create("region", MFD_CLOEXEC);
    check_need(memfd >= 0 && ftruncate(memfd, (off_t)bytes) == 0, "a memfd for the region");
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    check_need(memory != MAP_FAILED && rf_region_format(memory, geometry) == 0, "a formatted region");
    check_need(munmap(memory, bytes) == 0 && rf_region_map(memfd, bytes, &region) == 0, "a mapped region");
    close(memfd);
    return region;
}

void *check_shared(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_need(memory != MAP_FAILED, "shared memory");
    return memory;
}
