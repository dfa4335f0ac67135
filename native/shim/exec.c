/* The exec family, posix_spawn() and the calls of libc that start a shell: the next program is behind the gateway
 * whatever environment it is given. In a child of vfork nothing but the stack is written. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "entry.h"
#include "environment.h"
#include "loan.h"
#include "reach.h"
#include "real.h"
#include "watch.h"

extern char **environ;

/* Replaces an environment by a completed one, on the stack of the function in which it stands. */
#define COMPLETE(environment)                                                               \
    do {                                                                                    \
        size_t bytes = environment_needs(environment);                                      \
        if (bytes != 0) environment = environment_complete(environment, __builtin_alloca(bytes)); \
    } while (0)

int shim_execve(const char *path, char *const arguments[], char *const environment[]) {
    reach_look(path, 0);
    COMPLETE(environment);
    watch_break_all();
    return real.execve(path, arguments, environment);
}

int shim_execv(const char *path, char *const arguments[]) { return shim_execve(path, arguments, environ); }

int shim_execvpe(const char *file, char *const arguments[], char *const environment[]) {
    reach_look(file, 1);
    COMPLETE(environment);
    watch_break_all();
    return real.execvpe(file, arguments, environment);
}

int shim_execvp(const char *file, char *const arguments[]) { return shim_execvpe(file, arguments, environ); }

int shim_fexecve(int fd, char *const arguments[], char *const environment[]) {
    COMPLETE(environment);
    watch_break_all();
    return real.fexecve(fd, arguments, environment);
}

int shim_execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags) {
    COMPLETE(environment);
    watch_break_all();
    return real.execveat(directory, path, arguments, environment, flags);
}

int shim_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    reach_look(path, 0);
    COMPLETE(environment);
    loan_suspend();
    int result = real.posix_spawn(pid, path, actions, attributes, arguments, environment);
    loan_resume();
    return result;
}

int shim_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    reach_look(file, 1);
    COMPLETE(environment);
    loan_suspend();
    int result = real.posix_spawnp(pid, file, actions, attributes, arguments, environment);
    loan_resume();
    return result;
}

static void resume(void *unused) {
    (void)unused;
    loan_resume();
}

int shim_system(const char *command) {
    int result;
    environment_restore();
    loan_suspend();
    pthread_cleanup_push(resume, NULL); /* a thread may be cancelled here */
    result = real.system(command);
    pthread_cleanup_pop(1);
    return result;
}

FILE *shim_popen(const char *command, const char *mode) {
    environment_restore();
    loan_suspend();
    FILE *pipe = real.popen(command, mode);
    loan_resume();
    return pipe;
}

/* The forms with their arguments in line. A NULL ends them; after it execle has the environment. */
#define EXPORTED(name) __attribute__((visibility("default"), used)) int exported_##name
#define COLLECT(first, rest)                                       \
    size_t count = 1;                                              \
    va_start(rest, first);                                         \
    while (va_arg(rest, char *) != NULL) count++;                  \
    va_end(rest);                                                  \
    char **arguments = __builtin_alloca((count + 1) * sizeof(char *)); \
    arguments[0] = (char *)(first);                                \
    va_start(rest, first);                                         \
    for (size_t i = 1; i <= count; i++) arguments[i] = va_arg(rest, char *)

EXPORTED(execl)(const char *path, const char *first, ...) __asm__("execl");
EXPORTED(execl)(const char *path, const char *first, ...) {
    va_list rest;
    COLLECT(first, rest);
    va_end(rest);
    return shim_execv(path, arguments);
}

EXPORTED(execlp)(const char *file, const char *first, ...) __asm__("execlp");
EXPORTED(execlp)(const char *file, const char *first, ...) {
    va_list rest;
    COLLECT(first, rest);
    va_end(rest);
    return shim_execvp(file, arguments);
}

EXPORTED(execle)(const char *path, const char *first, ...) __asm__("execle");
EXPORTED(execle)(const char *path, const char *first, ...) {
    va_list rest;
    COLLECT(first, rest);
    char *const *environment = va_arg(rest, char *const *);
    va_end(rest);
    return shim_execve(path, arguments, environment);
}
