/* Signals: handlers that send, calls that are interrupted, calls that are restarted. */
#include "check.h"

static int ends[2];
static volatile sig_atomic_t handled;

static void send_one(int number) {
    (void)number;
    int kept = errno;
    if (send(ends[0], "h", 1, MSG_DONTWAIT) == 1) handled++;
    errno = kept;
}

static void count(int number) {
    (void)number;
    handled++;
}

static void install(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    need(sigaction(number, &action, NULL) == 0);
}

static void *drain(void *argument) {
    char buffer[4096];
    long total = 0;
    ssize_t n;
    (void)argument;
    while ((n = read(ends[1], buffer, sizeof buffer)) > 0) total += n;
    return (void *)total;
}

static void handler_sends(void) {
    pthread_t thread;
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    void *total;
    connection(AF_INET, ends);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGPROF);
    /* Only the sending thread takes the signal. */
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    need(pthread_create(&thread, NULL, drain, NULL) == 0);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    install(SIGPROF, send_one, SA_RESTART);
    setitimer(ITIMER_PROF, &often, NULL);
    long sent = 0;
    double end = seconds() + 10;
    for (int i = 0; (i < 100000 || handled < 20) && seconds() < end; i++) sent += send(ends[0], "abc", 3, 0) == 3 ? 3 : 0;
    setitimer(ITIMER_PROF, &never, NULL);
    shutdown(ends[0], SHUT_WR);
    pthread_join(thread, &total);
    check(handled >= 20 && (long)total == sent + handled, "a handler sends while its thread is sending: %d times",
          (int)handled);
    close(ends[0]), close(ends[1]);
}

static void *interrupt(void *argument) {
    pthread_t thread = *(pthread_t *)argument;
    while (handled == 0) {
        pthread_kill(thread, SIGUSR1);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (ends[0] >= 0) need(write(ends[0], "late", 4) == 4);
    return NULL;
}

static void interrupted(void) {
    pthread_t self = pthread_self(), thread;
    char bytes[4];
    connection(AF_INET, ends);
    int writer = ends[0];
    ends[0] = -1;
    handled = 0;
    install(SIGUSR1, count, 0);
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(recv(ends[1], bytes, 4, 0) == -1 && errno == EINTR, "a signal interrupts recv");
    pthread_join(thread, NULL);
    int listening = listener(AF_INET);
    handled = 0;
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(accept(listening, NULL, NULL) == -1 && errno == EINTR, "and accept");
    pthread_join(thread, NULL);
    close(listening);
    ends[0] = writer;
    handled = 0;
    install(SIGUSR1, count, SA_RESTART);
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(recv(ends[1], bytes, 4, 0) == 4 && handled > 0, "with SA_RESTART recv goes on");
    pthread_join(thread, NULL);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    handler_sends();
    interrupted();
    finished();
}
