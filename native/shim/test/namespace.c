/* A program that makes itself a network namespace of its own is alone in there, with what it has opened before. */
#include "check.h"

#include <net/if.h>
#include <sched.h>
#include <sys/syscall.h>

static int refused_at(int port) {
    struct endpoint there = loopback(AF_INET, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), error = connect(fd, (void *)&there.address, there.length) == 0 ? 0 : errno;
    close(fd);
    return error;
}

/* Switches the loopback interface of the new namespace on. */
static bool lights_up(void) {
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    close(fd);
    return up;
}

static bool is_alone(int port, int inherited) {
    struct if_nameindex *all = if_nameindex();
    bool alone = all != NULL && all[0].if_index == 1 && all[1].if_index == 0;
    char byte;
    if_freenameindex(all);
    return check(alone, "it has the loopback interface and no other") && check(refused_at(port) == ECONNREFUSED, "nobody of outside listens there") &&
           check(write(inherited, "i", 1) == 1 && read(inherited, &byte, 1) == 1 && byte == 'o', "a connection from before goes on");
}

/* Another thread has not left. */
static void *stays(void *port) {
    return refused_at(*(int *)port) == 0 ? NULL : port;
}

static bool inside(int port, int inherited, const char *program) {
    pthread_t thread;
    void *failed = &port;
    int ends[2];
    char number[16], connection_number[16];
    if (!check(lights_up(), "a namespace of its own is its to change") || !is_alone(port, inherited)) return false;
    connection(AF_INET, ends);
    if (!check(write(ends[0], "x", 1) == 1 && read(ends[1], number, 1) == 1, "connections within it are made")) return false;
    if (pthread_create(&thread, NULL, stays, &port) != 0 || pthread_join(thread, &failed) != 0) return false;
    if (!check(failed == &port, "its threads are in there with it")) return false;
    snprintf(number, sizeof number, "%d", port), snprintf(connection_number, sizeof connection_number, "%d", inherited);
    pid_t child = fork();
    if (child == 0) {
        execle(program, program, number, connection_number, (char *)NULL, (char *[]){NULL});
        _exit(127);
    }
    return check(exited_well(child), "and so is the program that it executes");
}

/* How a child of its own comes to be in another namespace. 0, or why not. */
static int leaves(bool by_number) {
    if (geteuid() == 0) return (by_number ? syscall(SYS_unshare, CLONE_NEWNET) : unshare(CLONE_NEWNET)) == 0 ? 0 : errno;
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : errno;
}

int main(int argc, char **argv) {
    if (argc == 3) return is_alone(atoi(argv[1]), atoi(argv[2])) ? 0 : 1;
    int open = listener(AF_INET), ends[2];
    struct endpoint there = local_of(open);
    char byte;
    for (int by_number = 0; by_number < 2; by_number++) {
        connection(AF_INET, ends);
        fcntl(ends[0], F_SETFD, 0);
        pid_t child = fork();
        if (child == 0) {
            int error = leaves(by_number);
            if (error != 0) {
                printf("# no namespace for this program: %s\n", strerror(error));
                _exit(error == EPERM || error == ENOSPC ? 77 : 1);
            }
            _exit(inside(port_of(&there), ends[0], argv[0]) ? 0 : 1);
        }
        close(ends[0]);
        while (read(ends[1], &byte, 1) == 1) need(byte == 'i' && write(ends[1], "o", 1) == 1);
        int status;
        need(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) == 77) return 0;
        check(WEXITSTATUS(status) == 0, "a child has left its network namespace");
        close(ends[1]);
    }
    check(refused_at(port_of(&there)) == 0, "who has not left is where he was");
    finished();
}
