/* One turn of the gateway's event loop: a batch of actions, then a wait for events. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "loop.h"

static bool waits_for_room(const struct rf_slot *slot) {
    return slot != NULL && atomic_load_explicit(&slot->out_blocked, memory_order_acquire) != 0;
}

/* Packets that make the far end unwritable are six; more of nothing is the end as a rule. */
enum { PACKETS = 8, PACKETS_AT_MOST = 64 };

/* Nothing else can come from this end: it was shut, or the other is gone. */
static bool is_over(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

/* Whoever the first packets wake may have filled the ring again before the last are read: what it has stuffed its end with since then is
 * to stay, or it is told of room that it has used up itself. */
static int drain(int fd, const struct rf_slot *slot) {
    char byte;
    /* 0 is an empty packet, or the end, of which there would be no end. */
    for (int i = 0; i < PACKETS_AT_MOST && !waits_for_room(slot) && (i != PACKETS || !is_over(fd)); i++)
        if (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) < 0) return errno == EAGAIN ? 0 : -errno;
    return 0;
}

static int result_of(long outcome) { return outcome < 0 ? -errno : (int)outcome; }

static int send_with(int channel, const void *payload, uint32_t length, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec io = {(void *)payload, length};
    struct msghdr message = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return result_of(sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* near: [0], far: [1]. 0, or -errno. */
static int make_pair(int pair[2], uint64_t *cookie) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
    rf_loop_take_no_descriptors(pair[0]);
    int smallest = 0; /* the kernel raises it to its minimum: few packets make the far end unwritable */
    socklen_t length = sizeof *cookie;
    if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0 &&
        getsockopt(pair[1], SOL_SOCKET, SO_COOKIE, cookie, &length) == 0)
        return 0;
    int error = -errno;
    close(pair[0]);
    close(pair[1]);
    return error;
}

/* The far end goes over the action's channel, behind an empty packet from the near one if that is wanted (near >= 0). 0, or -errno. */
static int send_far(const struct rf_action *action, int near, int far) {
    if (near >= 0) send(near, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
    int sent = send_with(action->fd, action->payload, action->payload_length, far);
    return sent < 0 ? sent : 0;
}

static int offer(int epoll, struct rf_action *action, bool lends) {
    int pair[2];
    uint64_t cookie = 0;
    int error = make_pair(pair, &cookie);
    if (error != 0) return error;
    struct epoll_event watch = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = action->key};
    if (!lends && epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &watch) < 0) error = -errno;
    if (error == 0) error = send_far(action, action->argument != 0 ? pair[0] : -1, pair[1]);
    if (error != 0 || !lends) close(pair[1]);
    if (error != 0) {
        close(pair[0]);
        return error;
    }
    action->argument = (int64_t)cookie;
    if (lends) action->key = (uint64_t)pair[1];
    return pair[0];
}

static int end(int fd) {
    for (int i = 0; i < 3; i++)
        if (send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) return -errno;
    return result_of(shutdown(fd, SHUT_WR));
}

static int carry_out(int epoll, struct rf_action *action) {
    struct epoll_event watch = {.events = (uint32_t)action->argument, .data.u64 = action->key};
    switch (action->code) {
    case RF_ACT_PACKET: return rf_readable_tell((struct rf_slot *)action->argument, action->fd);
    case RF_ACT_REMIND:
        return rf_packet_lies(action->fd) ? 0 : rf_readable_tell((struct rf_slot *)action->argument, action->fd);
    case RF_ACT_DRAIN: return drain(action->fd, (const struct rf_slot *)action->argument);
    case RF_ACT_SHUTDOWN: return result_of(shutdown(action->fd, (int)action->argument));
    case RF_ACT_CLOSE: return result_of(close(action->fd));
    case RF_ACT_RING: return result_of(send(action->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
    case RF_ACT_WAKE: /* one: who sleeps on a cell has its lock. A hostile program may have any number sleep there, at its own cost. */
        return result_of(syscall(SYS_futex, (void *)action->argument, FUTEX_WAKE, 1, NULL, NULL, 0));
    case RF_ACT_OFFER: return offer(epoll, action, false);
    case RF_ACT_LEND: return offer(epoll, action, true);
    case RF_ACT_LEND_AGAIN: return send_far(action, (int)action->argument, (int)action->key);
    case RF_ACT_WATCH: return result_of(epoll_ctl(epoll, EPOLL_CTL_ADD, action->fd, &watch));
    case RF_ACT_REWATCH: return result_of(epoll_ctl(epoll, EPOLL_CTL_MOD, action->fd, &watch));
    case RF_ACT_END: return end(action->fd);
    default: return -EINVAL;
    }
}

int rf_loop_turn(int epoll, struct rf_action *actions, int count, struct epoll_event *events, int capacity,
                 int milliseconds) {
    for (int i = 0; i < count; i++) actions[i].result = carry_out(epoll, &actions[i]);
    int harvested = epoll_wait(epoll, events, capacity, milliseconds);
    return harvested < 0 ? (errno == EINTR ? 0 : -errno) : harvested;
}
