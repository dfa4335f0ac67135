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

static _Atomic bool over;

static void send_signal(pthread_t thread) {
    pthread_kill(thread, SIGUSR1);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Until the thread's call has ended: one signal may come before the call. */
static void *interrupt(void *argument) {
    while (!over) send_signal(*(pthread_t *)argument);
    return NULL;
}

static void *interrupt_and_write(void *argument) {
    while (handled < 10) send_signal(*(pthread_t *)argument);
    need(write(ends[0], "late", 4) == 4);
    return NULL;
}

static void interrupted(void) {
    pthread_t self = pthread_self(), thread;
    char bytes[4];
    int listening = listener(AF_INET);
    connection(AF_INET, ends);
    install(SIGUSR1, count, 0);
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(recv(ends[1], bytes, 4, 0) == -1 && errno == EINTR, "a signal interrupts recv");
    over = true;
    pthread_join(thread, NULL);
    over = false;
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(accept(listening, NULL, NULL) == -1 && errno == EINTR, "and accept");
    over = true;
    pthread_join(thread, NULL);
    handled = 0;
    install(SIGUSR1, count, SA_RESTART);
    need(pthread_create(&thread, NULL, interrupt_and_write, &self) == 0);
    check(recv(ends[1], bytes, 4, 0) == 4 && handled >= 10, "with SA_RESTART recv goes on");
    pthread_join(thread, NULL);
    close(ends[0]), close(ends[1]), close(listening);
}

int main(void) {
    handler_sends();
    interrupted();
    finished();
}
