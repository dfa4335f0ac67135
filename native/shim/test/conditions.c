/* What poll, select and epoll say of a socket in every condition in which they say more than readable and writable:
 * POLLERR and POLLHUP after a reset, a refusal, an error of a datagram; a socket that was never connected. */
#include "check.h"

enum { ALL = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };
enum { READ = 1, WRITE = 2, OTHER = 4 };

/* A socket in the condition that is to be looked at, and what else has to be closed. */
struct made {
    int fd, other;
};

static void reset_from(int fd) {
    struct linger now = {.l_onoff = 1};
    need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    close(fd);
}

static struct made is_reset(void) {
    int ends[2];
    connection(AF_INET, ends);
    reset_from(ends[1]);
    return (struct made){ends[0], -1};
}

static struct made is_reset_and_has_bytes(void) {
    int ends[2];
    connection(AF_INET, ends);
    need(write(ends[1], "abc", 3) == 3);
    await_readable(ends[0]);
    reset_from(ends[1]);
    return (struct made){ends[0], -1};
}

static bool polls(int fd, short asked, short expected) {
    short told;
    double end = seconds() + 5;
    while ((told = polled(fd, asked, 0)) != expected && seconds() < end) polled(fd, asked, 20);
    if (told != expected) printf("# poll(%x) tells %x, not %x\n", asked, told, expected);
    return told == expected;
}

