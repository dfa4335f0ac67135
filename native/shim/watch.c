/* Which sockets are armed: what epoll_ctl() and everything that ends it say. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "entry.h"
#include "loan.h"
#include "real.h"
#include "sandbox.h"
#include "shown.h"
#include "socket.h"

#define WATCHES 16
#define PLAIN_EVENTS (EPOLLIN | EPOLLRDNORM)
/* How long a socket that was armed may take to get its packet before the call that looks at it goes on: 40 times 50 us. */
enum { NAPS = 40, NAP_NANOSECONDS = 50000 };

static struct watch watches[WATCHES];
static _Atomic unsigned in_use;
static _Atomic(struct watched *) watched;
static _Atomic(struct attachment *) attachment; /* the first, set after `watched`; sockets of later ones get packets */

struct watch *watch_find(int epoll) {
    if (atomic_load_explicit(&in_use, memory_order_relaxed) == 0 || epoll < 0) return NULL;
    for (int i = 0; i < WATCHES; i++)
        if (atomic_load_explicit(&watches[i].name, memory_order_acquire) == epoll + 1) return &watches[i];
    return NULL;
}

struct watched *watch_of(uint32_t slot) { return &atomic_load_explicit(&watched, memory_order_acquire)[slot]; }

static struct attachment *armed_in(void) { return atomic_load_explicit(&attachment, memory_order_acquire); }

const struct rf_region *watch_region(void) {
    struct attachment *known = armed_in();
    return known == NULL ? NULL : &known->region;
}

/* ---- whose place it is ---- */

/* A word is its process's while that holds a lock on the byte of the region's file that has its number: the kernel knows who lives in
 * whatever namespace, and ends the lock with its process. Nothing lies under these locks; a child does not inherit them. */
static bool lock_word(uint32_t number, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
    int kept = errno;
    bool done = syscall(SYS_fcntl, armed_in()->memory, F_SETLK, &lock) == 0;
    errno = kept;
    return done;
}

/* If it is this process's: what this one was forked from may have the same number in another namespace. The lock is ended before
 * another thread can take the word, and with it a lock that is the same. */
static void free_word(uint32_t number) {
    uint32_t own = (uint32_t)getpid() << 1;
    _Atomic uint32_t *word = rf_watcher(watch_region(), number);
    if (!sandbox_confined && (!lock_word(number, F_WRLCK) || !lock_word(number, F_UNLCK))) return;
    if (!atomic_compare_exchange_strong(word, &own, 0) && own >> 1 == (uint32_t)getpid()) atomic_compare_exchange_strong(word, &own, 0);
}

/* By the one who has made its name -1, or whom that one has left it to. */
static void give_up(struct watch *w) {
    uint32_t number = atomic_load(&w->number);
    if (number != 0) free_word(number);
    for (uint32_t i = 0; i < atomic_load(&w->end); i++) w->mine[i] = w->again[i] = 0;
    atomic_store_explicit(&w->name, 0, memory_order_release);
}

/* False if the thread has ended in there, cancelled. */
static bool is_alive(uint32_t thread) {
    int kept = errno;
    bool alive = sandbox_confined || syscall(SYS_tgkill, getpid(), thread, 0) == 0 || errno != ESRCH;
    errno = kept;
    return alive;
}

/* Of whom the instance was closed over the head of, and who then ended without leaving. */
static void give_up_abandoned(void) {
    for (int i = 0; i < WATCHES; i++) {
        uint32_t inside = atomic_load(&watches[i].inside);
        if (atomic_load(&watches[i].name) != -1 || (inside & WATCH_CLOSED) == 0 || inside == WATCH_CLOSED) continue;
        if (is_alive(inside & ~WATCH_CLOSED) || !atomic_compare_exchange_strong(&watches[i].inside, &inside, WATCH_CLOSED)) continue;
        give_up(&watches[i]);
    }
}

/* Who sleeps in there holds word and place until he wakes. */
static void close_watch(struct watch *w, int fd) {
    int name = fd + 1;
    watch_break(w);
    if (!atomic_compare_exchange_strong(&w->name, &name, -1)) return; /* another thread closes it, too */
    atomic_fetch_sub(&in_use, 1);
    uint32_t inside = atomic_fetch_or(&w->inside, WATCH_CLOSED);
    if (inside != 0 && (is_alive(inside) || !atomic_compare_exchange_strong(&w->inside, &(uint32_t){inside | WATCH_CLOSED}, WATCH_CLOSED)))
        return;
    give_up(w);
}

