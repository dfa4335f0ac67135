/* The gateway goes down under a program's hands: nothing hangs, everything says what happened, and a new
 * gateway at the same place serves new sockets.
 *
 *   abandoned GATEWAY-PID GATEWAY-PROGRAM        (behind the shim only) */
#include "check.h"

static void *waiting(void *argument) {
    char byte;
    return (void *)(intptr_t)(recv(*(int *)argument, &byte, 1, 0) < 0 ? errno : 0);
}

static void *filling(void *argument) {
    static char block[1 << 20];
    while (send(*(int *)argument, block, sizeof block, MSG_NOSIGNAL) > 0) continue;
    return (void *)(intptr_t)errno;
}

static void *accepting(void *argument) {
    return (void *)(intptr_t)(accept(*(int *)argument, NULL, NULL) < 0 ? errno : 0);
}

int main(int argc, char **argv) {
    int ends[2], more[2], listening = listener(AF_INET);
    pthread_t receiver, sender, acceptor;
    void *received, *sent, *accepted;
    need(argc == 3);
    connection(AF_INET, ends);
    connection(AF_INET, more);
    need(pthread_create(&receiver, NULL, waiting, &ends[0]) == 0);
    need(pthread_create(&sender, NULL, filling, &more[0]) == 0);
    need(pthread_create(&acceptor, NULL, accepting, &listening) == 0);
    kill(atoi(argv[1]), SIGKILL);
    pthread_join(receiver, &received);
    check((intptr_t)received == ECONNRESET, "recv ends with ECONNRESET: %d", (int)(intptr_t)received);
    pthread_join(sender, &sent);
    check((intptr_t)sent == ECONNRESET, "a blocked send ends with ECONNRESET: %d", (int)(intptr_t)sent);
    pthread_join(acceptor, &accepted);
    check((intptr_t)accepted == ENETDOWN, "accept ends with ENETDOWN: %d", (int)(intptr_t)accepted);
    check((polled(ends[0], POLLIN, 1000) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP), "poll tells it too");
    check(listen(listening, 5) == -1 && errno == ENETDOWN, "calls fail with ENETDOWN");
    check(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENETDOWN, "and so does socket()");
    char path[200];
    snprintf(path, sizeof path, "%s", getenv("RINGFENCE_ATTACH"));
    need(unlink(path) == 0);
    pid_t gateway = fork();
    if (gateway == 0) {
        /* Programs that this one starts are behind the gateway, unless it says so. */
        setenv("RINGFENCE_ATTACH", "", 1);
        execl(argv[2], "gateway", path, (char *)NULL);
        _exit(127);
    }
    double end = seconds() + 5;
    while (access(path, F_OK) != 0 && seconds() < end) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    char byte = 0;
    int next[2];
    connection(AF_INET, next);
    check(write(next[0], "n", 1) == 1 && read(next[1], &byte, 1) == 1 && byte == 'n', "a new gateway serves new sockets");
    check(send(ends[1], "x", 1, MSG_NOSIGNAL) == -1 && errno == ECONNRESET, "and the old ones stay dead");
    check(close(ends[0]) == 0 && close(ends[1]) == 0 && close(listening) == 0, "and can be closed");
    kill(gateway, SIGTERM);
    waitpid(gateway, NULL, 0);
    finished();
}
