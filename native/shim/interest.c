/* Which sockets in a region are in epoll instances, so that their events can be corrected: the kernel tells an event by the
 * program's word alone. A table of fixed size: of words that meet in one place the last one is known, and events of the others
 * stay what the kernel tells. */
#include <poll.h>
#include <sys/mman.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "real.h"
#include "sandbox.h"
#include "shown.h"
#include "socket.h"
#include "urgent.h"

struct interest {
    _Atomic int epoll; /* one more than the instance's descriptor; 0: none */
    int fd;
    uint32_t generation, events;
    uint64_t word;
};

#define PLACES 65536u
static _Atomic(struct interest *) interests; /* untouched pages take no memory */

static struct interest *make(void) {
    struct interest *made = atomic_load_explicit(&interests, memory_order_acquire);
    if (made != NULL || sandbox_confined) return made;
    size_t bytes = PLACES * sizeof *made;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (atomic_compare_exchange_strong(&interests, &made, memory)) return memory;
    munmap(memory, bytes);
    return made;
}

static struct interest *place_of(struct interest *all, int epoll, uint64_t word) {
    return &all[(word ^ (uint64_t)epoll << 48) * UINT64_C(0x9e3779b97f4a7c15) >> 48];
}

struct epoll_event *interest_asked(int fd, int operation, struct epoll_event *event, struct epoll_event *changed) {
    struct ring_socket s;
    if (operation == EPOLL_CTL_DEL || !table_find(fd, &s) || !readable(event, sizeof *event)) return event;
    if ((event->events & EPOLLPRI) == 0 || (event->events & SHOWN_READS) != 0) return event;
    *changed = *event;
    changed->events |= EPOLLIN;
    return changed;
}

void interest_changed(int epoll, const struct ring_socket *s, const struct epoll_event *event) {
    struct interest *all = s != NULL ? make() : atomic_load_explicit(&interests, memory_order_acquire);
    if (all == NULL) return;
    struct interest *i = place_of(all, epoll, event->data.u64);
    int watching = epoll + 1;
    if (s == NULL) { /* the word means another descriptor now */
        if (i->word == event->data.u64) atomic_compare_exchange_strong(&i->epoll, &watching, 0);
        return;
    }
    atomic_store(&i->epoll, 0);
    i->fd = s->fd;
    i->generation = s->generation;
    i->events = event->events;
    i->word = event->data.u64;
    atomic_store_explicit(&i->epoll, watching, memory_order_release);
    /* One that has come before, and whose packet has been read away. */
    if ((event->events & EPOLLPRI) != 0 && !socket_is_datagram(s) && urgent_wait(s) && rf_readable_kick(s->region, s->number))
        attachment_ring(s->attachment);
}

/* Of which socket the event is: its interest, or NULL. */
static const struct interest *interest_of(struct interest *all, int epoll, const struct epoll_event *event, struct ring_socket *s) {
    const struct interest *i = place_of(all, epoll, event->data.u64);
    if (atomic_load_explicit(&i->epoll, memory_order_acquire) != epoll + 1 || i->word != event->data.u64) return NULL;
    return table_find(i->fd, s) && s->generation == i->generation ? i : NULL;
}

int interest_correct(int epoll, struct epoll_event *events, int count) {
    struct interest *all = atomic_load_explicit(&interests, memory_order_acquire);
    struct ring_socket s;
    int left = 0;
    if (all == NULL) return count;
    for (int e = 0; e < count; e++) {
        struct epoll_event event = events[e];
        const struct interest *i = interest_of(all, epoll, &event, &s);
        if (i != NULL) event.events = shown_instead(&s, i->events, event.events) & (i->events | SHOWN_ALWAYS);
        if (event.events != 0) events[left++] = event;
    }
    return left;
}

void interest_complete(int epoll, struct epoll_event *events, int count) {
    enum { AT_ONCE = 64 };
    struct interest *all = atomic_load_explicit(&interests, memory_order_acquire);
    struct ring_socket s;
    for (int from = 0; all != NULL && from < count; from += AT_ONCE) {
        struct pollfd fds[AT_ONCE];
        int most = count - from < AT_ONCE ? count - from : AT_ONCE;
        for (int e = 0; e < most; e++) {
            const struct interest *i = interest_of(all, epoll, &events[from + e], &s);
            fds[e] = (struct pollfd){.fd = i != NULL ? i->fd : -1, .events = i != NULL ? (short)(i->events & ~(uint32_t)SHOWN_READS) : 0};
        }
        if (real.poll(fds, (nfds_t)most, 0) <= 0) continue;
        for (int e = 0; e < most; e++)
            if (fds[e].fd >= 0) events[from + e].events |= (unsigned short)fds[e].revents & ~(uint32_t)POLLNVAL;
    }
    interest_correct(epoll, events, count);
}
