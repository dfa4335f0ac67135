/* System calls made by the program's own code, as Go's compiler makes them: what they take and what they refuse, and how
 * such a program starts others, with an environment that it has made itself. */
#include "check.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* The mark of Go's linker. */
__attribute__((section(".note.go.buildid,\"a\",@note#"), used, aligned(4))) static const struct {
    uint32_t name_bytes, bytes, type;
    char name[4], id[4];
} note = {4, 4, 4, "Go\0", "id"};

/* In line: a child that shares the memory returns from nowhere. */
__attribute__((always_inline)) static inline long call(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static volatile sig_atomic_t handled;
static void handler(int number) { handled = number; }

static void pointers(void) {
    char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t mask = 0;
    stack_t stack;
    check(call(SYS_rt_sigprocmask, SIG_BLOCK, (long)nowhere, 0, 8) == -EFAULT && call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)nowhere, 8) == -EFAULT &&
              call(SYS_rt_sigprocmask, SIG_BLOCK, 8, (long)&mask, 8) == -EFAULT,
          "a mask that is not there");
    check(call(SYS_sigaltstack, (long)nowhere, 0, 0, 0) == -EFAULT && call(SYS_sigaltstack, 0, (long)nowhere, 0, 0) == -EFAULT, "a stack");
    check(call(SYS_rt_sigaction, SIGUSR1, 8, 0, 8) == -EFAULT && call(SYS_rt_sigaction, SIGUSR1, (long)nowhere, 0, 8) == -EFAULT &&
              call(SYS_rt_sigaction, SIGUSR1, 0, (long)nowhere, 8) == -EFAULT && call(SYS_rt_sigaction, SIGSYS, 8, 0, 8) == -EFAULT &&
              call(SYS_rt_sigaction, SIGSYS, 0, (long)nowhere, 8) == -EFAULT,
          "an action");
    check(call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&mask, 8) == 0 && call(SYS_sigaltstack, 0, (long)&stack, 0, 0) == 0, "and what is there");
    munmap(nowhere, 4096);
}

static bool has_stack(const stack_t *wanted) {
    stack_t own, libcs;
    return call(SYS_sigaltstack, 0, (long)&own, 0, 0) == 0 && sigaltstack(NULL, &libcs) == 0 && own.ss_sp == wanted->ss_sp &&
           libcs.ss_sp == wanted->ss_sp && own.ss_size == wanted->ss_size && libcs.ss_size == wanted->ss_size;
}

static void stacks(const stack_t *stack) {
    char *memory = mmap(NULL, stack->ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t other = {.ss_sp = memory, .ss_size = stack->ss_size}, none = {.ss_flags = SS_DISABLE}, small = {.ss_sp = memory, .ss_size = 8};
    check(call(SYS_sigaltstack, (long)&other, 0, 0, 0) == 0 && has_stack(&other), "a signal stack takes the place of another");
    check(call(SYS_sigaltstack, (long)&small, 0, 0, 0) == -ENOMEM && has_stack(&other), "but not one that is too small");
    check(call(SYS_sigaltstack, (long)&none, 0, 0, 0) == 0 && sigaltstack(NULL, &other) == 0 && other.ss_flags == SS_DISABLE, "or none");
    check(call(SYS_sigaltstack, (long)stack, 0, 0, 0) == 0 && has_stack(stack), "and the first comes back");
    munmap(memory, stack->ss_size);
}

/* ---- starting programs ---- */

enum way { VFORK, CLONE, FORK };

/* Arranges descriptors and signals as Go does: 5 is the socket. */
static pid_t execute(enum way way, int fd, const char *path, char *const *environment) {
    char *const arguments[] = {"past_libc", "connection", NULL};
    struct kernel_action none = {.handler = SIG_DFL};
    long number = way == VFORK ? SYS_vfork : way == CLONE ? SYS_clone : SYS_fork;
    long child = call(number, way == CLONE ? CLONE_VFORK | CLONE_VM | SIGCHLD : 0, 0, 0, 0);
    if (child != 0) return (pid_t)child;
    for (long signal = 1; signal <= 64; signal++) call(SYS_rt_sigaction, signal, (long)&none, 0, 8);
    call(SYS_dup3, fd, 5, 0, 0);
    for (long other = 6; other < 1024; other++) call(SYS_close, other, 0, 0, 0);
    long error = call(SYS_execve, (long)path, (long)arguments, (long)environment, 0);
    call(SYS_exit_group, error == -ENOENT ? 44 : 45, 0, 0, 0);
    return -1;
}

static int as_executed(int fd) {
    char bytes[5];
    return read_all(fd, bytes, 5) && memcmp(bytes, "hello", 5) == 0 && write(fd, "other", 5) == 5 ? 0 : 1;
}

static bool goes_on(int ends[2], enum way way, char *const *environment) {
    char bytes[5];
    pid_t child = execute(way, ends[1], "/proc/self/exe", environment);
    if (child <= 0 || write(ends[0], "hello", 5) != 5) return false;
    bool well = read_all(ends[0], bytes, 5) && memcmp(bytes, "other", 5) == 0;
    return exited_well(child) && well;
}

static void programs(int ends[2]) {
    enum { MANY = 30000 };
    static char *many[MANY + 1], *none[] = {NULL}, *one[] = {"A=B", NULL};
    for (int i = 0; i < MANY; i++) many[i] = "VARIABLE=VALUE";
    check(goes_on(ends, CLONE, none), "a program that is started without any environment goes on with a connection");
    check(goes_on(ends, CLONE, one), "with one of its own");
    check(goes_on(ends, CLONE, many), "with a large one");
    check(goes_on(ends, VFORK, none), "by vfork");
    check(goes_on(ends, FORK, none), "and by fork");
    int status = 0;
    pid_t child = execute(CLONE, ends[1], "/no/such/program", none);
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 44, "a program that is not there is told");
    check(call(SYS_clone, CLONE_VM | CLONE_VFORK | CLONE_THREAD, 0, 0, 0) == -EINVAL, "and a child that there cannot be");
}

static void afterwards(int ends[2], const stack_t *stack) {
    char byte = 0;
    check(call(SYS_write, ends[0], (long)"a", 1, 0) == 1 && call(SYS_read, ends[1], (long)&byte, 1, 0) == 1 && byte == 'a',
          "what children close stays open for their parent");
    call(SYS_kill, getpid(), SIGUSR1, 0, 0);
    check(handled == SIGUSR1, "its handler is what it was");
    check(has_stack(stack), "and so is its signal stack");
    int more[2];
    connection(AF_INET, more);
    check(write(more[1], "m", 1) == 1 && read(more[0], &byte, 1) == 1 && byte == 'm', "it opens new sockets");
    close(more[0]), close(more[1]);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "connection") == 0) return as_executed(5);
    /* Go has a signal stack in each thread. */
    stack_t stack = {.ss_size = 1 << 16};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(stack.ss_sp != MAP_FAILED && sigaltstack(&stack, NULL) == 0 && note.type == 4);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    need(sigaction(SIGUSR1, &action, NULL) == 0);
    int ends[2];
    connection(AF_INET, ends);
    pointers();
    stacks(&stack);
    programs(ends);
    afterwards(ends, &stack);
    finished();
}
