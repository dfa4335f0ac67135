/* The order between connections: who writes to several in turn is seen in that order, whichever way the other side looks. */
#include "check.h"

#include <sched.h>

enum { MOST = 100, SECONDS_EACH = 2 };

/* How the reader looks. EDGE: the order of the events. LEVEL, POLL: whoever is seen, those written before are seen, too. */
enum look { EDGE, EDGE_AWAKE, LEVEL, LEVEL_AWAKE, POLL };
static const char *const names[] = {"epoll, edge-triggered", "epoll, edge-triggered, awake", "epoll, level-triggered",
                                    "epoll, level-triggered, awake", "poll"};

static uint64_t seed = 88172645463325252u;
static uint64_t next_random(void) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

/* The order of a round: up, down, or any. */
static void shuffle(int *order, int count, int round) {
    for (int i = 0; i < count; i++) order[i] = round % 3 == 1 ? count - 1 - i : i;
    for (int i = count - 1; round % 3 == 2 && i > 0; i--) {
        int other = (int)(next_random() % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[other], order[other] = kept;
    }
}

static int instance(const int *fds, int count, uint32_t events) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    need(epoll >= 0);
    for (int i = 0; i < count; i++) {
        struct epoll_event e = {.events = events, .data.u32 = (uint32_t)i};
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e) == 0);
    }
    return epoll;
}

/* Readable connections, in the order in which they are told. poll() looks at those written last first: else one could be written to
 * behind its back, and a later one before its eyes. */
static int look_at(enum look look, int epoll, const int *fds, const int *order, int count, int *found) {
    struct epoll_event events[MOST];
    struct pollfd polls[MOST];
    int told = 0;
    if (look != POLL) {
        int n = epoll_wait(epoll, events, MOST, look == EDGE_AWAKE || look == LEVEL_AWAKE ? 0 : -1);
        for (int i = 0; i < n; i++) found[told++] = (int)events[i].data.u32;
        return told;
    }
    for (int i = 0; i < count; i++) polls[i] = (struct pollfd){.fd = fds[order[count - 1 - i]], .events = POLLIN};
    need(poll(polls, (nfds_t)count, -1) > 0);
    for (int i = count - 1; i >= 0; i--)
        if ((polls[i].revents & POLLIN) != 0) found[told++] = order[count - 1 - i];
    return told;
}

/* Reads a round. True if it was seen in its order. */
static bool reads_round(enum look look, int epoll, const int *fds, int count, int round) {
    int order[MOST], place[MOST], found[MOST], seen = 0;
    bool right = true;
    shuffle(order, count, round);
    for (int i = 0; i < count; i++) place[order[i]] = i;
    for (double end = seconds() + 20; seen < count && seconds() < end;) {
        int told = look_at(look, epoll, fds, order, count, found), last = -1, fresh = 0;
        for (int i = 0; i < told; i++) {
            char byte;
            ssize_t bytes = recv(fds[found[i]], &byte, 1, MSG_DONTWAIT);
            if (bytes < 0 && errno == EAGAIN) continue; /* told of once more */
            need(bytes == 1);
            if (place[found[i]] > last) last = place[found[i]];
            if ((look == EDGE || look == EDGE_AWAKE) && place[found[i]] != seen + fresh) right = false;
            fresh++;
        }
        seen += fresh;
        if (fresh > 0 && last >= seen) right = false;
    }
    return right && seen == count;
}

/* A level-triggered instance keeps in its list whom it has told of, until it finds them drained. Were that left to the look that comes
 * while the next round is written, Linux itself would mix the order: one is found drained and written to behind its back, a later
 * one before its eyes. */
static void forgets_the_last_round(int epoll, const int *fds) {
    struct epoll_event events[MOST];
    char byte;
    for (int told; (told = epoll_wait(epoll, events, MOST, 0)) > 0;)
        for (int i = 0; i < told; i++) need(recv(fds[events[i].data.u32], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

/* Natively each processor has a queue of its own for what comes over the loopback: who is moved between two writes may find
 * the second one's shorter. */
static void stay_on_one_cpu(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    need(sched_setaffinity(0, sizeof one, &one) == 0);
}

static void writes_round(const int *fds, int count, int round) {
    int order[MOST];
    shuffle(order, count, round);
    for (int i = 0; i < count; i++) need(write(fds[order[i]], "x", 1) == 1);
}

static void in_turn(enum look look, int count, bool answers) {
    int near[MOST], far[MOST], go[2], done[2], rounds = 0, wrong = 0;
    int listening = listener(AF_INET);
    char byte;
    for (int i = 0; i < count; i++) {
        near[i] = connected_to(listening);
        far[i] = accept(listening, NULL, NULL);
        need(far[i] >= 0);
    }
    close(listening);
    need(pipe(go) == 0 && pipe(done) == 0);
    const int *written = answers ? far : near, *read_from = answers ? near : far;
    pid_t child = fork();
    need(child >= 0);
    if (child == 0) {
        close(go[1]), close(done[0]);
        stay_on_one_cpu();
        for (int round = 0; read(go[0], &byte, 1) == 1; round++) {
            writes_round(written, count, round);
            need(write(done[1], "x", 1) == 1);
        }
        _exit(0);
    }
    close(go[0]), close(done[1]);
    int epoll = look == POLL ? -1 : instance(read_from, count, look == EDGE || look == EDGE_AWAKE ? EPOLLIN | EPOLLET : EPOLLIN);
    for (double end = seconds() + SECONDS_EACH; rounds < 3 || (rounds < 500 && seconds() < end); rounds++) {
        if (look == LEVEL || look == LEVEL_AWAKE) forgets_the_last_round(epoll, read_from);
        need(write(go[1], "x", 1) == 1);
        if (!reads_round(look, epoll, read_from, count, rounds)) wrong++;
        need(read(done[0], &byte, 1) == 1);
    }
    close(go[1]);
    need(exited_well(child));
    close(done[0]);
    if (epoll >= 0) close(epoll);
    for (int i = 0; i < count; i++) close(near[i]), close(far[i]);
    check(wrong == 0, "%s of %d connections, written to in turn, are seen in turn: %s", answers ? "answers" : "requests", count, names[look]);
    printf("# %d of %d rounds were wrong\n", wrong, rounds);
}

int main(void) {
    for (enum look look = EDGE; look <= POLL; look++) {
        alarm(4 * BOUND_SECONDS);
        in_turn(look, 2, false);
        in_turn(look, 2, true);
        in_turn(look, MOST, look % 2 == 1);
    }
    finished();
}
