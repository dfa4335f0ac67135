/* Waiting for events: epoll_wait() looks at the region before it sleeps in the kernel. */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "entry.h"
#include "kernel.h"
#include "real.h"
#include "shown.h"
#include "socket.h"
#include "turns.h"
#include "urgent.h"
#include "watch.h"

/* How the program wants to wait. */
struct patience {
    enum { WAIT, PWAIT, PWAIT2, BY_NUMBER, PWAIT2_BY_NUMBER } call;
    int milliseconds;
    const struct timespec *limit; /* of PWAIT2 */
    const sigset_t *mask;
    long number; /* of the latter two */
    size_t mask_bytes;
};

static const struct timespec no_time;

/* Looks at the bits, as long as all that is found has just come. */
enum { LOOKS = 3 };

static bool has_limit(const struct patience *p) { return p->call == PWAIT2 || p->call == PWAIT2_BY_NUMBER; }

static bool is_over_at_once(const struct patience *p) {
    if (!has_limit(p)) return p->milliseconds == 0;
    return p->limit != NULL && p->limit->tv_sec == 0 && p->limit->tv_nsec == 0;
}

static int ask_once(int epoll, struct epoll_event *events, int room, const struct patience *p, bool at_once) {
    int milliseconds = at_once ? 0 : p->milliseconds;
    const struct timespec *limit = at_once ? &no_time : p->limit;
    switch (p->call) {
    case WAIT: return real.epoll_wait(epoll, events, room, milliseconds);
    case PWAIT: return real.epoll_pwait(epoll, events, room, milliseconds, p->mask);
    case PWAIT2: return real.epoll_pwait2(epoll, events, room, limit, p->mask);
    case BY_NUMBER: return (int)raw_call(p->number, epoll, events, room, (long)milliseconds, p->mask, p->mask_bytes);
    default: return (int)raw_call(p->number, epoll, events, room, limit, p->mask, p->mask_bytes);
    }
}

static int64_t end_of(const struct patience *p) { return has_limit(p) ? turns_end(p->limit) : turns_end_after(p->milliseconds); }

static int ask_again(int epoll, struct epoll_event *events, int room, const struct patience *p, int64_t end) {
    struct turns turns = turns_begin(end, p->mask);
    int told = 0, more;
    while (told == 0 && (more = turns_next(&turns)) != 0) {
        told = more < 0 ? -1 : ask_once(epoll, events, room, p, true);
        if (told > 0) told = interest_correct(epoll, events, told);
    }
    turns_over(&turns);
    return told;
}

/* What is left of the kernel's events. If nothing is, they were packets that told of nothing the program asked for: rare enough, since
 * it must have asked for urgent bytes, to look again once in a while. */
static int ask_kernel(int epoll, struct epoll_event *events, int room, const struct patience *p, bool at_once) {
    bool urgent = !at_once && atomic_load_explicit(&interest_urgent, memory_order_relaxed);
    int64_t end = urgent ? end_of(p) : TURNS_FOREVER;
    int told = ask_once(epoll, events, room, p, at_once);
    if (told <= 0 || (told = interest_correct(epoll, events, told)) > 0 || at_once) return told;
    return ask_again(epoll, events, room, p, urgent ? end : end_of(p));
}

/* A slot that may have an event: sorting sorts by when its bytes came, or it was told of last: who has been told of comes behind
 * those who have not, and has his turn again when the others had theirs. 32 bits, 16 and 16. */
static int64_t key_of(const struct watch *w, uint64_t stamp, uint64_t snapshot, uint32_t number) {
    const struct watched *entry = watch_of(number);
    int64_t distance = (int64_t)((entry->told > stamp ? entry->told : stamp) - snapshot);
    uint64_t turns = w->turns - entry->turn;
    if (distance > INT32_MAX) distance = INT32_MAX;
    if (distance < INT32_MIN) distance = INT32_MIN;
    if (turns > UINT16_MAX) turns = UINT16_MAX;
    return (int64_t)((uint64_t)distance << 32 | (UINT16_MAX - turns) << 16 | number);
}

