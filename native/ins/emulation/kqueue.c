/* kqueue() and kevent() of NetBSD for sockets, on an epoll: a read and a write filter each, with EV_CLEAR.
 *
 * A filter of NetBSD tells an end (EV_EOF) and the pending error (fflags), and leaves the error pending. It tells nothing of
 * a socket that was never connected, where epoll says EPOLLHUP; and one attached before listen() sees no connections. */
#include "emulation.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int bsd_kqueue(void) {
    int queue = epoll_create1(EPOLL_CLOEXEC);
    return queue < 0 ? emulation_fail(errno) : queue;
}

static int apply(int queue, const struct bsd_kevent *change) {
    int descriptor = (int)change->identifier;
    struct emulated *is = emulated(descriptor);
    bool reads = change->filter == BSD_EVFILT_READ, was = is->read || is->write;
    if (!reads && change->filter != BSD_EVFILT_WRITE) return emulation_refuse(NETBSD_EINVAL);
    bool *filter = reads ? &is->read : &is->write;
    if ((change->flags & BSD_EV_DELETE) != 0) {
        if (!*filter) return emulation_refuse(NETBSD_ENOENT);
        *filter = false;
    } else {
        if (reads && !*filter) is->for_connections = is->listening;
        *filter = true;
        is->clear = (change->flags & BSD_EV_CLEAR) != 0;
        *(reads ? &is->read_user : &is->write_user) = change->user;
    }
    struct epoll_event event = {.events = (is->read ? EPOLLIN | EPOLLRDHUP : 0u) | (is->write ? EPOLLOUT : 0u) |
                                          (is->clear ? EPOLLET : 0u),
                                .data.fd = descriptor};
    int operation = !is->read && !is->write ? EPOLL_CTL_DEL : was ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return epoll_ctl(queue, operation, descriptor, &event) < 0 ? emulation_fail(errno) : 0;
}

static int report(struct bsd_kevent *events, const struct epoll_event *found) {
    int descriptor = found->data.fd, count = 0;
    struct emulated *is = emulated(descriptor);
    uint32_t what = found->events;
    bool waits = is->open && is->stream && !is->listening && !is->started; /* a fresh socket: EPOLLOUT | EPOLLHUP */
    bool deaf = is->listening && !is->for_connections;
    bool end = is->stream && (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (waits) return 0;
    if (is->stream && (what & EPOLLERR) != 0 && is->error == 0) is->error = emulation_take_error(descriptor);
    if (is->read && !deaf && (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        events[count++] = (struct bsd_kevent){.identifier = (uintptr_t)descriptor,
                                              .filter = BSD_EVFILT_READ,
                                              .flags = end ? BSD_EV_EOF : 0,
                                              .filter_flags = end ? (uint32_t)is->error : 0,
                                              .user = is->read_user};
    bool shut = is->writing_shut || (is->stream && (what & (EPOLLHUP | EPOLLERR)) != 0);
    if (is->write && (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        events[count++] = (struct bsd_kevent){.identifier = (uintptr_t)descriptor,
                                              .filter = BSD_EVFILT_WRITE,
                                              .flags = shut ? BSD_EV_EOF : 0,
                                              .filter_flags = shut ? (uint32_t)is->error : 0,
                                              .user = is->write_user};
    return count;
}

int bsd_kevent(int queue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout) {
    struct epoll_event found[64];
    for (size_t i = 0; i < change_count; i++)
        if (apply(queue, &changes[i]) < 0) return -1;
    /* Each descriptor can have two events. */
    int most = capacity / 2 < sizeof found / sizeof found[0] ? (int)(capacity / 2) : (int)(sizeof found / sizeof found[0]);
    if (most == 0) return 0;
    int time = timeout == NULL ? -1 : (int)(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000);
    int ready = epoll_wait(queue, found, most, time), count = 0;
    if (ready < 0) return emulation_fail(errno);
    for (int i = 0; i < ready; i++) count += report(events + count, &found[i]);
    return count;
}
