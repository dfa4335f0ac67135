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
    handled = 0;
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

/* ---- handlers that waited for a call of the shim to let go ---- */

enum { QUEUED = 20000 };
static volatile sig_atomic_t next, wrong;

static void in_turn(int number, siginfo_t *info, void *context) {
    if (number != SIGRTMIN || info->si_code != SI_QUEUE || info->si_pid != getpid() || info->si_value.sival_int != next ||
        context == NULL)
        wrong++;
    next++;
    send_one(number);
}

static void *queue_signals(void *argument) {
    (void)argument;
    for (int i = 0; i < QUEUED; i++)
        while (sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}) != 0) sched_yield();
    return NULL;
}

static void told_in_full(void) {
    pthread_t drainer, queuer;
    sigset_t queued, now;
    void *total;
    connection(AF_INET, ends);
    struct sigaction action = {.sa_sigaction = in_turn, .sa_flags = SA_SIGINFO | SA_RESTART};
    need(sigaction(SIGRTMIN, &action, NULL) == 0);
    sigemptyset(&queued);
    sigaddset(&queued, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &queued, NULL);
    need(pthread_create(&drainer, NULL, drain, NULL) == 0 && pthread_create(&queuer, NULL, queue_signals, NULL) == 0);
    handled = 0;
    pthread_sigmask(SIG_UNBLOCK, &queued, NULL);
    long sent = 0;
    for (double end = seconds() + 60; next < QUEUED && seconds() < end;) sent += send(ends[0], "abc", 3, 0) == 3 ? 3 : 0;
    pthread_join(queuer, NULL);
    shutdown(ends[0], SHUT_WR);
    pthread_join(drainer, &total);
    check(next == QUEUED && wrong == 0, "each of %d queued signals comes once, in turn, with all that was told: %d, %d wrong", QUEUED,
          (int)next, (int)wrong);
    check((long)total == sent + handled, "and what its handler sends is not lost");
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    check(!sigismember(&now, SIGTERM) && !sigismember(&now, SIGRTMIN), "afterwards no signal is blocked");
    close(ends[0]), close(ends[1]);
}

/* Handlers that interrupt each other, and the thread's sections, in any order. */
enum { KINDS = 3, OF_EACH = 5000 };
static volatile sig_atomic_t came[KINDS], out_of_turn;

static void of_a_kind(int number, siginfo_t *info, void *context) {
    (void)context;
    int kind = number - SIGRTMIN - 1;
    if (info->si_value.sival_int != came[kind]) out_of_turn++;
    came[kind]++;
    send_one(number);
}

static void *queue_kind(void *argument) {
    int number = SIGRTMIN + 1 + (int)(long)argument;
    for (int i = 0; i < OF_EACH; i++)
        while (sigqueue(getpid(), number, (union sigval){.sival_int = i}) != 0) sched_yield();
    return NULL;
}

static void interrupt_each_other(void) {
    pthread_t drainer, queuers[KINDS];
    sigset_t kinds, now;
    void *total;
    connection(AF_INET, ends);
    sigemptyset(&kinds);
    for (int kind = 0; kind < KINDS; kind++) {
        struct sigaction action = {.sa_sigaction = of_a_kind, .sa_flags = SA_SIGINFO | SA_RESTART};
        sigaddset(&kinds, SIGRTMIN + 1 + kind);
        need(sigaction(SIGRTMIN + 1 + kind, &action, NULL) == 0);
    }
    pthread_sigmask(SIG_BLOCK, &kinds, NULL);
    need(pthread_create(&drainer, NULL, drain, NULL) == 0);
    for (long kind = 0; kind < KINDS; kind++) need(pthread_create(&queuers[kind], NULL, queue_kind, (void *)kind) == 0);
    handled = 0;
    pthread_sigmask(SIG_UNBLOCK, &kinds, NULL);
    long sent = 0;
    for (double end = seconds() + 60; came[0] + came[1] + came[2] < KINDS * OF_EACH && seconds() < end;)
        sent += send(ends[0], "abc", 3, 0) == 3 ? 3 : 0;
    for (int kind = 0; kind < KINDS; kind++) pthread_join(queuers[kind], NULL);
    shutdown(ends[0], SHUT_WR);
    pthread_join(drainer, &total);
    check(came[0] == OF_EACH && came[1] == OF_EACH && came[2] == OF_EACH && out_of_turn == 0,
          "handlers that interrupt each other: %d, %d and %d of %d, %d out of turn", (int)came[0], (int)came[1], (int)came[2], OF_EACH,
          (int)out_of_turn);
    check((long)total == sent + handled, "and nothing that they send is lost");
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    check(!sigismember(&now, SIGTERM) && !sigismember(&now, SIGRTMIN + 1), "nor is a signal left blocked");
    close(ends[0]), close(ends[1]);
}

static void remembered(void) {
    struct sigaction old, action = {.sa_sigaction = in_turn, .sa_flags = SA_SIGINFO};
    check(signal(SIGUSR2, count) == SIG_DFL && signal(SIGUSR2, send_one) == count, "signal() tells the handler of before");
    check(sigaction(SIGUSR2, &action, &old) == 0 && old.sa_handler == send_one && (old.sa_flags & SA_SIGINFO) == 0,
          "sigaction() tells what signal() has set");
    check(sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_sigaction == in_turn && (old.sa_flags & SA_SIGINFO) != 0,
          "and what it has set itself");
    check(sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL, "a signal that cannot be caught has no handler");
    check(sigaction(NSIG, &action, NULL) == -1 && errno == EINVAL && signal(-1, count) == SIG_ERR, "nor has one that there is not");
    check(signal(SIGUSR2, SIG_IGN) == (void (*)(int))(void *)in_turn && raise(SIGUSR2) == 0 && signal(SIGUSR2, SIG_DFL) == SIG_IGN,
          "it can be ignored afterwards");
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

/* From here on the shim blocks signals instead. */
static void there_once(void) {
    struct sigaction old;
    handled = 0;
    install(SIGUSR2, count, SA_RESETHAND);
    raise(SIGUSR2);
    check(handled == 1 && sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == SIG_DFL, "with SA_RESETHAND it is there once");
}

int main(void) {
    remembered();
    told_in_full();
    interrupt_each_other();
    handler_sends();
    every_call();
    senders();
    interrupted();
    there_once();
    handler_sends();
    finished();
}