/* The slots of the instance whose bits are set, taken; ascending. */
static uint32_t gather(struct watch *w, const struct rf_region *region, uint64_t snapshot) {
    uint32_t end = atomic_load_explicit(&w->end, memory_order_acquire), count = 0;
    for (uint32_t word = 0; word < end; word++) {
        uint64_t mine = atomic_load_explicit(&w->mine[word], memory_order_relaxed);
        uint64_t bits = atomic_load_explicit(&region->to_frontend->leaf[word], memory_order_acquire) & mine;
        if (bits != 0) atomic_fetch_and(&region->to_frontend->leaf[word], ~bits);
        uint64_t again = atomic_load_explicit(&w->again[word], memory_order_relaxed) & mine;
        if (again != 0) bits |= atomic_fetch_and(&w->again[word], ~again) & mine;
        for (; bits != 0; bits &= bits - 1) {
            uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(bits);
            uint64_t stamp = atomic_load_explicit(&region->slots[number].in_stamp, memory_order_acquire);
            w->keys[count++] = key_of(w, stamp, snapshot, number);
        }
    }
    rf_order_sort(w->keys, count);
    return count;
}

enum event { NONE, EVENT, LATE, FAULT };

static void again(struct watch *w, uint32_t number) {
    atomic_fetch_or(&w->again[number / 64], UINT64_C(1) << number % 64);
}

/* The event of a slot whose bit was set, if there is one. LATE: bytes came after the snapshot, and who knows behind whose.
 * FAULT: there is no memory for it. */
static enum event event_of(struct watch *w, uint32_t number, uint64_t snapshot, bool any, struct epoll_event *event) {
    struct watched *entry = watch_of(number);
    struct rf_slot *slot = rf_slot_at(watch_region(), number);
    struct ring_socket s;
    /* It may have been closed, and its slot given to another connection. */
    if (slot == NULL || !table_find(entry->fd, &s) || s.slot != slot || s.generation != entry->generation) {
        atomic_fetch_and(&w->mine[number / 64], ~(UINT64_C(1) << number % 64));
        return NONE;
    }
    struct rf_ring in = rf_in_ring(slot);
    uint64_t tail = atomic_load_explicit(&slot->in_tail, memory_order_acquire);
    if (rf_available(&in) == 0 || urgent_alone(&s)) return NONE;
    if (!any && atomic_load_explicit(&slot->in_stamp, memory_order_acquire) > snapshot) return LATE;
    if (!writable(event, sizeof *event)) return FAULT;
    if ((entry->events & EPOLLET) == 0) again(w, number);
    entry->told = snapshot;
    entry->turn = ++w->turns;
    atomic_store_explicit(&entry->tail, tail, memory_order_relaxed);
    uint32_t told = EPOLLIN | EPOLLRDNORM;
    /* The kernel tells an edge together with what held before it. */
    if ((entry->events & EPOLLET) != 0 && atomic_load_explicit(&slot->out_blocked, memory_order_relaxed) == 0) told |= EPOLLOUT | EPOLLWRNORM;
    *event = (struct epoll_event){entry->events & told, entry->data};
    return EVENT;
}

/* Events of sockets that the gateway has set bits for, in the order in which their bytes came. Those that came while we look
 * are left to the next look: there may be others before them that were not seen. -1: EFAULT. */
static int collect(struct watch *w, struct epoll_event *events, int room) {
    const struct rf_region *region = watch_region();
    if (room <= 0) return 0;
    for (int looks = LOOKS; looks > 0; looks--) {
        uint64_t snapshot = atomic_load(&region->header->in_count);
        uint32_t count = gather(w, region, snapshot);
        int told = 0;
        bool late = false, fault = false;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t number = (uint32_t)w->keys[i] % RF_MAX_SLOTS;
            enum event is = told == room || fault ? LATE : event_of(w, number, snapshot, looks == 1, &events[told]);
            if (is == EVENT) told++;
            if (is == FAULT) fault = true;
            if (is == LATE || is == FAULT) again(w, number), late = true;
        }
        if (fault && told == 0) {
            errno = EFAULT;
            return -1;
        }
        if (told > 0 || !late) return told;
    }
    return 0;
}

