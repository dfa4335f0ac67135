/* A server echoes what a client sends, over IPv4 and IPv6, one connection after the other and many at once. */
#include "check.h"

static void *serve(void *argument) {
    int listening = *(int *)argument;
    char buffer[1000];
    for (int i = 0; i < 20; i++) {
        int fd = accept(listening, NULL, NULL);
        need(fd >= 0);
        ssize_t n;
        while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) need(send(fd, buffer, (size_t)n, 0) == n);
        need(n == 0);
        close(fd);
    }
    return NULL;
}

static void echo_over(int family, const char *name) {
    int listening = listener(family);
    pthread_t server;
    need(pthread_create(&server, NULL, serve, &listening) == 0);
    int equal = 0;
    for (int i = 0; i < 20; i++) {
        char said[300], heard[300];
        int fd = connected_to(listening);
        for (int round = 0; round < 10; round++) {
            memset(said, 'a' + round, sizeof said);
            need(write(fd, said, sizeof said) == sizeof said);
            equal += read_all(fd, heard, sizeof heard) && memcmp(said, heard, sizeof said) == 0;
        }
        close(fd);
    }
    pthread_join(server, NULL);
    check(equal == 200, "20 connections over %s echo 10 messages each: %d", name, equal);
    close(listening);
}

static void many_at_once(void) {
    enum { COUNT = 60 };
    int listening = listener(AF_INET), clients[COUNT], servers[COUNT], right = 0;
    for (int i = 0; i < COUNT; i++) clients[i] = connected_to(listening);
    for (int i = 0; i < COUNT; i++) need((servers[i] = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    for (int i = 0; i < COUNT; i++) need(write(clients[i], &i, sizeof i) == sizeof i);
    for (int i = 0; i < COUNT; i++) {
        int number;
        need(read_all(servers[i], &number, sizeof number));
        need(write(servers[i], &number, sizeof number) == sizeof number);
    }
    for (int i = 0; i < COUNT; i++) {
        int number;
        right += read_all(clients[i], &number, sizeof number) && number == i;
        close(clients[i]);
        close(servers[i]);
    }
    check(right == COUNT, "%d connections at once do not mix their bytes", COUNT);
    close(listening);
}

int main(void) {
    echo_over(AF_INET, "IPv4");
    echo_over(AF_INET6, "IPv6");
    many_at_once();
    finished();
}
