/* Processes that share sockets: workers that wait in accept, children that go on with a connection. */
#include "check.h"

static void workers(void) {
    enum { WORKERS = 4, CONNECTIONS = 60 };
    int listening = listener(AF_INET), answered = 0;
    pid_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        if ((workers[i] = fork()) != 0) continue;
        for (;;) {
            int fd = accept(listening, NULL, NULL);
            if (fd < 0) _exit(1);
            char byte;
            while (read(fd, &byte, 1) == 1) need(write(fd, &byte, 1) == 1);
            close(fd);
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        if (i == 20) {
            /* A killed worker takes no connection of the others along. */
            kill(workers[0], SIGKILL);
            waitpid(workers[0], NULL, 0);
        }
        int fd = connected_to(listening);
        char said = (char)i, heard;
        answered += write(fd, &said, 1) == 1 && read(fd, &heard, 1) == 1 && heard == said;
        close(fd);
    }
    check(answered == CONNECTIONS, "%d connections are answered by %d forked workers, one of them killed: %d",
          CONNECTIONS, WORKERS, answered);
    for (int i = 1; i < WORKERS; i++) kill(workers[i], SIGKILL);
    for (int i = 1; i < WORKERS; i++) waitpid(workers[i], NULL, 0);
    close(listening);
}

static void child_goes_on(void) {
    int ends[2];
    char bytes[8];
    connection(AF_INET, ends);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        char got[5];
        _exit(read_all(ends[1], got, 5) && memcmp(got, "hello", 5) == 0 && write(ends[1], "child", 5) == 5 ? 0 : 1);
    }
    close(ends[1]);
    need(write(ends[0], "hello", 5) == 5);
    check(read_all(ends[0], bytes, 5) && memcmp(bytes, "child", 5) == 0, "a child goes on with its parent's connection");
    check(exited_well(child) && read(ends[0], bytes, 1) == 0, "and when it exits the connection ends");
    close(ends[0]);
}

static void both_hold(void) {
    int ends[2];
    char byte;
    connection(AF_INET, ends);
    pid_t child = fork();
    if (child == 0) _exit(0);
    need(exited_well(child));
    check(polled(ends[0], POLLIN, 50) == 0 && write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1,
          "a child that exits leaves its parent's connection open");
    close(ends[0]), close(ends[1]);
}

/* Several children read one connection; every byte goes to one of them. */
static void shared_reading(void) {
    enum { CHILDREN = 3, BYTES = 30000 };
    int ends[2];
    pid_t children[CHILDREN];
    int totals[2];
    connection(AF_INET, ends);
    need(pipe(totals) == 0);
    for (int i = 0; i < CHILDREN; i++) {
        if ((children[i] = fork()) != 0) continue;
        close(ends[0]);
        char buffer[70];
        long total = 0;
        ssize_t n;
        while ((n = read(ends[1], buffer, sizeof buffer)) > 0) total += n;
        _exit(write(totals[1], &total, sizeof total) == sizeof total && n == 0 ? 0 : 1);
    }
    static char block[100];
    for (int i = 0; i < BYTES / 100; i++) need(write(ends[0], block, 100) == 100);
    shutdown(ends[0], SHUT_WR);
    long sum = 0, one;
    bool well = true;
    for (int i = 0; i < CHILDREN; i++) well &= exited_well(children[i]);
    for (int i = 0; i < CHILDREN && well; i++) sum += read(totals[0], &one, sizeof one) == sizeof one ? one : 0;
    check(sum == BYTES, "%d processes that read one connection share its bytes: %ld of %d", CHILDREN, sum, BYTES);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    workers();
    child_goes_on();
    both_hold();
    shared_reading();
    finished();
}