/* One socket has one event, whoever told of it. `first` events stand before `second` ones. */
static int merge(struct epoll_event *events, int first, int second) {
    int count = first;
    for (int i = first; i < first + second; i++) {
        int same = 0;
        while (same < first && events[same].data.u64 != events[i].data.u64) same++;
        if (same < first) events[same].events |= events[i].events;
        else events[count++] = events[i];
    }
    return count;
}

static int wait_in(struct watch *w, int epoll, struct epoll_event *events, int room, const struct patience *p) {
    _Atomic uint32_t *word = rf_watcher(watch_region(), w->number);
    int found = collect(w, events, room), kept = errno;
    if (found == 0 && !is_over_at_once(p)) {
        atomic_fetch_or(word, 1);
        atomic_thread_fence(memory_order_seq_cst);
        found = collect(w, events, room);
        if (found == 0) {
            int told = ask_kernel(epoll, events, room, p, false);
            kept = errno;
            atomic_fetch_and(word, ~UINT32_C(1));
            int more = told < 0 ? 0 : collect(w, events + told, room - told);
            if (more < 0 && told == 0) return more;
            errno = kept;
            return told < 0 ? told : merge(events, told, more > 0 ? more : 0);
        }
        atomic_fetch_and(word, ~UINT32_C(1));
    }
    if (found < 0) return found;
    if (found == room) { /* no place for the kernel's events of the same sockets */
        interest_complete(epoll, events, found);
        return found;
    }
    int told = ask_kernel(epoll, events + found, room - found, p, true);
    if (told >= 0) return merge(events, found, told);
    if (found == 0) return told;
    errno = kept;
    return found;
}

static int wait_for(int epoll, struct epoll_event *events, int room, const struct patience *p) {
    struct watch *w = watch_find(epoll);
    if (w == NULL || room <= 0 || atomic_load(&w->broken) || process_is_borrowed()) return ask_kernel(epoll, events, room, p, false);
    if (!watch_enter(w, epoll)) return ask_kernel(epoll, events, room, p, false);
    /* Before the first socket there is no word to say so in: whoever arms that looks at `inside`. */
    int result = atomic_load(&w->number) == 0 ? ask_kernel(epoll, events, room, p, false) : wait_in(w, epoll, events, room, p);
    watch_exit(w);
    return result;
}

int shim_epoll_wait(int epoll, struct epoll_event *events, int room, int milliseconds) {
    return wait_for(epoll, events, room, &(struct patience){.call = WAIT, .milliseconds = milliseconds});
}

int shim_epoll_pwait(int epoll, struct epoll_event *events, int room, int milliseconds, const sigset_t *mask) {
    return wait_for(epoll, events, room, &(struct patience){.call = PWAIT, .milliseconds = milliseconds, .mask = mask});
}

int shim_epoll_pwait2(int epoll, struct epoll_event *events, int room, const struct timespec *limit, const sigset_t *mask) {
    if (!turns_fit(limit)) return real.epoll_pwait2(epoll, events, room, limit, mask);
    return wait_for(epoll, events, room, &(struct patience){.call = PWAIT2, .limit = limit, .mask = mask});
}

/* The instance has been given up to the kernel. */
int wait_by_number(long number, int epoll, struct epoll_event *events, int room, long limit, const sigset_t *mask, size_t mask_bytes) {
    struct patience p = {.call = BY_NUMBER, .milliseconds = (int)limit, .number = number, .mask_bytes = mask_bytes};
    if (number != SYS_epoll_wait) p.mask = mask; /* that has no more arguments */
    if (number != SYS_epoll_pwait2) return ask_kernel(epoll, events, room, &p, false);
    p.call = PWAIT2_BY_NUMBER, p.limit = (const struct timespec *)limit;
    if (!turns_fit(p.limit)) return (int)raw_call(number, epoll, events, room, limit, mask, mask_bytes);
    return ask_kernel(epoll, events, room, &p, false);
}
