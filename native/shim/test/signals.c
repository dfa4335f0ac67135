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
    over = false;
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

/* The calls that wait to receive, each on ends[1]; -1 and errno, or bytes. */
static ssize_t by_read(void) { return read(ends[1], &(char){0}, 1); }
static ssize_t by_readv(void) { return readv(ends[1], &(struct iovec){&(char){0}, 1}, 1); }
static ssize_t by_recvfrom(void) { return recvfrom(ends[1], &(char){0}, 1, 0, NULL, NULL); }
static ssize_t by_recvmsg(void) {
    struct iovec in = {&(char){0}, 1};
    return recvmsg(ends[1], &(struct msghdr){.msg_iov = &in, .msg_iovlen = 1}, 0);
}
static ssize_t by_recvmmsg(void) {
    struct iovec in = {&(char){0}, 1};
    struct mmsghdr one = {.msg_hdr = {.msg_iov = &in, .msg_iovlen = 1}};
    return recvmmsg(ends[1], &one, 1, 0, NULL);
}
static int ordinary[2];
static ssize_t by_splice(void) { return splice(ends[1], NULL, ordinary[1], NULL, 1, 0); }
static ssize_t by_poll(void) { return poll(&(struct pollfd){.fd = ends[1], .events = POLLIN}, 1, -1); }
static ssize_t by_select(void) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    return select(ends[1] + 1, &set, NULL, NULL, NULL);
}
static ssize_t by_epoll(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0);
    ssize_t result = epoll_wait(epoll, &event, 1, -1);
    int error = errno;
    close(epoll);
    errno = error;
    return result;
}

static const struct {
    ssize_t (*call)(void);
    const char *name;
    bool restarts;
} calls[] = {{by_read, "read", true},         {by_readv, "readv", true},     {by_recvfrom, "recvfrom", true},
             {by_recvmsg, "recvmsg", true},   {by_recvmmsg, "recvmmsg", true}, {by_splice, "splice", true},
             {by_poll, "poll", false},        {by_select, "select", false},  {by_epoll, "epoll_wait", false}};

static void every_call(void) {
    pthread_t self = pthread_self(), thread;
    char byte;
    connection(AF_INET, ends);
    need(pipe(ordinary) == 0);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        install(SIGUSR1, count, 0);
        over = false;
        need(pthread_create(&thread, NULL, interrupt, &self) == 0);
        check(calls[i].call() == -1 && errno == EINTR, "a signal interrupts %s", calls[i].name);
        over = true;
        pthread_join(thread, NULL);
        install(SIGUSR1, count, SA_RESTART);
        over = false;
        handled = 0;
        need(pthread_create(&thread, NULL, calls[i].restarts ? interrupt_and_write : interrupt, &self) == 0);
        ssize_t result = calls[i].call();
        if (calls[i].restarts) check(result == 1 && handled >= 10, "with SA_RESTART %s goes on", calls[i].name);
        else check(result == -1 && errno == EINTR, "with SA_RESTART %s is interrupted, too", calls[i].name);
        over = true;
        pthread_join(thread, NULL);
        while (recv(ends[1], &byte, 1, MSG_DONTWAIT) > 0) continue;
    }
    struct timeval limit = {.tv_sec = 20};
    need(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    over = false;
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    check(recv(ends[1], &byte, 1, 0) == -1 && errno == EINTR, "a call with a time-out is never restarted");
    over = true;
    pthread_join(thread, NULL);
    close(ends[0]), close(ends[1]), close(ordinary[0]), close(ordinary[1]);
}

/* Nobody reads. */
static void senders(void) {
    pthread_t self = pthread_self(), thread;
    static char block[32 << 20];
    connection(AF_INET, ends);
    install(SIGUSR1, count, 0);
    over = false;
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    ssize_t sent = 0, n;
    while ((n = write(ends[0], block, sizeof block)) > 0) sent += n;
    check(n == -1 && errno == EINTR && sent > 0, "a signal interrupts write, which tells what it has written until then");
    over = true;
    pthread_join(thread, NULL);
    install(SIGUSR1, count, SA_RESTART);
    void *total;
    handled = 0;
    over = false;
    need(pthread_create(&thread, NULL, interrupt, &self) == 0);
    pthread_t drainer;
    need(pthread_create(&drainer, NULL, drain, NULL) == 0);
    for (n = 0; sent < 3 * (ssize_t)sizeof block; sent += n) {
        n = send(ends[0], block, sizeof block, 0);
        need(n > 0);
    }
    over = true;
    shutdown(ends[0], SHUT_WR);
    pthread_join(thread, NULL), pthread_join(drainer, &total);
    check((ssize_t)(long)total == sent, "with SA_RESTART it goes on, and loses nothing");
    close(ends[0]), close(ends[1]);
}

int main(void) {
    handler_sends();
    every_call();
    senders();
    interrupted();
    finished();
}
