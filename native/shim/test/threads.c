/* Threads: one socket shared by many, and many sockets at once. */
#include "check.h"

enum { THREADS = 6, MESSAGES = 500, SIZE = 16 };

static void *send_messages(void *argument) {
    int fd = *(int *)argument;
    char message[SIZE];
    memset(message, 'm', sizeof message);
    for (int i = 0; i < MESSAGES; i++) need(send(fd, message, sizeof message, 0) == sizeof message);
    return NULL;
}

static void *count_bytes(void *argument) {
    int fd = *(int *)argument;
    char buffer[50];
    long total = 0;
    ssize_t n;
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) total += n;
    return (void *)total;
}

static void one_socket(void) {
    int ends[2];
    pthread_t senders[THREADS], receivers[THREADS];
    connection(AF_INET, ends);
    for (int i = 0; i < THREADS; i++) {
        need(pthread_create(&senders[i], NULL, send_messages, &ends[0]) == 0);
        need(pthread_create(&receivers[i], NULL, count_bytes, &ends[1]) == 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(senders[i], NULL);
    shutdown(ends[0], SHUT_WR);
    long total = 0;
    for (int i = 0; i < THREADS; i++) {
        void *got;
        pthread_join(receivers[i], &got);
        total += (long)got;
    }
    check(total == THREADS * MESSAGES * SIZE, "%d threads send and %d receive on one connection: %ld bytes", THREADS,
          THREADS, total);
    close(ends[0]), close(ends[1]);
}

static void *connect_and_talk(void *argument) {
    int listening = *(int *)argument;
    for (int i = 0; i < 40; i++) {
        int client = connected_to(listening), server = accept(listening, NULL, NULL);
        char byte;
        /* The accepted connection may be another thread's: only the number of bytes is known. */
        need(server >= 0 && write(client, "t", 1) == 1 && read(server, &byte, 1) == 1);
        close(client), close(server);
    }
    return argument;
}

static void many_sockets(void) {
    int listening = listener(AF_INET), done = 0;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) need(pthread_create(&threads[i], NULL, connect_and_talk, &listening) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        done += result != NULL;
    }
    check(done == THREADS, "%d threads connect and accept 40 times each", THREADS);
    close(listening);
}

static void *wait_for_byte(void *argument) {
    char byte;
    return (void *)(intptr_t)recv(*(int *)argument, &byte, 1, 0);
}

/* Each waits in recv; every byte has to wake one of them. */
static void waiters(void) {
    int ends[2], woken = 0;
    pthread_t threads[THREADS];
    connection(AF_INET, ends);
    for (int i = 0; i < THREADS; i++) need(pthread_create(&threads[i], NULL, wait_for_byte, &ends[1]) == 0);
    need(write(ends[0], "abcdef", THREADS) == THREADS);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        woken += (intptr_t)result == 1;
    }
    check(woken == THREADS, "%d threads that wait for a byte each all get one", THREADS);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    one_socket();
    many_sockets();
    for (int i = 0; i < 20; i++) waiters();
    finished();
}
