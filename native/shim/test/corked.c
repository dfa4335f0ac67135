/* TCP_CORK: what is written waits for what follows, until the option is cleared, whoever set it and when. */
#include "check.h"

enum { HEAD = 240, BODY = 1024, ROUNDS = 200, LARGE = 300000 };

static char bytes[LARGE];

static void cork(int fd, int on) { need(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0); }

static int corked(int fd) {
    int on = -1;
    socklen_t length = sizeof on;
    need(getsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, &length) == 0 && length == sizeof on);
    return on;
}

static bool comes(int fd, int milliseconds) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, milliseconds) == 1;
}

/* True if it is there long before the kernel's own limit of 200 ms. */
static bool comes_soon(int fd, size_t length) {
    double since = seconds();
    return read_all(fd, bytes, length) && seconds() - since < 0.15;
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
        late += seconds() - since > 0.15;
    }
    check(late == 0, "an answer written under TCP_CORK goes when it is cleared: %d of %d late", late, ROUNDS);
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

/* How long a few bytes wait under TCP_CORK: the peer's end is looked at meanwhile. */
static void waits(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    need(write(ends[0], bytes, HEAD) == HEAD);
    check(on_netbsd() || !comes(ends[1], 50), "a few bytes wait for those that follow");
    cork(ends[0], 0);
    check(comes_soon(ends[1], HEAD), "and go when it is cleared behind them");
    cork(ends[0], 1);
    need(write(ends[0], bytes, HEAD) == HEAD && send(ends[0], bytes, HEAD, MSG_MORE) == HEAD);
    cork(ends[0], 0);
    check(comes_soon(ends[1], 2 * HEAD), "with what was to be followed by more for another reason");
    need(write(ends[0], bytes, HEAD) == HEAD);
    check(comes_soon(ends[1], HEAD), "what is written then goes at once");
    cork(ends[0], 1);
    need(write(ends[0], bytes, HEAD) == HEAD);
    check(read_all(ends[1], bytes, HEAD), "where nobody clears it they come all the same");
    need(write(ends[0], bytes, HEAD) == HEAD && shutdown(ends[0], SHUT_WR) == 0);
    check(comes_soon(ends[1], HEAD) && recv(ends[1], bytes, 1, 0) == 0, "before an end, too");
    close(ends[0]), close(ends[1]);
}

static void by_another_process(void) {
    int ends[2];
    connection(AF_INET, ends);
    cork(ends[0], 1);
    need(write(ends[0], bytes, HEAD) == HEAD);
    pid_t child = fork();
    if (child == 0) {
        int on = corked(ends[0]);
        cork(ends[0], 0);
        _exit(on);
    }
    int status;
    check(comes_soon(ends[1], HEAD), "another process that has the socket clears it");
    need(waitpid(child, &status, 0) == child);
    check(WEXITSTATUS(status) == 1 && corked(ends[0]) == 0, "and both read what is so");
    close(ends[0]), close(ends[1]);
}

/* Set before there is a connection, by its own program or by the listener's. */
static void before(void) {
    int fd = listener(AF_INET), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint e = local_of(fd);
    cork(fd, 1);
    cork(client, 1);
    need(connect(client, (void *)&e.address, e.length) == 0);
    int accepted = accept(fd, NULL, NULL);
    need(accepted >= 0);
    for (int round = 0; round < 2; round++) {
        int from = round == 0 ? client : accepted, to = round == 0 ? accepted : client;
        const char *who = round == 0 ? "before connect()" : "of the listener";
        need(write(from, bytes, HEAD) == HEAD);
        check(on_netbsd() || !comes(to, 50), "set %s it holds", who);
        cork(from, 1);
        cork(from, 0);
        check(comes_soon(to, HEAD), "and is cleared");
        need(write(from, bytes, HEAD) == HEAD);
        check(comes_soon(to, HEAD), "for good");
    }
    close(accepted), close(client), close(fd);
}

/* The stack has passed on what it was told, and is told no more of it. */
static void of_a_listener_that_was(void) {
    int fd = listener(AF_INET), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint e = local_of(fd);
    cork(fd, 1);
    need(connect(client, (void *)&e.address, e.length) == 0);
    cork(fd, 0);
    int accepted = accept(fd, NULL, NULL);
    need(accepted >= 0);
    cork(accepted, 1);
    cork(accepted, 0);
    need(write(accepted, bytes, HEAD) == HEAD);
    check(comes_soon(client, HEAD), "a listener's that was set when the connection came is cleared for good");
    close(accepted), close(client), close(fd);
}

static void over_a_connection(void) {
    int fd = listener(AF_INET), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint e = local_of(fd);
    for (int before = 1; before >= 0; before--) {
        if (before) cork(client, 1);
        need(connect(client, (void *)&e.address, e.length) == 0);
        close(accept(fd, NULL, NULL));
        if (!before) cork(client, 1);
        need(connect(client, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
        need(connect(client, (void *)&e.address, e.length) == 0);
        int accepted = accept(fd, NULL, NULL);
        check(on_netbsd() || corked(client) == 1, "set %s, the option outlasts it", before ? "before a connection" : "of a connection");
        cork(client, 1);
        cork(client, 0);
        need(write(client, bytes, HEAD) == HEAD);
        check(comes_soon(accepted, HEAD), "and is cleared for good");
        need(connect(client, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
        close(accepted);
    }
    close(client), close(fd);
}

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
    double since = seconds();
    bool all = read_all(ends[1], bytes, LARGE);
    check(all && seconds() - since < 5, "much that is written in small parts comes whole");
    need(waitpid(child, NULL, 0) == child);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    in_one_piece();
    reads_as_set();
    waits();
    by_another_process();
    before();
    of_a_listener_that_was();
    over_a_connection();
    much();
    finished();
}
