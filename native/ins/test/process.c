/* The process: how it starts and ends, what it says, and what it cannot do once it serves. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend.h"

static struct frontend f;

/* The value of a line of /proc/PID/status of the INS, without the blanks before it. */
static const char *status_line(const char *name) {
    static char line[256];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", f.ins);
    FILE *file = fopen(path, "r");
    check_need(file != NULL, path);
    const char *value = "missing";
    while (fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) != 0 || line[length] != ':') continue;
        value = line + length + 1 + strspn(line + length + 1, " \t");
        line[strcspn(line, "\n")] = '\0';
        break;
    }
    fclose(file);
    return value;
}

/* The scheduling policy of the INS: field 41 of /proc/PID/stat, proc(5); -1 if it cannot be read. */
static int policy(void) {
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", f.ins);
    FILE *file = fopen(path, "r");
    check_need(file != NULL && fgets(line, sizeof line, file) != NULL, path);
    fclose(file);
    char *field = strrchr(line, ')');
    for (int number = 2; field != NULL && number < 41; number++) field = strchr(field + 1, ' ');
    return field != NULL ? atoi(field) : -1;
}

/* Waits until the INS serves: it is locked down before it takes the first call. */
static void serving(void) {
    frontend_grant(&f, 1, 0);
    check_need(frontend_call(&f, RF_OP_SOCKET, 1, AF_INET, SOCK_STREAM, 0, NULL, 0).error == 0, "SOCKET");
}

/* Root with other users to become: not that of a user namespace with a single user. */
static bool is_root(void) {
    unsigned long inside = 0, outside = 0, count = 0;
    FILE *map = fopen("/proc/self/uid_map", "r");
    bool read_it = map != NULL && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3;
    if (map != NULL) fclose(map);
    return geteuid() == 0 && read_it && count > 1;
}

static void locked_down(void) {
    bool root = is_root();
    frontend_start(&f, NULL);
    serving();
    check(strcmp(status_line("Seccomp"), "2") == 0 && strcmp(status_line("NoNewPrivs"), "1") == 0,
          "the INS runs under a filter of system calls and without new privileges", "Seccomp %s",
          status_line("Seccomp"));
    if (root) {
        struct passwd *nobody = getpwnam("nobody");
        unsigned uid = nobody != NULL ? nobody->pw_uid : 65534, ids[4] = {0};
        sscanf(status_line("Uid"), "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]);
        check(ids[0] == uid && ids[1] == uid && ids[2] == uid && ids[3] == uid, "started by root it runs as nobody",
              "Uid %s", status_line("Uid"));
        check(strtoull(status_line("CapEff"), NULL, 16) == 1 << 10 &&
                  strtoull(status_line("CapPrm"), NULL, 16) == 1 << 10 &&
                  strtoull(status_line("CapBnd"), NULL, 16) == 1 << 10 &&
                  strtoull(status_line("CapInh"), NULL, 16) == 0 && *status_line("Groups") == '\0',
              "it keeps the capability to bind low ports, and no other", "CapEff %s", status_line("CapEff"));
        char path[64], target[256];
        snprintf(path, sizeof path, "/proc/%d/root", f.ins);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        check(strstr(target, "(deleted)") != NULL || strcmp(target, "/") != 0,
              "its root directory is an empty one that is gone", "'%s'", target);
        struct sockaddr_in low = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int error = EADDRINUSE;
        for (uint16_t port = 1023; port > 512 && error == EADDRINUSE; port--) {
            low.sin_port = htons(port);
            error = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, &low, sizeof low).error;
        }
        check(error == 0, "it can still bind a port below 1024", "error %d", error);
    } else {
        check_skip("started by root it runs as nobody", "the test is not root");
    }
    int exit_status = frontend_stop(&f);
    check(exit_status == 0, "it ends with status 0 when the gateway closes the connection", "%d", exit_status);
}

static void waits_its_turn(void) {
    frontend_start(&f, NULL);
    serving();
    check(policy() == SCHED_BATCH, "the INS lets whoever wakes it finish its turn", "policy %d", policy());
    frontend_stop(&f);
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_IDLE, &none);
    frontend_start(&f, NULL);
    sched_setscheduler(0, SCHED_OTHER, &none);
    serving();
    check(policy() == SCHED_IDLE, "a scheduling policy that it was started with stays", "policy %d", policy());
    frontend_stop(&f);
}