bool watch_enter(struct watch *w, int epoll) {
    uint32_t nobody = 0;
    if (!atomic_compare_exchange_strong(&w->inside, &nobody, rf_lock_thread())) {
        /* Two threads, or one that left by longjmp(). */
        if ((nobody & WATCH_CLOSED) == 0) watch_break(w);
        return false;
    }
    if (atomic_load(&w->name) == epoll + 1) return true;
    watch_exit(w); /* closed, and perhaps another instance's, since it was found */
    return false;
}

void watch_exit(struct watch *w) {
    uint32_t self = rf_lock_thread();
    if (atomic_compare_exchange_strong(&w->inside, &self, 0)) return;
    /* Of two who are to give it up, this thread and one that takes it for dead, one does. */
    if (self == (rf_lock_thread() | WATCH_CLOSED) && atomic_compare_exchange_strong(&w->inside, &self, WATCH_CLOSED)) give_up(w);
}

static bool is_free(struct watch *w) {
    int none = 0;
    return atomic_compare_exchange_strong(&w->name, &none, -1);
}

void watch_created(int epoll) {
    if (epoll < 0 || !attachment_configured() || process_is_borrowed()) return;
    watch_closed(epoll);
    interest_created(epoll);
    give_up_abandoned();
    for (int i = 0; i < WATCHES; i++) {
        if (!is_free(&watches[i])) continue;
        atomic_store(&watches[i].number, 0);
        atomic_store(&watches[i].broken, false);
        atomic_store(&watches[i].inside, 0);
        atomic_store(&watches[i].end, 0);
        atomic_fetch_add(&in_use, 1);
        atomic_store_explicit(&watches[i].name, epoll + 1, memory_order_release);
        return;
    }
}

/* Gives the instance a word of the region: a free one, or one whose process is gone. */
static bool claim_number(struct watch *w) {
    const struct rf_region *region = watch_region();
    uint32_t own = (uint32_t)getpid() << 1;
    for (uint32_t n = 1; n < RF_WATCHERS; n++) {
        _Atomic uint32_t *word = rf_watcher(region, n);
        uint32_t seen = atomic_load(word);
        if (seen != 0 && seen >> 1 == own >> 1) continue;
        if (!lock_word(n, F_WRLCK)) continue;
        /* Who has lost his lock may live. */
        if (seen != 0 && (kill((pid_t)(seen >> 1), 0) == 0 || errno != ESRCH)) {
            lock_word(n, F_UNLCK);
            continue;
        }
        if (!atomic_compare_exchange_strong(word, &seen, own)) continue;
        atomic_store(&w->number, n);
        if (atomic_load(&w->inside)) atomic_fetch_or(word, 1); /* it sleeps, or will look at the number */
        return true;
    }
    return false;
}

static bool prepare(struct watch *w, const struct ring_socket *s) {
    if (atomic_load(&w->broken) || sandbox_confined) return false;
    if (atomic_load_explicit(&watched, memory_order_acquire) == NULL) {
        struct watched *none = NULL;
        size_t bytes = RF_MAX_SLOTS * sizeof *none;
        void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) return false;
        if (!atomic_compare_exchange_strong(&watched, &none, memory)) munmap(memory, bytes);
    }
    struct attachment *first = NULL;
    if (armed_in() == NULL) atomic_compare_exchange_strong(&attachment, &first, s->attachment);
    if (s->attachment != armed_in()) return false;
    return atomic_load(&w->number) != 0 || claim_number(w);
}

static bool is_armed(const struct rf_slot *slot) {
    uint32_t armed = atomic_load_explicit(&slot->armed, memory_order_relaxed);
    return armed != 0 && armed != RF_ARMED_NEVER;
}

static bool has_bytes(struct rf_slot *slot) {
    struct rf_ring in = rf_in_ring(slot);
    return rf_available(&in) != 0;
}

static bool has_packet(const struct ring_socket *s) {
    char byte;
    return syscall(SYS_recvfrom, s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) >= 0;
}

static void drop_bits(struct watch *w, uint32_t slot) {
    atomic_fetch_and(&w->mine[slot / 64], ~(UINT64_C(1) << slot % 64));
    atomic_fetch_and(&w->again[slot / 64], ~(UINT64_C(1) << slot % 64));
}

