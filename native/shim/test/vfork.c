/* A child of vfork that closes everything, as Python's subprocess does, leaves its parent's sockets alone. */
#include "check.h"

extern char **environ;

int main(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    for (int round = 0; round < 3; round++) {
        pid_t child = vfork();
        if (child == 0) {
            for (int fd = 3; fd < 1024; fd++) close(fd);
            dup2(1, 5);
            execl("/bin/true", "true", (char *)NULL);
            _exit(127);
        }
        check(exited_well(child), "a child of vfork closes all descriptors and runs a program");
        check(write(ends[0], "v", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'v',
              "its parent's connection works");
    }
    check(system("true") == 0 && write(ends[1], "s", 1) == 1 && read(ends[0], &byte, 1) == 1, "also after system()");
    int more[2];
    connection(AF_INET6, more);
    check(write(more[0], "n", 1) == 1 && read(more[1], &byte, 1) == 1, "and the parent opens new ones");
    finished();
}