static void another_user(void) {
    if (!is_root()) {
        check_skip("--user takes a number", "the test is not root");
        return;
    }
    frontend_start(&f, (const char *const[]){"--user", "54321", NULL});
    serving();
    check(strncmp(status_line("Uid"), "54321\t54321\t54321", 17) == 0, "--user takes a number", "Uid %s",
          status_line("Uid"));
    frontend_stop(&f);
}

static void unlocked(void) {
    frontend_start(&f, (const char *const[]){"--no-sandbox", NULL});
    serving();
    check(strcmp(status_line("Seccomp"), "0") == 0 && (unsigned)atoi(status_line("Uid")) == getuid(),
          "--no-sandbox leaves the process as it is", "Seccomp %s", status_line("Seccomp"));
    frontend_stop(&f);
}

static void no_memory_is_taken(void) {
    frontend_start(&f, NULL);
    uint16_t port = frontend_listen(&f, 0, AF_INET, 128);
    char before[64];
    snprintf(before, sizeof before, "%s", status_line("VmData"));
    for (uint32_t slot = 10; slot < 210; slot++) {
        frontend_grant(&f, slot, 0);
        uint32_t cell = frontend_post_accept(&f, 0, slot);
        int s = plain_connect(AF_INET, port);
        check_need(frontend_answer(&f, cell).error == 0, "ACCEPT");
        close(s);
    }
    check(strcmp(before, status_line("VmData")) == 0, "serving 200 connections takes no memory", "%s before, %s after",
          before, status_line("VmData"));
    frontend_stop(&f);
}

static void terminated(void) {
    frontend_start(&f, NULL);
    serving();
    kill(f.ins, SIGTERM);
    int status = check_wait(f.ins, FRONTEND_PATIENCE);
    check(status == 0, "SIGTERM ends it with status 0", "%d", status);
    close(f.control);
}

/* Starts an INS from a process that ends; another child keeps the control connection open until
 * `release` is closed. Returns the process id of the INS. */
static pid_t orphan(const char *const *arguments, int *release) {
    int hold[2];
    pid_t *ins = check_shared(sizeof *ins);
    check_need(pipe2(hold, O_CLOEXEC) == 0, "a pipe");
    pid_t parent = fork();
    check_need(parent >= 0, "fork");
    if (parent == 0) {
        close(hold[1]);
        frontend_start(&f, arguments);
        serving();
        *ins = f.ins;
        if (fork() == 0) {
            char end;
            ssize_t none = read(hold[0], &end, 1);
            _exit(none == 0 ? 0 : 1);
        }
        _exit(0);
    }
    waitpid(parent, NULL, 0);
    close(hold[0]);
    *release = hold[1];
    return *ins;
}

/* True if the process, not a child of this one, ends in time. */
static bool ends(pid_t process, int milliseconds) {
    int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
    if (pidfd < 0) return errno == ESRCH;
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    bool ended = poll(&p, 1, milliseconds) == 1;
    close(pidfd);
    return ended;
}

