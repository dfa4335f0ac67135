/* The connections of the gateway's double: their pairs, their rings, and the sockets behind them. */
#include "../../../ins/stack_linux.h"
#include "gateway.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../../region/readiness.h"

struct connection connections[SLOTS];
uint32_t vacant[SLOTS], vacancies, pooled;

/* A packet that fails says that the application's end is closed: once both directions are shut down, that is
 * the only sign of a close that came before the packets. */
void tell(uint32_t n) {
    struct connection *c = &connections[n];
    int error = c->in_shut ? 0 : rf_readable_tell(&region.slots[n], c->pair);
    if (error != 0 && error != -EAGAIN) c->closing = true;
}

void end_in(struct connection *c) {
    for (int i = 0; i < 3; i++)
        if (!c->in_shut && send(c->pair, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) c->closing = true;
    c->in_shut = true;
    shutdown(c->pair, SHUT_WR);
}

void read_away(struct connection *c) {
    char byte;
    for (int i = 0; i < 1000 && recv(c->pair, &byte, 1, MSG_DONTWAIT) >= 0; i++) continue;
}

void name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *), struct rf_name *name) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (get(fd, (void *)&address, &length) != 0 || length > sizeof name->address) return;
    memcpy(name->address, &address, length);
    name->length = length;
}

int open_slot(void) {
    int ends[2], minimum = 0;
    if (vacancies == 0) return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) die("socketpair");
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &minimum, sizeof minimum);
    uint32_t n = vacant[--vacancies], generation = region.slots[n].generation;
    struct rf_slot *s = &region.slots[n];
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    getsockopt(ends[1], SOL_SOCKET, SO_COOKIE, &cookie, &length);
    memset(s, 0, sizeof *s);
    s->cookie = cookie;
    s->in_grant = rf_grant(n * PAGES_PER_SLOT, 0, 1);
    s->out_grant = rf_grant(n * PAGES_PER_SLOT + 1, 0, 1);
    atomic_store(&s->generation, generation + 1);
    connections[n] = (struct connection){
        .real = -1, .pair = ends[0], .app = ends[1], .listener = -1, .used = true, .packet_head = UINT64_MAX};
    watch(ends[0], n);
    return (int)n;
}

bool offer(int to, uint32_t n) {
    struct rf_slot *s = &region.slots[n];
    struct connection *c = &connections[n];
    struct rf_offer o = {.slot = n, .generation = s->generation, .local = s->local, .peer = s->peer};
    int twice[2] = {c->app, c->app}; /* one too many: no program may find it */
    if (!send_with_descriptors(to, &o, sizeof o, twice, 2)) return false;
    close(c->app);
    c->app = -1;
    return true;
}

static void end(uint32_t n) {
    struct connection *c = &connections[n];
    if (c->real >= 0) close(c->real);
    if (c->app >= 0) close(c->app);
    close(c->pair);
    c->used = false;
    /* Its taker was killed before the first call, or that failed. */
    if (region.slots[n].state == RF_STATE_FREE) pooled--;
    atomic_store(&region.slots[n].state, RF_STATE_FREE);
    atomic_fetch_add(&region.slots[n].generation, 1);
    vacant[vacancies++] = n;
}

static void fail(uint32_t n, int error) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    if (c->reset) return;
    if (s->state == RF_STATE_CONNECTING && c->awaited) {
        atomic_store(&s->error, ++c->errors << 16 | (uint32_t)error);
        atomic_store(&s->state, RF_STATE_OPEN);
        read_away(c);
        return;
    }
    if (s->state == RF_STATE_CONNECTING) {
        atomic_store(&s->error, ++c->errors << 16 | (uint32_t)error);
        atomic_fetch_or(&s->marks, RF_MARK_RESET);
        atomic_store(&s->state, RF_STATE_FAILED);
        read_away(c);
        tell(n);
        tell(n);
        return;
    }
    c->reset = true;
    atomic_store(&s->error, ++c->errors << 16 | (uint32_t)error);
    atomic_fetch_or(&s->marks, RF_MARK_RESET | RF_MARK_OUT_SHUT);
    atomic_store(&s->state, RF_STATE_FAILED);
    read_away(c);
    end_in(c);
    shutdown(c->pair, SHUT_RDWR);
}

