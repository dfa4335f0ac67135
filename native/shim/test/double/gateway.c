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

#include "../../../ins/stack_linux.h"
#include "gateway.h"

#define POOLED 8
#define TAG_DOORBELL (UINT64_C(1) << 40)
#define TAG_ATTACH (UINT64_C(2) << 40)
#define TAG_PROCESS (UINT64_C(4) << 40)

struct rf_region region;
static int epoll, doorbell, pool[2], attaching, memory;
static uint32_t version = RF_LAYOUT_VERSION;

void die(const char *what) {
    fprintf(stderr, "gateway: %s: %s\n", what, strerror(errno));
    exit(1);
}

void watch(int fd, uint64_t tag) {
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0) die("epoll");
}

bool send_with_descriptors(int to, const void *bytes, size_t length, const int *fds, unsigned count) {
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

static void fill_pool(void) {
    while (pooled < POOLED) {
        int n = open_slot();
        if (n < 0) return;
        if (!offer(pool[0], (uint32_t)n)) die("pool");
        pooled++;
    }
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

static void take_calls(void) {
    struct rf_command call;
    int got;
    while ((got = rf_command_take(&region, &call)) > 0) {
        uint8_t payload[RF_CELL_PAYLOAD];
        socklen_t length = 0;
        harvest();
        int64_t result = 0;
        int error = execute(&call, payload, &length, &result);
        rf_reply_to_waiting(&region, call.cell, call.call_number, error, result, payload, length);
    }
    if (got < 0) die("command ring");
}

/* It looks at every socket in every turn, and keeps no order between them. */
static void take_news(void) {
    static struct rf_order order;
    if (order.pending == NULL) rf_order_begin(&region, &order, region.to_backend);
    while (rf_order_next(&region, &order, RF_ALL_NEWS) != UINT32_MAX) continue;
}

static void turn(void) {
    static struct pollfd waits[SLOTS + 1];
    nfds_t count = 0;
    rf_wake_up(&region.header->backend_asleep);
    harvest();
    take_calls();
    take_news();
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
    linux_network_open();
    struct rf_geometry geometry = {.abi = RF_ABI_LINUX, .slots = SLOTS, .commands = 256, .cells = 64, .region_id = 1,
                                   .pool_bytes = (uint64_t)SLOTS * PAGES_PER_SLOT * RF_PAGE};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* Renamed when it listens, so that who sees it can connect. */
    if (argc < 2 || snprintf(address.sun_path, sizeof address.sun_path, "%s~", argv[1]) >= (int)sizeof address.sun_path)
        return 2;
    if (argc > 2) version = (uint32_t)atoi(argv[2]);
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
    if (bind(attaching, (void *)&address, sizeof address) != 0 || listen(attaching, 64) != 0 ||
        rename(address.sun_path, argv[1]) != 0)
        die(argv[1]);
    watch(doorbell, TAG_DOORBELL);
    watch(attaching, TAG_ATTACH);
    fill_pool();
    for (;;) turn();
}
