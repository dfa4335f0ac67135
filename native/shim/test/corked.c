/* TCP_CORK: what is written waits for what follows, until the option is cleared, whoever set it and when. */
#include "check.h"

enum { HEAD = 240, BODY = 1024, ROUNDS = 200, LARGE = 300000 };

/* The kernel lets bytes wait for 200 ms: what comes sooner was sent, and what came later may have been. */
#define SOON 0.15
#define SOON_AFTER_STAYING 0.1 /* of those 200 ms 50 are over */

static char bytes[LARGE];

static void cork(int fd, int on) { need(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0); }

static int corked(int fd) {
    int on = -1;
    socklen_t length = sizeof on;
    need(getsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, &length) == 0 && length == sizeof on);
    return on;
}

/* True if one of some attempts succeeds: on a busy machine others may not. */
static bool succeeds(bool (*attempt)(void)) {
    for (int i = 0; i < 8; i++)
        if (attempt()) return true;
    return false;
}

static bool comes_within(int fd, size_t length, double most) {
    double since = seconds();
    return read_all(fd, bytes, length) && seconds() - since < most;
}

static bool comes_soon(int fd, size_t length) { return comes_within(fd, length, SOON); }

static void put(int fd) { need(write(fd, bytes, HEAD) == HEAD); }

/* True if what is written stays for 50 ms. */
static bool stays(int from, int to) {
    put(from);
    return on_netbsd() || poll(&(struct pollfd){.fd = to, .events = POLLIN}, 1, 50) == 0;
}

static void in_one_piece(void) {
    int ends[2], pieces = 0, late = 0;
    connection(AF_INET, ends);
    for (int i = 0; i < ROUNDS; i++) {
        cork(ends[0], 1);
        need(write(ends[0], bytes, HEAD) == HEAD && write(ends[0], bytes, BODY) == BODY);
        cork(ends[0], 0);
        double since = seconds();
        await_readable(ends[1]);
        pieces += recv(ends[1], bytes, sizeof bytes, MSG_PEEK) != HEAD + BODY;
        need(read_all(ends[1], bytes, HEAD + BODY));
        late += seconds() - since > SOON;
    }
    check(late < ROUNDS / 10, "an answer written under TCP_CORK goes when it is cleared: %d of %d late", late, ROUNDS);
    check(on_netbsd() || pieces < ROUNDS / 10, "and comes in one piece: %d of %d did not", pieces, ROUNDS);
    close(ends[0]), close(ends[1]);
}

static void reads_as_set(void) {
    int ends[2];
    connection(AF_INET, ends);
    int before = corked(ends[0]);
    cork(ends[0], 1);
    int set = corked(ends[0]);
    cork(ends[0], 0);
    check(before == 0 && set == 1 && corked(ends[0]) == 0, "the option reads as it was set");
    close(ends[0]), close(ends[1]);
}

static bool waits_until_cleared(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    bool right = stays(ends[0], ends[1]);
    cork(ends[0], 0);
    right &= comes_within(ends[1], HEAD, SOON_AFTER_STAYING);
    close(ends[0]), close(ends[1]);
    return right;
}

/* With what says for another reason that more is to follow; and what is written afterwards goes at once. */
static bool clears_everything(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    need(send(ends[0], bytes, HEAD, MSG_MORE) == HEAD);
    cork(ends[0], 0);
    bool right = comes_soon(ends[1], 2 * HEAD);
    put(ends[0]);
    right &= comes_soon(ends[1], HEAD);
    close(ends[0]), close(ends[1]);
    return right;
}

/* A program flushes so. What it writes behind waits again, and nobody need have looked in between. */
static bool flushes(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    cork(ends[0], 0);
    cork(ends[0], 1);
    bool right = comes_soon(ends[1], HEAD) && stays(ends[0], ends[1]);
    cork(ends[0], 0);
    right &= comes_within(ends[1], HEAD, SOON_AFTER_STAYING);
    close(ends[0]), close(ends[1]);
    return right;
}

static bool flushes_before_others(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    cork(ends[0], 0);
    cork(ends[0], 1);
    put(ends[0]);
    bool right = comes_soon(ends[1], HEAD) && (on_netbsd() || poll(&(struct pollfd){.fd = ends[1], .events = POLLIN}, 1, 50) == 0);
    close(ends[0]), close(ends[1]);
    return right;
}

static bool goes_before_an_end(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    need(shutdown(ends[0], SHUT_WR) == 0);
    bool right = comes_soon(ends[1], HEAD) && recv(ends[1], bytes, 1, 0) == 0;
    close(ends[0]), close(ends[1]);
    return right;
}