static void connected(uint32_t n) {
    struct rf_slot *s = &region.slots[n];
    int on = 1;
    /* What a program wrote as one piece may leave the ring as two: the second must not wait for an answer to the
     * first. */
    setsockopt(connections[n].real, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    name_of(connections[n].real, getsockname, &s->local);
    name_of(connections[n].real, getpeername, &s->peer);
    atomic_store(&s->state, RF_STATE_CONNECTED);
}

static void end_by_reset(uint32_t n) {
    struct linger none = {.l_onoff = 1};
    setsockopt(connections[n].real, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void hung_up(uint32_t n) {
    const struct rf_slot *s = &region.slots[n];
    if (s->state == RF_STATE_CONNECTED && !is_datagram(n) && !connections[n].in_shut && s->in_tail != s->in_head) end_by_reset(n);
    connections[n].closing = true;
    if (is_datagram(n)) serve_datagrams(n);
    if (region.slots[n].state != RF_STATE_CONNECTED || is_datagram(n)) end(n);
}

/* A few entries at a time, as the INS does. */
static socklen_t tell_network(int64_t at, uint8_t *payload, int64_t *next) {
    static struct rf_network_entry entries[RF_NETWORK_MOST];
    static int count;
    if (at == 0) {
        memset(entries, 0, sizeof entries);
        count = linux_network(entries);
    }
    int told = count - (int)at < (int)RF_NETWORK_IN_ANSWER ? count - (int)at : (int)RF_NETWORK_IN_ANSWER;
    memcpy(payload, &entries[at], sizeof entries[0] * (size_t)told);
    *next = at + told < count ? at + told : 0;
    return sizeof entries[0] * (socklen_t)told;
}

static void move_out(uint32_t n);

int execute(const struct rf_command *call, uint8_t *payload, socklen_t *length, int64_t *result) {
    uint32_t n = call->slot;
    if (n >= SLOTS || !connections[n].used || region.slots[n].generation != call->generation) return EBADF;
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    socklen_t given = call->payload_length;
    switch (call->op) {
    case RF_OP_SOCKET:
        c->real = socket((int)call->args[0], (int)call->args[1] | SOCK_NONBLOCK | SOCK_CLOEXEC, (int)call->args[2]);
        if (c->real < 0) return errno;
        pooled--;
        s->domain = (uint32_t)call->args[0], s->type = (uint32_t)call->args[1], s->protocol = (uint32_t)call->args[2];
        if (s->type == SOCK_DGRAM) open_datagrams(n);
        atomic_store(&s->state, RF_STATE_OPEN);
        return 0;
    case RF_OP_BIND:
        if (call->args[0] == RF_BIND_WITHOUT_RIGHT && ntohs(((const struct sockaddr_in *)call->payload)->sin_port) < IPPORT_RESERVED) return EACCES;
        if (bind(c->real, (const void *)call->payload, given) != 0) return errno;
        name_of(c->real, getsockname, &s->local);
        return 0;
    case RF_OP_LISTEN:
        if (listen(c->real, (int)call->args[0]) != 0) return errno;
        name_of(c->real, getsockname, &s->local);
        atomic_store(&s->state, RF_STATE_LISTENING);
        return 0;
    case RF_OP_CONNECT:
        if (is_datagram(n)) return connect_datagrams(n, call->payload, given);
        if (((const struct sockaddr *)call->payload)->sa_family == AF_UNSPEC) {
            if (s->state == RF_STATE_CONNECTED) move_out(n);
            if (c->in_shut || c->shut_wanted || connect(c->real, (const void *)call->payload, given) != 0) return EOPNOTSUPP;
            s->in_tail = s->in_base = s->in_head = s->out_tail = s->out_base = s->out_head = 0;
            s->in_urgent = s->out_urgent = 0;
            s->out_more &= RF_MORE_ALL | RF_MORE_IN_STACK;
            s->kick = s->urgent_taken = s->in_blocked = s->out_blocked = 0;
            c->packet_head = UINT64_MAX;
            s->peer.length = 0;
            if (s->state == RF_STATE_CONNECTED) atomic_store(&s->error, ++c->errors << 16 | ECONNRESET);
            atomic_store(&s->marks, 0);
            atomic_store(&s->state, RF_STATE_OPEN);
            read_away(c);
            return 0;
        }
        c->awaited = call->args[0] == 1;
        int failed = connect(c->real, (const void *)call->payload, given);
        if (failed != 0 && errno == ECONNABORTED) failed = connect(c->real, (const void *)call->payload, given);
        if (failed == 0) {
            connected(n);
            read_away(c);
            return 0;
        }
        if (errno == EINPROGRESS) atomic_store(&s->state, RF_STATE_CONNECTING);
        int error = errno;
        if (error != EINPROGRESS) read_away(c);
        else name_of(c->real, getsockname, &s->local);
        return error;
    case RF_OP_SHUTDOWN:
        if (is_datagram(n)) return shut_datagrams(n, (int)call->args[0]);
        if (s->state == RF_STATE_LISTENING) {
            shutdown(c->real, SHUT_RDWR);
            atomic_store(&s->state, RF_STATE_OPEN);
            atomic_fetch_or(&s->marks, RF_MARK_IN_EOF | RF_MARK_OUT_SHUT);
            end_in(c);
            shutdown(c->pair, SHUT_RDWR);
            return 0;
        }
        if (call->args[0] != SHUT_WR) {
            atomic_fetch_or(&s->marks, RF_MARK_IN_EOF);
            end_in(c);
        }
        if (call->args[0] != SHUT_RD) {
            c->shut_wanted = true;
            c->shut_at = (uint64_t)call->args[1];
            atomic_fetch_or(&s->marks, RF_MARK_OUT_SHUT);
            read_away(c);
            shutdown(c->pair, SHUT_RD);
        }
        return 0;
    case RF_OP_SETSOCKOPT:
        if (call->args[0] == SOL_SOCKET && (call->args[1] == SO_SNDBUFFORCE || call->args[1] == SO_RCVBUFFORCE)) return EPERM;
        return setsockopt(c->real, (int)call->args[0], (int)call->args[1], call->payload, given) != 0 ? errno : 0;
    case RF_OP_GETSOCKOPT:
        *length = call->args[2] < RF_CELL_PAYLOAD ? (socklen_t)call->args[2] : RF_CELL_PAYLOAD;
        if (getsockopt(c->real, (int)call->args[0], (int)call->args[1], payload, length) == 0) return 0;
        *length = 0;
        return errno;
    case RF_OP_NETWORK:
        *length = tell_network(call->args[0], payload, result);
        return 0;
    default:
        return ENOSYS;
    }
}

static void accept_from(uint32_t listener) {
    int real;
    while ((real = accept4(connections[listener].real, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int n = open_slot();
        if (n < 0) {
            close(real);
            continue;
        }
        connections[n].real = real;
        connections[n].listener = (int)listener;
        region.slots[n].domain = region.slots[listener].domain;
        region.slots[n].type = region.slots[listener].type;
        connected((uint32_t)n);
        offer(connections[listener].pair, (uint32_t)n);
    }
}

static void cut(struct iovec span[2], uint64_t most) {
    if (span[0].iov_len > most) span[0].iov_len = most;
    if (span[1].iov_len > most - span[0].iov_len) span[1].iov_len = most - span[0].iov_len;
}

static void move_out(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct rf_ring out = rf_out_ring(s);
    struct iovec span[2];
    int64_t filled;
    while (!c->reset && (filled = rf_consume_span(&region, &out, span)) > 0) {
        struct msghdr m = {.msg_iov = span, .msg_iovlen = 2};
        cut(span, rf_together(s, s->out_head, (uint64_t)filled));
        bool urgent = is_urgent(s, span), more = rf_awaits_more(s, s->out_head + span[0].iov_len + span[1].iov_len);
        ssize_t sent = sendmsg(c->real, &m, MSG_NOSIGNAL | (urgent ? MSG_OOB : 0) | (more ? MSG_MORE : 0));
        if (sent > 0) rf_consume(&out, (uint64_t)sent), c->awaits_more = more;
        else if (errno == EAGAIN) break;
        else fail(n, errno);
    }
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t waiting = rf_available(&out);
    if (c->awaits_more && waiting == 0 && !rf_awaits_more(s, s->out_head)) {
        c->awaits_more = false;
        setsockopt(c->real, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int));
    }
    if (s->out_blocked != 0) {
        s->out_grant = rf_grant(n * PAGES_PER_SLOT + 32, BIG, 2);
        if (waiting <= rf_grant_size(s->out_used) / 2 && atomic_exchange(&s->out_blocked, 0) != 0) read_away(c);
    }
    if (c->shut_wanted && !c->out_ended && s->out_head >= c->shut_at) {
        shutdown(c->real, SHUT_WR);
        c->out_ended = true;
    }
}

static void move_in(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct rf_ring in = rf_in_ring(s);
    struct iovec span[2];
    uint64_t urgent = s->in_urgent, tail = s->in_tail;
    if (!c->reset) look_for_urgent(c, s);
    while (!c->reset && (s->marks & RF_MARK_IN_EOF) == 0) {
        if (rf_produce_span(&region, &in, span) == 0) {
            s->in_grant = rf_grant(n * PAGES_PER_SLOT + 16, BIG, 2);
            if (rf_produce_block(&region, &in, &s->in_blocked)) break;
            continue;
        }
        ssize_t got = readv(c->real, span, 2);
        if (got > 0) {
            rf_produce(&in, (uint64_t)got);
            look_for_urgent(c, s);
        } else if (got == 0) {
            atomic_fetch_or(&s->marks, RF_MARK_IN_EOF);
            end_in(c);
        } else if (errno == EAGAIN) {
            break;
        } else {
            fail(n, errno);
        }
    }
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t head = s->in_head;
    bool kicked = s->kick != 0 && atomic_exchange(&s->kick, 0) != 0;
    bool wanted = (s->urgent_wish & RF_URGENT_TOLD) != 0 && s->in_urgent != 0 && (kicked || s->in_urgent != urgent);
    bool alone = s->in_tail - head == 1 && s->in_urgent >> 8 == head + 1 && (s->urgent_wish & RF_URGENT_INLINE) == 0;
    if (wanted) tell(n);
    else if (s->in_tail != head && !alone && (kicked || head != c->packet_head || (s->armed != 0 && s->in_tail != tail))) {
        c->packet_head = head;
        if (kicked || !rf_readable_seen(&region, n)) tell(n);
    }
}

/* Nobody reads any more: an end that comes is the peer's, a byte that comes ends the connection, whatever still waits to go out. */
static bool refuse_behind_close(uint32_t n) {
    char byte;
    if ((region.slots[n].marks & RF_MARK_IN_EOF) != 0) return false;
    ssize_t got = recv(connections[n].real, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) atomic_fetch_or(&region.slots[n].marks, RF_MARK_IN_EOF);
    if (got > 0) end_by_reset(n);
    return got > 0;
}

short serve(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct iovec span[2];
    if (c->app >= 0 && c->listener >= 0 && !connections[c->listener].used) {
        end(n);
        return 0;
    }
    if (c->app >= 0 && c->listener >= 0) offer(connections[c->listener].pair, n);
    if (is_datagram(n)) return serve_datagrams(n);
    if (s->state == RF_STATE_LISTENING) {
        accept_from(n);
        return POLLIN;
    }
    if (s->state == RF_STATE_CONNECTING) {
        struct pollfd p = {.fd = c->real, .events = POLLOUT};
        int error = 0;
        socklen_t length = sizeof error;
        if (poll(&p, 1, 0) == 0) return POLLOUT;
        getsockopt(c->real, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) fail(n, error);
        else connected(n), read_away(c);
    }
    if (s->state == RF_STATE_CONNECTED) {
        move_out(n);
        if (!c->closing) move_in(n);
        else if (refuse_behind_close(n)) return end(n), 0;
        if ((s->marks & RF_MARK_IN_EOF) != 0) {
            /* With nothing left to read, an error can be learnt only by asking. */
            int error = 0;
            socklen_t length = sizeof error;
            if (getsockopt(c->real, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error != 0) fail(n, error);
        }
    }
    struct rf_ring in = rf_in_ring(s), out = rf_out_ring(s);
    if (c->closing && (s->state != RF_STATE_CONNECTED || rf_available(&out) == 0)) end(n);
    if (!c->used || s->state != RF_STATE_CONNECTED) return 0;
    bool room = (s->marks & RF_MARK_IN_EOF) == 0 && rf_produce_span(&region, &in, span) > 0;
    return (short)((room ? POLLIN : 0) | (rf_available(&out) > 0 ? POLLOUT : 0));
}
