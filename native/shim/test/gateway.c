/*
 * gateway.c - a gateway and a network in one small process, for the tests of the shim: it serves one
 * region and executes its calls on sockets of its own.
 *
 *   gateway PATH [LAYOUT-VERSION]
 *
 * A double, not a model: it looks at every slot in each turn, believes what it reads, and leaves out the
 * watchdogs of the protocol, so that a wake-up that the shim loses stays lost and fails a test.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../region/region.h"

#define SLOTS 512
#define POOLED 8
#define PAGES_PER_SLOT 64 /* in and out ring of order 0, then of order BIG at 16 and 32 */
#define BIG 4
#define TAG_DOORBELL (UINT64_C(1) << 40)
#define TAG_ATTACH (UINT64_C(2) << 40)
#define TAG_PROCESS (UINT64_C(4) << 40)

struct connection {
    int real, pair, app; /* app: the end of the pair that could not be offered yet, or -1 */
    int listener;
    bool used, closing /* the last reference to the application's end is gone */, out_ended, shut_wanted, in_shut, reset;
    uint32_t errors;
    uint64_t packet_head, shut_at;
};

static struct rf_region region;
static struct connection connections[SLOTS];
static uint32_t vacant[SLOTS], vacancies, pooled;
static int epoll, doorbell, pool[2], attaching, memory;
static uint32_t version = RF_LAYOUT_VERSION;

static void die(const char *what) {
    fprintf(stderr, "gateway: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int fd, uint64_t tag) {
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0) die("epoll");
}

static bool send_with_descriptors(int to, const void *bytes, size_t length, const int *fds, unsigned count) {
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec vector = {(void *)bytes, length};
    struct msghdr m = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count != 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    return sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

/* A packet that fails says that the application's end is closed: once both directions are shut down, that is
 * the only sign of a close that came before the packets. */
static void packet(struct connection *c) {
    if (!c->in_shut && send(c->pair, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) c->closing = true;
}

/* Ends the direction to the application. The packets stay unread, and so tell a close that follows. */
static void end_in(struct connection *c) {
    for (int i = 0; i < 3; i++) packet(c);
    c->in_shut = true;
    shutdown(c->pair, SHUT_WR);
}

static void read_away(struct connection *c) {
    char byte;
    for (int i = 0; i < 1000 && recv(c->pair, &byte, 1, MSG_DONTWAIT) >= 0; i++) continue;
}

static void name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *), struct rf_name *name) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (get(fd, (void *)&address, &length) != 0 || length > sizeof name->address) return;
    memcpy(name->address, &address, length);
    name->length = length;
}
static int local_name(int fd, struct sockaddr *a, socklen_t *l) { return getsockname(fd, a, l); }
static int peer_name(int fd, struct sockaddr *a, socklen_t *l) { return getpeername(fd, a, l); }

/* A slot with a pair whose application end is still here. -1 if there is none left. */
static int open_slot(void) {
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

static bool offer(int to, uint32_t n) {
    struct rf_slot *s = &region.slots[n];
    struct connection *c = &connections[n];
    struct rf_offer o = {.slot = n, .generation = s->generation, .local = s->local, .peer = s->peer};
    if (!send_with_descriptors(to, &o, sizeof o, &c->app, 1)) return false;
    close(c->app);
    c->app = -1;
    return true;
}

static void fill_pool(void) {
    while (pooled < POOLED) {
        int n = open_slot();
        if (n < 0) return;
        if (!offer(pool[0], (uint32_t)n)) die("pool");
        pooled++;
    }
}

static void end(uint32_t n) {
    struct connection *c = &connections[n];
    if (c->real >= 0) close(c->real);
    if (c->app >= 0) close(c->app);
    close(c->pair);
    c->used = false;
    atomic_store(&region.slots[n].state, RF_STATE_FREE);
    atomic_fetch_add(&region.slots[n].generation, 1);
    vacant[vacancies++] = n;
}

static void fail(uint32_t n, int error) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    if (c->reset) return;
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
    name_of(connections[n].real, local_name, &s->local);
    name_of(connections[n].real, peer_name, &s->peer);
    atomic_store(&s->state, RF_STATE_CONNECTED);
}

static void hung_up(uint32_t n) {
    connections[n].closing = true;
    if (region.slots[n].state != RF_STATE_CONNECTED) end(n);
}