/* True if a packet lies there, and bytes that came without one were all told: another packet would be one more edge. */
static bool is_told(const struct ring_socket *s) {
    uint64_t tail = atomic_load_explicit(&s->slot->in_tail, memory_order_relaxed);
    return tail == atomic_load_explicit(&watch_of(s->number)->tail, memory_order_relaxed) && has_packet(s);
}

/* From now on the gateway sends packets; for bytes that nobody has been told of, at once. */
static void disarm(const struct ring_socket *s, uint32_t armed) {
    if (armed == RF_ARMED_NEVER) loan_keep_socket(s);
    uint32_t before = atomic_exchange(&s->slot->armed, armed);
    bool own = false;
    if (before == 0 || before == RF_ARMED_NEVER) return;
    for (int i = 0; i < WATCHES; i++) {
        if (s->attachment != armed_in() || atomic_load(&watches[i].number) != before || watches[i].name <= 0) continue;
        drop_bits(&watches[i], s->number);
        own = true;
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (!has_bytes(s->slot)) return;
    int kept = errno;
    if (!own || !is_told(s)) {
        if (rf_readable_kick(s->region, s->number)) attachment_ring(s->attachment);
        for (int naps = 0; naps < NAPS && has_bytes(s->slot) && !has_packet(s); naps++)
            syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = NAP_NANOSECONDS}, NULL);
    }
    errno = kept;
}

static void arm(struct watch *w, const struct ring_socket *s, const struct epoll_event *event) {
    uint32_t none = 0, word = s->number / 64, end = atomic_load(&w->end);
    uint64_t bit = UINT64_C(1) << s->number % 64;
    uint64_t tail = atomic_load_explicit(&s->slot->in_tail, memory_order_acquire);
    *watch_of(s->number) = (struct watched){s->fd, s->generation, event->events, event->data, 0, 0, tail};
    while (end <= word && !atomic_compare_exchange_weak(&w->end, &end, word + 1)) continue;
    uint32_t first = RF_ARMED_FIRST;
    if (!atomic_compare_exchange_strong(&s->slot->armed, &first, w->number) &&
        !atomic_compare_exchange_strong(&s->slot->armed, &none, w->number) && none != w->number)
        return;
    atomic_fetch_or(&w->mine[word], bit);
    atomic_thread_fence(memory_order_seq_cst);
    /* Bytes that nobody has been told of, or that a changed interest has to be told of again. */
    if (has_bytes(s->slot)) {
        atomic_fetch_or(&w->again[word], bit);
        bool sleeps = (atomic_load(rf_watcher(s->region, w->number)) & 1) != 0; /* another thread, in the kernel */
        if (sleeps && rf_readable_kick(s->region, s->number)) attachment_ring(s->attachment);
    }
    if (atomic_load(&w->broken)) disarm(s, RF_ARMED_NEVER);
}

void watch_socket_unsure(const struct ring_socket *s) {
    if (is_armed(s->slot)) disarm(s, RF_ARMED_NEVER);
}

void watch_never(int fd) {
    struct ring_socket s;
    if (table_find(fd, &s)) disarm(&s, RF_ARMED_NEVER);
}

void watch_unsure(int fd) {
    struct watch *w = watch_find(fd);
    struct ring_socket s;
    if (w != NULL) watch_break(w);
    else if (table_find(fd, &s)) watch_socket_unsure(&s);
}

void watch_break(struct watch *w) {
    struct ring_socket s;
    if (atomic_exchange(&w->broken, true) || atomic_load(&w->number) == 0) return;
    for (uint32_t word = 0; word < atomic_load(&w->end); word++) {
        for (uint64_t bits = atomic_load(&w->mine[word]); bits != 0; bits &= bits - 1) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (table_find(watch_of(slot)->fd, &s) && s.attachment == armed_in() && s.number == slot)
                disarm(&s, RF_ARMED_NEVER);
        }
    }
}

void watch_break_all(void) {
    loan_keep_all();
    if (atomic_load(&in_use) == 0 || process_is_borrowed()) return;
    int kept = errno;
    for (int i = 0; i < WATCHES; i++)
        if (atomic_load(&watches[i].name) > 0) watch_break(&watches[i]);
    errno = kept;
}