static void outlives_its_parent(void) {
    int release;
    if (!is_root()) {
        check_skip("--die-with-parent ends it with its parent", "without root the test cannot start it so");
        return;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* to leave no zombie to a careless init */
    pid_t ins = orphan((const char *const[]){"--die-with-parent", NULL}, &release);
    check(ends(ins, FRONTEND_PATIENCE), "--die-with-parent ends it with its parent", "it lives on");
    close(release);
    ins = orphan(NULL, &release);
    check(!ends(ins, 200), "otherwise it outlives its parent", "it has ended");
    close(release);
    check(ends(ins, FRONTEND_PATIENCE), "but not the control connection", "it lives on");
    while (waitpid(-1, NULL, 0) > 0) {}
}

/* ---- what it says ---- */

static char said[2048];

static void read_all(int descriptor) {
    size_t length = 0;
    ssize_t part;
    while (length < sizeof said - 1 && (part = read(descriptor, said + length, sizeof said - 1 - length)) > 0)
        length += (size_t)part;
    said[length] = '\0';
    close(descriptor);
}

/* Runs an INS that fails after its welcome; its exit status, with what it said in `said`. */
static int fails(const char *const *arguments, void (*then)(void)) {
    int pipes[2];
    check_need(pipe2(pipes, O_CLOEXEC) == 0, "a pipe");
    frontend_start_logged(&f, arguments, pipes[1]);
    close(pipes[1]);
    if (then != NULL) then();
    int status = check_wait(f.ins, FRONTEND_PATIENCE);
    close(f.control);
    read_all(pipes[0]);
    f = (struct frontend){0};
    return status;
}

static void other_versions(void) {
    f.welcome.layout_version = 99;
    f.welcome.error = EPROTO;
    int status = fails(NULL, NULL);
    check(status == 1 && strstr(said, "version 99") != NULL && strstr(said, "same source") != NULL,
          "a gateway of another layout version is named, with the remedy", "status %d: %s", status, said);
    f.welcome.error = EPERM;
    status = fails(NULL, NULL);
    check(status == 1 && strstr(said, "refuses") != NULL, "a gateway that refuses is named", "status %d: %s", status,
          said);
}

static void break_command_ring(void) {
    serving();
    atomic_fetch_add(&f.region.header->command_tail, 100000);
    frontend_tell(&f, 1);
}

static int listener; /* open until the INS has ended: its end would reset the connection */

static void break_out_ring(void) {
    uint16_t port;
    listener = plain_listen(AF_INET, &port);
    frontend_connect(&f, 1, 0, AF_INET, port);
    atomic_store(&frontend_slot(&f, 1)->out_tail, 1u << 30);
    frontend_tell(&f, 1);
}

static void broken_protocol(void) {
    int status = fails(NULL, break_command_ring);
    check(status == 1 && strstr(said, "region 7: command ring: producer ") != NULL &&
              strstr(said, "beyond capacity 256") != NULL,
          "an impossible command ring ends the INS, and is named", "status %d: %s", status, said);
    status = fails(NULL, break_out_ring);
    close(listener);
    check(status == 1 && strstr(said, "region 7: slot 1: out ring") != NULL,
          "an impossible out ring ends the INS, and is named", "status %d: %s", status, said);
}

struct program {
    const char *const *arguments;
    int output;
};

static int run_program(void *argument) {
    const struct program *p = argument;
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    path[length] = '\0';
    for (int up = 0; up < 3; up++) *strrchr(path, '/') = '\0';
    strcat(path, "/ringfence-ins");
    dup2(p->output, STDOUT_FILENO);
    dup2(p->output, STDERR_FILENO);
    const char *command[8] = {path};
    for (int i = 0; i < 6 && p->arguments[i] != NULL; i++) command[i + 1] = p->arguments[i];
    execv(command[0], (char *const *)command);
    return 96;
}

/* What the program says to arguments that let it end at once. */
static void says(const char *sentence, int expected, const char *text, const char *const *arguments) {
    int pipes[2];
    check_need(pipe2(pipes, O_CLOEXEC) == 0, "a pipe");
    struct program program = {arguments, pipes[1]};
    pid_t child = check_spawn(run_program, &program);
    close(pipes[1]);
    read_all(pipes[0]);
    int status = check_wait(child, FRONTEND_PATIENCE);
    check(status == expected && strstr(said, text) != NULL, sentence, "status %d: %s", status, said);
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void command_line(void) {
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    says("--help says how it is used", 0, "--socket PATH", ARGUMENTS("--help"));
    says("without --socket it says what is missing", 1, "--socket PATH is missing", (const char *const[]){NULL});
    says("an unknown option is an error", 1, "--help", ARGUMENTS("--nonsense"));
    says("a further argument is an error", 1, "unexpected argument 'x'", ARGUMENTS("--socket", "/x", "x"));
    says("a missing gateway is named", 1, "cannot connect to the gateway at '/nonexistent/ins.sock'",
         ARGUMENTS("--socket", "/nonexistent/ins.sock"));
    says("a path too long is named with the limit", 1, "at most 107", ARGUMENTS("--socket", longest));
    says("an impossible linger time is an error", 1, "--linger '0'", ARGUMENTS("--socket", "/x", "--linger", "0"));
    says("an unknown ABI is an error", 1, "--abi 'solaris'", ARGUMENTS("--socket", "/x", "--abi", "solaris"));
    if (geteuid() == 0) {
        says("an unknown user is named", 1, "'nobody-of-this-name': no such user",
             ARGUMENTS("--socket", "/x", "--user", "nobody-of-this-name"));
        says("root is no user to run as", 1, "is root", ARGUMENTS("--socket", "/x", "--user", "root"));
    } else {
        says("--user needs root", 1, "only root", ARGUMENTS("--socket", "/x", "--user", "nobody"));
    }
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    command_line();
    locked_down();
    waits_its_turn();
    another_user();
    unlocked();
    no_memory_is_taken();
    terminated();
    outlives_its_parent();
    f = (struct frontend){0};
    other_versions();
    broken_protocol();
    return check_end();
}