static void welcome(int process) {
    struct rf_hello hello;
    if (recv(process, &hello, sizeof hello, 0) != sizeof hello || hello.magic != RF_MAGIC) {
        close(process);
        return;
    }
    struct rf_welcome w = {.magic = RF_MAGIC, .layout_version = version, .region_bytes = region.bytes};
    int fds[3] = {memory, doorbell, pool[1]};
    if (hello.layout_version != version) w.error = EPROTO;
    if (!send_with_descriptors(process, &w, sizeof w, fds, w.error == 0 ? 3 : 0)) die("welcome");
    watch(process, TAG_PROCESS | (uint64_t)process);
}

static void harvest(void) {
    struct epoll_event events[64];
    int count;
    while ((count = epoll_wait(epoll, events, 64, 0)) > 0) {
        for (int i = 0; i < count; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == TAG_ATTACH) {
                int process;
                while ((process = accept4(attaching, NULL, NULL, SOCK_CLOEXEC)) >= 0) welcome(process);
            } else if ((tag & TAG_PROCESS) != 0) {
                if ((events[i].events & EPOLLHUP) != 0) close((int)tag);
            } else if (tag < SLOTS && connections[tag].used && (events[i].events & EPOLLHUP) != 0) {
                struct rf_slot *s = &region.slots[tag];
                bool shut = connections[tag].reset ||
                            (~atomic_load(&s->marks) & (RF_MARK_IN_EOF | RF_MARK_OUT_SHUT)) == 0;
                if (!shut || (events[i].events & EPOLLERR) != 0) hung_up((uint32_t)tag);
            }
        }
    }
}

/* errno of the call, 0 for success. */
static int execute(const struct rf_command *call, uint8_t *payload, socklen_t *length) {
    uint32_t n = call->slot;
    if (n >= SLOTS || !connections[n].used || region.slots[n].generation != call->generation) return EBADF;
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    socklen_t given = call->payload_length;
    switch (call->op) {
    case RF_OP_SOCKET:
        pooled--;
        c->real = socket((int)call->args[0], (int)call->args[1] | SOCK_NONBLOCK | SOCK_CLOEXEC, (int)call->args[2]);
        if (c->real < 0) return errno;
        s->domain = (uint32_t)call->args[0], s->type = (uint32_t)call->args[1], s->protocol = (uint32_t)call->args[2];
        atomic_store(&s->state, RF_STATE_OPEN);
        return 0;
    case RF_OP_BIND:
        if (bind(c->real, (const void *)call->payload, given) != 0) return errno;
        name_of(c->real, local_name, &s->local);
        return 0;
    case RF_OP_LISTEN:
        if (listen(c->real, (int)call->args[0]) != 0) return errno;
        name_of(c->real, local_name, &s->local);
        atomic_store(&s->state, RF_STATE_LISTENING);
        return 0;
    case RF_OP_CONNECT:
        if (connect(c->real, (const void *)call->payload, given) == 0) {
            connected(n);
            read_away(c);
            return 0;
        }
        if (errno == EINPROGRESS) atomic_store(&s->state, RF_STATE_CONNECTING);
        int error = errno;
        if (error != EINPROGRESS) read_away(c);
        else name_of(c->real, local_name, &s->local);
        return error;
    case RF_OP_SHUTDOWN:
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
        return setsockopt(c->real, (int)call->args[0], (int)call->args[1], call->payload, given) != 0 ? errno : 0;
    case RF_OP_GETSOCKOPT:
        *length = call->args[2] < RF_CELL_PAYLOAD ? (socklen_t)call->args[2] : RF_CELL_PAYLOAD;
        if (getsockopt(c->real, (int)call->args[0], (int)call->args[1], payload, length) == 0) return 0;
        *length = 0;
        return errno;
    default:
        return ENOSYS;
    }
}