void watch_closed(int fd) {
    struct watch *w = watch_find(fd);
    struct ring_socket s;
    if (atomic_load_explicit(&in_use, memory_order_relaxed) == 0 || process_is_borrowed()) return;
    if (w != NULL) {
        close_watch(w, fd);
    } else if (table_find(fd, &s) && is_armed(s.slot) && s.attachment == armed_in() && watch_of(s.number)->fd == fd) {
        for (int i = 0; i < WATCHES; i++)
            if (watches[i].name > 0) drop_bits(&watches[i], s.number);
    }
}

bool watch_leave(const struct ring_socket *s) {
    uint32_t armed = atomic_load(&s->slot->armed);
    bool anywhere = armed == 0 || armed == RF_ARMED_FIRST; /* in none, or another thread is about to arm it */
    if (anywhere && atomic_load(&s->slot->interest) != s->generation) return true;
    for (int i = 0; i < WATCHES && anywhere; i++) {
        int epoll = atomic_load(&watches[i].name) - 1;
        if (epoll >= 0) real.epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, &(struct epoll_event){0});
    }
    if (anywhere) return true;
    for (int i = 0; i < WATCHES && armed != RF_ARMED_NEVER && s->attachment == armed_in(); i++) {
        int epoll = atomic_load(&watches[i].name) - 1;
        if (atomic_load(&watches[i].number) != armed || epoll < 0) continue;
        if (real.epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, &(struct epoll_event){0}) != 0) return false;
        drop_bits(&watches[i], s->number);
        return true;
    }
    return false;
}

/* Its parent, if that was forked by number, goes on with the instances. */
void watch_after_fork(void) {
    for (int i = 0; i < WATCHES; i++) atomic_store(&watches[i].broken, true);
}

void watch_before_fork(void) {
    loan_suspend();
    watch_break_all();
}

void watch_prepare(void) { pthread_atfork(watch_before_fork, loan_resume, rf_lock_after_fork); }

int shim_epoll_create(int size) {
    int fd = real.epoll_create(size);
    watch_created(fd);
    return fd;
}

int shim_epoll_create1(int flags) {
    int fd = real.epoll_create1(flags);
    watch_created(fd);
    return fd;
}

int shim_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    struct ring_socket s;
    struct epoll_event asked;
    if (operation != EPOLL_CTL_DEL && readable(event, sizeof *event) && table_find(fd, &s)) /* before another thread has its event */
        loan_watched(&s, watch_find(epoll) != NULL && (event->events & (EPOLLONESHOT | EPOLLEXCLUSIVE)) == 0 && (event->events & PLAIN_EVENTS) != 0);
    int result = real.epoll_ctl(epoll, operation, fd, interest_asked(fd, operation, event, &asked));
    if (result != 0 || process_is_borrowed()) return result;
    if (operation == EPOLL_CTL_ADD && watch_find(fd) != NULL) watch_unsure(fd); /* nested */
    bool in_region = table_find(fd, &s);
    if (operation != EPOLL_CTL_DEL) interest_changed(epoll, fd, in_region ? &s : NULL, event);
    if (!in_region || socket_is_datagram(&s)) return 0;
    struct watch *w = watch_find(epoll);
    uint32_t armed = atomic_load(&s.slot->armed);
    if (armed == RF_ARMED_FIRST) armed = 0;
    if (operation == EPOLL_CTL_DEL) {
        if (w != NULL && armed == w->number && armed != 0) disarm(&s, 0);
        return 0;
    }
    if (w == NULL || (armed != 0 && armed != w->number) || (operation == EPOLL_CTL_ADD && armed != 0) ||
        (event->events & (EPOLLONESHOT | EPOLLEXCLUSIVE)) != 0) {
        if (is_armed(s.slot)) disarm(&s, RF_ARMED_NEVER);
        else atomic_store(&s.slot->armed, RF_ARMED_NEVER);
    } else if ((event->events & PLAIN_EVENTS) == 0) {
        disarm(&s, 0);
    } else if (prepare(w, &s)) {
        arm(w, &s, event);
    } else {
        disarm(&s, (event->events & EPOLLET) != 0 ? RF_ARMED_NEVER : 0);
    }
    if (!is_armed(s.slot)) loan_keep_socket(&s); /* its instance is not known from its slot */
    return 0;
}