static struct made reset_was_told(void) {
    struct made m = is_reset();
    int error = 0;
    socklen_t length = sizeof error;
    need(polls(m.fd, ALL, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR));
    need(getsockopt(m.fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNRESET);
    return m;
}

/* A port on which nobody listens. */
static struct endpoint nobody(void) {
    int fd = listener(AF_INET);
    struct endpoint e = local_of(fd);
    close(fd);
    return e;
}

static struct made is_refused(void) {
    struct endpoint e = nobody();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    need(fd >= 0 && connect(fd, (void *)&e.address, e.length) == -1 && errno == EINPROGRESS);
    return (struct made){fd, -1};
}

static struct made was_refused(void) {
    struct endpoint e = nobody();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(fd >= 0 && connect(fd, (void *)&e.address, e.length) == -1 && errno == ECONNREFUSED);
    return (struct made){fd, -1};
}

static struct made is_new(void) { return (struct made){socket(AF_INET, SOCK_STREAM, 0), -1}; }

static struct made is_bound(void) {
    struct endpoint e = loopback(AF_INET, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(fd >= 0 && bind(fd, (void *)&e.address, e.length) == 0);
    return (struct made){fd, -1};
}

static struct made listens(void) { return (struct made){listener(AF_INET), -1}; }

static struct made listens_and_has_one(void) {
    int fd = listener(AF_INET);
    return (struct made){fd, connected_to(fd)};
}

static struct made listened(void) {
    int fd = listener(AF_INET);
    need(shutdown(fd, SHUT_RD) == 0);
    return (struct made){fd, -1};
}

static struct made is_connected(void) {
    int ends[2];
    connection(AF_INET, ends);
    return (struct made){ends[0], ends[1]};
}

static struct made has_bytes(void) {
    struct made m = is_connected();
    need(write(m.other, "abc", 3) == 3);
    return m;
}

static struct made peer_has_ended(void) {
    struct made m = is_connected();
    need(shutdown(m.other, SHUT_WR) == 0);
    return m;
}

static struct made has_ended(void) {
    struct made m = is_connected();
    need(shutdown(m.fd, SHUT_WR) == 0);
    return m;
}

static struct made both_have_ended(void) {
    struct made m = is_connected();
    need(shutdown(m.fd, SHUT_WR) == 0 && shutdown(m.other, SHUT_WR) == 0);
    return m;
}

static struct made reads_no_more(void) {
    struct made m = is_connected();
    need(shutdown(m.fd, SHUT_RD) == 0);
    return m;
}

static struct made is_shut(void) {
    struct made m = is_connected();
    need(shutdown(m.fd, SHUT_RDWR) == 0);
    return m;
}

static struct made datagram_quiet(void) { return (struct made){datagram(AF_INET), -1}; }

/* Connected to where nobody is. */
static int datagram_to_nobody(void) {
    int other = datagram(AF_INET), fd;
    struct endpoint e = local_of(other);
    close(other);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    need(fd >= 0 && connect(fd, (void *)&e.address, e.length) == 0);
    return fd;
}

static struct made datagram_refused(void) {
    int fd = datagram_to_nobody();
    need(send(fd, "x", 1, 0) == 1);
    return (struct made){fd, -1};
}

static struct made datagram_refused_and_told(void) {
    struct made m = datagram_refused();
    char byte;
    need(recv(m.fd, &byte, 1, 0) == -1 && errno == ECONNREFUSED);
    return m;
}

static struct made datagram_shut(void) {
    int ends[2];
    datagram_pair(AF_INET, ends);
    need(shutdown(ends[0], SHUT_RDWR) == 0);
    return (struct made){ends[0], ends[1]};
}

static const struct condition {
    const char *name;
    struct made (*make)(void);
    short told; /* by poll, of ALL */
    short unasked; /* by poll, of nothing */
    int selected;
} conditions[] = {
    {"a new stream", is_new, POLLOUT | POLLHUP, POLLHUP, READ | WRITE},
    {"a bound stream", is_bound, POLLOUT | POLLHUP, POLLHUP, READ | WRITE},
    {"a listener", listens, 0, 0, 0},
    {"a listener with a connection", listens_and_has_one, POLLIN, 0, READ},
    {"a listener that was shut down", listened, POLLOUT | POLLHUP, POLLHUP, READ | WRITE},
    {"a connection", is_connected, POLLOUT, 0, WRITE},
    {"a connection with bytes", has_bytes, POLLIN | POLLOUT, 0, READ | WRITE},
    {"a connection whose peer has ended", peer_has_ended, POLLIN | POLLOUT | POLLRDHUP, 0, READ | WRITE},
    {"a connection that sends no more", has_ended, POLLOUT, 0, WRITE},
    {"a connection that both have ended", both_have_ended, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, POLLHUP, READ | WRITE},
    {"a connection that reads no more", reads_no_more, POLLIN | POLLOUT | POLLRDHUP, 0, READ | WRITE},
    {"a connection that was shut down", is_shut, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, POLLHUP, READ | WRITE},
    {"a connection that was reset", is_reset, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR, POLLHUP | POLLERR, READ | WRITE},
    {"a connection that was reset with bytes unread", is_reset_and_has_bytes,
     POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR, POLLHUP | POLLERR, READ | WRITE},
    {"a connection that was reset, and the program knows", reset_was_told, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, POLLHUP,
     READ | WRITE},
    {"a connection that is refused", is_refused, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR, POLLHUP | POLLERR, READ | WRITE},
    {"a stream that was refused, and the program knows", was_refused, POLLOUT | POLLHUP, POLLHUP, READ | WRITE},
    {"a datagram socket", datagram_quiet, POLLOUT, 0, WRITE},
    {"a datagram socket with an error", datagram_refused, POLLOUT | POLLERR, POLLERR, READ | WRITE},
    {"a datagram socket whose error is known", datagram_refused_and_told, POLLOUT, 0, WRITE},
    {"a datagram socket that was shut down", datagram_shut, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, POLLHUP, READ | WRITE},
};

static int selected(int fd, bool precisely) {
    fd_set sets[3];
    for (int i = 0; i < 3; i++) {
        FD_ZERO(&sets[i]);
        FD_SET(fd, &sets[i]);
    }
    struct timeval no_time = {0};
    struct timespec none = {0};
    int count = precisely ? pselect(fd + 1, &sets[0], &sets[1], &sets[2], &none, NULL)
                          : select(fd + 1, &sets[0], &sets[1], &sets[2], &no_time);
    int told = 0, counted = 0;
    for (int i = 0; i < 3; i++)
        if (FD_ISSET(fd, &sets[i])) told |= 1 << i, counted++;
    need(count == counted);
    return told;
}

static bool selects(int fd, int expected) {
    int told = -1;
    double end = seconds() + 5;
    while (((told = selected(fd, false)) != expected || selected(fd, true) != expected) && seconds() < end) usleep(1000);
    if (told != expected) printf("# select tells %x, not %x\n", told, expected);
    return told == expected;
}

/* The next event, or 0 if there is none. */
static uint32_t event(int epoll, int milliseconds) {
    struct epoll_event e = {.events = 0};
    need(epoll_wait(epoll, &e, 1, milliseconds) >= 0);
    return e.events;
}

static bool epolls(int epoll, uint32_t expected) {
    uint32_t told;
    double end = seconds() + 5;
    while ((told = event(epoll, expected != 0 ? 20 : 0)) != expected && seconds() < end) continue;
    if (told != expected) printf("# epoll tells %x, not %x\n", told, expected);
    return told == expected;
}

static int watching(int fd, uint32_t events) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = events, .data.fd = fd};
    need(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    return epoll;
}

/* What has just come about may be seen before its edge is told: who asks in between hears of it twice, as epoll(7) allows. Then the
 * edge has been told, and who asks again hears of it once. */
static bool tells_once(int fd, uint32_t told) {
    bool tells = true, once = false;
    for (int tries = 2; tells && !once && tries > 0; tries--) {
        int epoll = watching(fd, ALL | EPOLLET);
        tells = epolls(epoll, told);
        once = tells && event(epoll, 0) == 0;
        close(epoll);
    }
    return once;
}

static void look(const struct condition *c) {
    struct made m = c->make();
    uint32_t told = (uint32_t)c->told;
    check(polls(m.fd, ALL, c->told), "%s: poll", c->name);
    check(polls(m.fd, 0, c->unasked), "%s: poll without a question", c->name);
    check(polls(m.fd, POLLPRI, c->unasked), "%s: poll for urgent bytes", c->name);
    check(polls(m.fd, POLLOUT, (c->told & POLLOUT) | c->unasked), "%s: poll for room", c->name);
    check(selects(m.fd, c->selected), "%s: select and pselect", c->name);
    int epoll = watching(m.fd, ALL);
    check(epolls(epoll, told) && epolls(epoll, told), "%s: epoll, level-triggered", c->name);
    close(epoll);
    check(tells_once(m.fd, told), "%s: epoll, edge-triggered, tells once", c->name);
    epoll = watching(m.fd, ALL | EPOLLONESHOT);
    check(epolls(epoll, told) && event(epoll, 0) == 0, "%s: epoll, one-shot, tells once", c->name);
    struct epoll_event again = {.events = ALL | EPOLLONESHOT, .data.fd = m.fd};
    need(epoll_ctl(epoll, EPOLL_CTL_MOD, m.fd, &again) == 0);
    check(epolls(epoll, told), "%s: and again when it is asked again", c->name);
    close(epoll);
    close(m.fd);
    if (m.other >= 0) close(m.other);
}

/* Who waits in epoll when it happens. */
static void waits(void) {
    struct made m = is_connected();
    int plain = watching(m.fd, EPOLLIN), edge = watching(m.fd, EPOLLIN | EPOLLET);
    reset_from(m.other);
    check(epolls(plain, EPOLLIN | EPOLLHUP | EPOLLERR), "a reset comes to who waits for bytes as an error");
    check(epolls(edge, EPOLLIN | EPOLLHUP | EPOLLERR), "and to who waits for the edge");
    close(plain), close(edge), close(m.fd);
    int fd = datagram_to_nobody();
    plain = watching(fd, EPOLLIN);
    need(send(fd, "x", 1, 0) == 1);
    check(epolls(plain, EPOLLERR), "an error of a datagram comes to who waits for datagrams");
    char byte;
    check(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == ECONNREFUSED && event(plain, 0) == 0,
          "and when it has been told there is none");
    close(plain), close(fd);
}

int main(void) {
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) look(&conditions[i]);
    waits();
    finished();
}
