/* Which descriptors are in epoll instances, so that events of sockets in a region can be corrected: the kernel tells an event by
 * the program's word alone. A table of fixed size: of words that meet in one place the last one is known, and events of the others
 * stay what the kernel tells. Where several descriptors share a word, nobody knows whose an event is: it stays what the kernel tells,
 * but for what none of them wants. */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "kernel.h"
#include "real.h"
#include "sandbox.h"
#include "shown.h"
#include "socket.h"
#include "urgent.h"

struct interest {
    _Atomic int epoll; /* one more than the instance's descriptor; 0: none */
    int fd;            /* the last one that was put in under this word */
    uint32_t generation; /* 0: it is no socket in a region */
    uint32_t asked;      /* for it */
    uint32_t events;     /* for all that share the word */
    uint16_t birth;      /* of the instance */
    uint16_t shares;
    uint64_t word;
};

/* How many share a word; copies are descriptors of one socket. */
enum { ALONE, COPIES, SEVERAL };

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

/* Instances that have had a number: what an earlier one had is not shared with a later one. Numbers that meet share a count,
 * which is a matter only to words that are shared while another such instance is made. */
enum { NUMBERS = 1024 };
static _Atomic uint16_t births[NUMBERS];

static uint16_t birth_of(int epoll) { return atomic_load_explicit(&births[(unsigned)epoll % NUMBERS], memory_order_relaxed); }

void interest_created(int epoll) { atomic_fetch_add(&births[(unsigned)epoll % NUMBERS], 1); }

_Atomic bool interest_urgent;

struct epoll_event *interest_asked(int fd, int operation, struct epoll_event *event, struct epoll_event *changed) {
    struct ring_socket s;
    if (operation == EPOLL_CTL_DEL || !table_find(fd, &s) || !readable(event, sizeof *event)) return event;
    if ((event->events & EPOLLPRI) == 0) return event;
    atomic_store_explicit(&interest_urgent, true, memory_order_relaxed);
    if ((event->events & SHOWN_READS) != 0) return event;
    *changed = *event;
    changed->events |= EPOLLIN;
    return changed;
}

/* True if the descriptor that has a word may still be in the instance: of one that is no socket in a region, which is closed without
 * anybody's being told, as long as its number is no such socket's. */
static bool is_open(const struct interest *i, struct ring_socket *before) {
    if (i->generation != 0) return table_find(i->fd, before) && before->generation == i->generation;
    return table_get(i->fd) == RF_ENTRY_NONE && raw_call(SYS_fcntl, i->fd, F_GETFD, 0L) >= 0;
}

/* What a descriptor that is put in under a word finds there. */
static void share(const struct interest *i, struct interest *new, const struct ring_socket *s, bool same) {
    struct ring_socket before;
    if (i->birth != new->birth && same) return;
    if (!same) {
        /* Words meet here, of which one is shared: as soon as it comes again nobody will know that. */
        if (i->shares != ALONE && is_open(i, &before)) new->shares = SEVERAL, new->events = ~0u;
        return;
    }
    if (i->shares == ALONE && i->fd == new->fd) return;
    bool open = is_open(i, &before);
    if (i->shares == ALONE && !open) return;
    bool copy = s != NULL && i->generation != 0 && open && before.slot == s->slot;
    new->shares = copy && i->shares != SEVERAL ? COPIES : SEVERAL;
    new->events |= i->events;
}

void interest_changed(int epoll, int fd, const struct ring_socket *s, const struct epoll_event *event) {
    struct interest *all = attachment_configured() ? make() : NULL;
    if (all == NULL) return;
    struct interest *i = place_of(all, epoll, event->data.u64);
    struct interest new = {.fd = fd, .asked = event->events, .events = event->events, .birth = birth_of(epoll)};
    if (s != NULL) new.generation = s->generation;
    int watching = atomic_load(&i->epoll);
    if (watching != 0) share(i, &new, s, watching == epoll + 1 && i->word == event->data.u64);
    atomic_store(&i->epoll, 0);
    i->fd = new.fd;
    i->generation = new.generation;
    i->asked = new.asked;
    i->events = new.events;
    i->birth = new.birth;
    i->shares = new.shares;
    i->word = event->data.u64;
    atomic_store_explicit(&i->epoll, epoll + 1, memory_order_release);
    if (s == NULL || (event->events & EPOLLPRI) == 0 || socket_is_datagram(s)) return;
    /* One that has come before, and whose packet has been read away. */
    if (urgent_wait(s) && rf_readable_kick(s->region, s->number)) attachment_ring(s->attachment);
}

/* The interest that the event is of, or NULL. `s` is the last socket that has this word, if that is in a region, and else has no slot. */
static const struct interest *interest_of(struct interest *all, int epoll, const struct epoll_event *event, struct ring_socket *s) {
    const struct interest *i = place_of(all, epoll, event->data.u64);
    s->slot = NULL;
    if (atomic_load_explicit(&i->epoll, memory_order_acquire) != epoll + 1 || i->word != event->data.u64) return NULL;
    if (i->generation == 0) return i;
    if (!table_find(i->fd, s) || s->generation != i->generation) s->slot = NULL;
    return s->slot != NULL || i->shares == SEVERAL ? i : NULL;
}

/* What is so of an event of this interest. */
static uint32_t corrected(const struct interest *i, const struct ring_socket *s, uint32_t told) {
    uint32_t events = i->events;
    if (i->shares != SEVERAL) return s->slot == NULL ? told : shown_instead(s, events, told) & (events | SHOWN_ALWAYS);
    /* It may be another's, but urgent bytes are told by nobody else. */
    if (s->slot != NULL) told |= shown_beside(s, i->asked) & EPOLLPRI;
    return told & (events | SHOWN_ALWAYS);
}

int interest_correct(int epoll, struct epoll_event *events, int count) {
    struct interest *all = atomic_load_explicit(&interests, memory_order_acquire);
    struct ring_socket s;
    int left = 0;
    if (all == NULL) return count;
    for (int e = 0; e < count; e++) {
        struct epoll_event event = events[e];
        const struct interest *i = interest_of(all, epoll, &event, &s);
        if (i != NULL) event.events = corrected(i, &s, event.events);
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
            bool known = i != NULL && s.slot != NULL;
            fds[e] = (struct pollfd){.fd = known ? i->fd : -1, .events = known ? (short)(i->asked & ~(uint32_t)SHOWN_READS) : 0};
        }
        if (real.poll(fds, (nfds_t)most, 0) <= 0) continue;
        for (int e = 0; e < most; e++)
            if (fds[e].fd >= 0) events[from + e].events |= (unsigned short)fds[e].revents & ~(uint32_t)POLLNVAL;
    }
    interest_correct(epoll, events, count);
}