static void comes_all_the_same(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    check(read_all(ends[1], bytes, HEAD), "where nobody clears it bytes come all the same");
    close(ends[0]), close(ends[1]);
}

static bool is_cleared_by_another_process(void) {
    int ends[2], status;
    connection(AF_INET, ends);
    cork(ends[0], 1);
    put(ends[0]);
    pid_t child = fork();
    if (child == 0) {
        int on = corked(ends[0]);
        cork(ends[0], 0);
        _exit(on);
    }
    need(child > 0 && waitpid(child, &status, 0) == child);
    bool right = comes_soon(ends[1], HEAD) && WEXITSTATUS(status) == 1 && corked(ends[0]) == 0;
    close(ends[0]), close(ends[1]);
    return right;
}

/* True if the option can be set and cleared, and nothing is left of it. */
static bool is_cleared_for_good(int from, int to) {
    cork(from, 1);
    cork(from, 0);
    put(from);
    return comes_soon(to, HEAD);
}

struct three {
    int listener, client, accepted;
};

static struct three begin(void) {
    return (struct three){listener(AF_INET), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -1};
}

static void connect_client(const struct three *t) {
    struct endpoint e = local_of(t->listener);
    need(connect(t->client, (void *)&e.address, e.length) == 0);
}

static void accept_client(struct three *t) { need((t->accepted = accept(t->listener, NULL, NULL)) >= 0); }

static bool end(const struct three *t, bool right) {
    close(t->accepted), close(t->client), close(t->listener);
    return right;
}

/* Set before there is a connection, by its own program or by the listener's. */
static bool set_before(bool of_the_client) {
    struct three t = begin();
    cork(of_the_client ? t.client : t.listener, 1);
    connect_client(&t);
    accept_client(&t);
    int from = of_the_client ? t.client : t.accepted, to = of_the_client ? t.accepted : t.client;
    bool right = stays(from, to);
    cork(from, 0);
    right &= comes_within(to, HEAD, SOON_AFTER_STAYING) && is_cleared_for_good(from, to);
    return end(&t, right);
}

static bool before_a_connection(void) { return set_before(true); }
static bool of_the_listener(void) { return set_before(false); }

/* The stack has passed on what it was told, and is told no more of it. */
static bool of_a_listener_that_had_it(void) {
    struct three t = begin();
    cork(t.listener, 1);
    connect_client(&t);
    cork(t.listener, 0);
    accept_client(&t);
    return end(&t, is_cleared_for_good(t.accepted, t.client));
}

static bool over_a_connection(bool before) {
    struct three t = begin();
    if (before) cork(t.client, 1);
    connect_client(&t);
    accept_client(&t);
    int first = t.accepted; /* open until then: of a connection that has ended the gateway dissolves nothing */
    if (!before) cork(t.client, 1);
    need(connect(t.client, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
    close(first);
    connect_client(&t);
    accept_client(&t);
    bool right = on_netbsd() || corked(t.client) == 1;
    return end(&t, right && is_cleared_for_good(t.client, t.accepted));
}

static bool set_before_it(void) { return over_a_connection(true); }
static bool set_while_it_stood(void) { return over_a_connection(false); }

static void much(void) {
    int ends[2];
    connection(AF_INET, ends);
    pid_t child = fork();
    if (child == 0) {
        size_t sent = 0;
        cork(ends[0], 1);
        for (ssize_t n; sent < LARGE && (n = write(ends[0], bytes, 1000)) > 0; sent += (size_t)n) continue;
        cork(ends[0], 0);
        _exit(0);
    }
    check(read_all(ends[1], bytes, LARGE), "much that is written in small parts comes whole");
    need(waitpid(child, NULL, 0) == child);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    in_one_piece();
    reads_as_set();
    check(succeeds(waits_until_cleared), "a few bytes wait for those that follow, and go when the option is cleared behind them");
    check(succeeds(clears_everything), "all that waits goes then, and what is written afterwards at once");
    check(succeeds(flushes), "cleared and set again, it lets go what was written before, and holds what follows");
    check(succeeds(flushes_before_others), "so it does where others are written at once");
    check(succeeds(goes_before_an_end), "bytes go before an end, too");
    comes_all_the_same();
    check(succeeds(is_cleared_by_another_process), "another process that has the socket reads the option and clears it");
    check(succeeds(before_a_connection), "set before there is a connection, it holds and is cleared");
    check(succeeds(of_the_listener), "a listener's is that of what it accepts, where it is cleared for good");
    check(succeeds(of_a_listener_that_had_it), "so it is where the listener had it when the connection came");
    check(succeeds(set_before_it), "set before a connection that was dissolved, it holds for the next, and is cleared for good");
    check(succeeds(set_while_it_stood), "so it does, set while that stood");
    much();
    finished();
}
