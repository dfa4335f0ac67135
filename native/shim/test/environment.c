/* A program that is executed with whatever environment goes on with an inherited connection, and opens new
 * sockets: behind the shim only if the shim is there again. */
#include "check.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern char **environ;

static const char *self;

/* The executed program: answers on the inherited connection through a socket of its own. */
static int as_executed(int fd, int port) {
    char bytes[5];
    struct endpoint e = loopback(AF_INET, port);
    int own = socket(AF_INET, SOCK_STREAM, 0);
    bool well = own >= 0;
    const char *missing = well ? NULL : "socket";
    if (well && !(well = read_all(fd, bytes, 5) && memcmp(bytes, "hello", 5) == 0)) missing = "bytes on the inherited one";
    if (well && !(well = write(fd, "other", 5) == 5)) missing = "sending on it";
    if (well && !(well = connect(own, (void *)&e.address, e.length) == 0)) missing = "connect";
    if (well && !(well = write(own, "again", 5) == 5)) missing = "sending";
    if (!well) printf("# the executed program lacks %s: errno %d (%s)\n", missing, errno, strerror(errno));
    return well ? 0 : 1;
}

static char inherited[12], port[12];
static char *arguments[] = {"environment", inherited, port, NULL};
static char *nothing[] = {NULL}, *others[] = {"PATH=/usr/bin:/bin", "LD_PRELOAD=libm.so.6", "X=1", NULL};
static char command[600];

static void by_execve(void) { execve(self, arguments, nothing); }
static void by_execve_null(void) {
    char *const *none = NULL;
    syscall(SYS_execve, self, arguments, none);
}
static void by_execve_others(void) { execve(self, arguments, others); }
static void by_execv(void) {
    clearenv();
    execv(self, arguments);
}
static void by_execvp(void) {
    clearenv();
    execvp(self, arguments);
}
static void by_execvpe(void) { execvpe(self, arguments, nothing); }
static void by_execl(void) {
    clearenv();
    execl(self, arguments[0], arguments[1], arguments[2], (char *)NULL);
}
static void by_execlp(void) {
    clearenv();
    execlp(self, arguments[0], arguments[1], arguments[2], (char *)NULL);
}
static void by_execle(void) { execle(self, arguments[0], arguments[1], arguments[2], (char *)NULL, nothing); }
static void by_fexecve(void) { fexecve(open(self, O_RDONLY | O_CLOEXEC), arguments, nothing); }
static void by_execveat(void) { execveat(AT_FDCWD, self, arguments, nothing, 0); }
static void by_number(void) { syscall(SYS_execve, self, arguments, nothing); }
static void exit_as(int status) { _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126); }
static void by_posix_spawn(void) {
    pid_t child;
    int status = -1;
    need(posix_spawn(&child, self, NULL, NULL, arguments, nothing) == 0 && waitpid(child, &status, 0) == child);
    exit_as(status);
}
static void by_posix_spawnp(void) {
    pid_t child;
    int status = -1;
    need(posix_spawnp(&child, self, NULL, NULL, arguments, others) == 0 && waitpid(child, &status, 0) == child);
    exit_as(status);
}
static void by_system(void) {
    clearenv();
    exit_as(system(command));
}
static void by_system_others(void) {
    setenv("LD_PRELOAD", "libm.so.6", 1);
    exit_as(system(command));
}
static void by_popen(void) {
    clearenv();
    exit_as(pclose(popen(command, "w")));
}
static void by_env(void) { execlp("env", "env", "-i", self, inherited, port, (char *)NULL); }
static void by_vfork(void) {
    int status = -1;
    pid_t child = vfork();
    if (child == 0) {
        execve(self, arguments, nothing);
        _exit(127);
    }
    waitpid(child, &status, 0);
    exit_as(status);
}
/* As Python's subprocess and daemons do. */
static void after_closing(void) {
    int status = -1, keep = atoi(inherited);
    pid_t child = vfork();
    if (child == 0) {
        close_range(3, (unsigned)keep - 1, 0);
        close_range((unsigned)keep + 1, ~0u, 0);
        execve(self, arguments, nothing);
        _exit(127);
    }
    waitpid(child, &status, 0);
    exit_as(status);
}
static void after_marking(void) {
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    for (int fd = 3; fd < 4096; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(atoi(inherited), F_SETFD, 0);
    execve(self, arguments, nothing);
}
static void as_nobody(void) {
    need(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
    execve(self, arguments, nothing);
}
/* Nothing here has opened a socket before. */
static void as_nobody_by_number(void) {
    need(syscall(SYS_setresuid, 65534, 65534, 65534) == 0);
    execve(self, arguments, environ);
}

static const struct way {
    const char *name;
    void (*go)(void);
    bool root;
} ways[] = {{"execve with an empty environment", by_execve, false},
            {"execve without an environment", by_execve_null, false},
            {"execve with a library of its own in LD_PRELOAD", by_execve_others, false},
            {"execv after clearenv", by_execv, false},
            {"execvp after clearenv", by_execvp, false},
            {"execvpe", by_execvpe, false},
            {"execl after clearenv", by_execl, false},
            {"execlp after clearenv", by_execlp, false},
            {"execle", by_execle, false},
            {"fexecve", by_fexecve, false},
            {"execveat", by_execveat, false},
            {"execve by number", by_number, false},
            {"posix_spawn", by_posix_spawn, false},
            {"posix_spawnp", by_posix_spawnp, false},
            {"system after clearenv", by_system, false},
            {"system with a library of its own in LD_PRELOAD", by_system_others, false},
            {"popen after clearenv", by_popen, false},
            {"env -i", by_env, false},
            {"vfork and execve", by_vfork, false},
            {"vfork, closing all else, and execve", after_closing, false},
            {"all else marked close-on-exec, and execve", after_marking, false},
            {"becoming another user, and execve", as_nobody, true},
            {"becoming another user by number, and execve", as_nobody_by_number, true}};

static bool goes(void (*go)(void), int listening) {
    int ends[2], status;
    char bytes[5];
    connection(AF_INET, ends);
    struct endpoint at = local_of(listening);
    snprintf(inherited, sizeof inherited, "%d", ends[1]);
    snprintf(port, sizeof port, "%d", port_of(&at));
    snprintf(command, sizeof command, "exec %s %s %s", self, inherited, port);
    fcntl(ends[1], F_SETFD, 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]), close(listening);
        go();
        _exit(127);
    }
    close(ends[1]);
    need(write(ends[0], "hello", 5) == 5);
    bool answered = read_all(ends[0], bytes, 5) && memcmp(bytes, "other", 5) == 0;
    need(waitpid(child, &status, 0) == child);
    close(ends[0]);
    if (!answered || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("# %s, status %x\n", answered ? "answered" : "no answer", (unsigned)status);
        return false;
    }
    int fd = accept(listening, NULL, NULL);
    bool again = fd >= 0 && read_all(fd, bytes, 5) && memcmp(bytes, "again", 5) == 0;
    close(fd);
    return again;
}

int main(int argc, char **argv) {
    char path[500] = "";
    if (argc == 3) return as_executed(atoi(argv[1]), atoi(argv[2]));
    need(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    self = path;
    int listening = listener(AF_INET);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].root && geteuid() != 0) printf("skip - %s: only root can\n", ways[i].name);
        else check(goes(ways[i].go, listening), "a program started by %s has its sockets", ways[i].name);
    }
    finished();
}