static void take_calls(void) {
    struct rf_command call;
    int got;
    while ((got = rf_command_take(&region, &call)) > 0) {
        uint8_t payload[RF_CELL_PAYLOAD];
        socklen_t length = 0;
        harvest();
        int error = execute(&call, payload, &length);
        rf_reply(&region, call.cell, call.call_number, error, 0, payload, length);
    }
    if (got < 0) die("command ring");
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

static void move_out(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct rf_ring out = rf_out_ring(s);
    struct iovec span[2];
    int64_t filled;
    while (!c->reset && (filled = rf_consume_span(&region, &out, span)) > 0) {
        struct msghdr m = {.msg_iov = span, .msg_iovlen = 2};
        ssize_t sent = sendmsg(c->real, &m, MSG_NOSIGNAL);
        if (sent > 0) rf_consume(&out, (uint64_t)sent);
        else if (errno == EAGAIN) break;
        else fail(n, errno);
    }
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t waiting = rf_available(&out);
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
    while (!c->reset && (s->marks & RF_MARK_IN_EOF) == 0) {
        if (rf_produce_span(&region, &in, span) == 0) {
            s->in_grant = rf_grant(n * PAGES_PER_SLOT + 16, BIG, 2);
            if (rf_produce_block(&region, &in, &s->in_blocked)) break;
            continue;
        }
        ssize_t got = readv(c->real, span, 2);
        if (got > 0) {
            rf_produce(&in, (uint64_t)got);
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
    if (s->in_tail != head && (kicked || head != c->packet_head)) {
        c->packet_head = head;
        packet(c);
    }
}

/* Looks after one slot; says what to wait for on its real socket. */
static short serve(uint32_t n) {
    struct connection *c = &connections[n];
    struct rf_slot *s = &region.slots[n];
    struct iovec span[2];
    if (c->app >= 0 && c->listener >= 0 && !connections[c->listener].used) {
        end(n);
        return 0;
    }
    if (c->app >= 0 && c->listener >= 0) offer(connections[c->listener].pair, n);
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
        move_in(n);
    }
    struct rf_ring in = rf_in_ring(s), out = rf_out_ring(s);
    if (c->closing && (s->state != RF_STATE_CONNECTED || rf_available(&out) == 0)) end(n);
    if (!c->used || s->state != RF_STATE_CONNECTED) return 0;
    bool room = (s->marks & RF_MARK_IN_EOF) == 0 && rf_produce_span(&region, &in, span) > 0;
    return (short)((room ? POLLIN : 0) | (rf_available(&out) > 0 ? POLLOUT : 0));
}

static void nothing(void *context, uint32_t slot) { (void)context, (void)slot; }

static void turn(void) {
    static struct pollfd waits[SLOTS + 1];
    nfds_t count = 0;
    rf_wake_up(&region.header->backend_asleep);
    harvest();
    take_calls();
    rf_pending_take(&region, region.to_backend, nothing, NULL);
    fill_pool();
    waits[count++] = (struct pollfd){.fd = epoll, .events = POLLIN};
    for (uint32_t n = 0; n < SLOTS; n++) {
        short events = connections[n].used ? serve(n) : 0;
        if (events != 0) waits[count++] = (struct pollfd){.fd = connections[n].real, .events = events};
    }
    rf_fall_asleep(&region.header->backend_asleep);
    bool work = rf_pending_any(&region, region.to_backend) ||
                region.header->command_tail != region.header->command_head;
    if (poll(waits, count, work ? 0 : 1000) < 0 && errno != EINTR) die("poll");
}

int main(int argc, char **argv) {
    struct rf_geometry geometry = {.abi = RF_ABI_LINUX, .slots = SLOTS, .commands = 256, .cells = 64, .region_id = 1,
                                   .pool_bytes = (uint64_t)SLOTS * PAGES_PER_SLOT * RF_PAGE};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
    if (argc > 2) version = (uint32_t)atoi(argv[2]);
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    uint64_t bytes = rf_region_bytes(&geometry);
    memory = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0 || ftruncate(memory, (off_t)bytes) != 0) die("memory");
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (mapped == MAP_FAILED || rf_region_format(mapped, &geometry) != 0 || rf_region_open(mapped, bytes, &region) != 0)
        die("region");
    for (uint32_t n = 0; n < SLOTS; n++) vacant[vacancies++] = SLOTS - 1 - n;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pool) != 0) die("pool");
    attaching = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(attaching, (void *)&address, sizeof address) != 0 || listen(attaching, 64) != 0) die(argv[1]);
    watch(doorbell, TAG_DOORBELL);
    watch(attaching, TAG_ATTACH);
    fill_pool();
    for (;;) turn();
}
