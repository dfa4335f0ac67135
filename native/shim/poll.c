/* poll() and select(): the kernel's, which look at the pair of a socket, corrected by what its slot says. What they look at
 * is told by packets from then on. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static const struct timespec no_time;

/* ---- poll ---- */

/* How the program of a poll() wants to wait. */
struct patience {
    enum { POLL, PPOLL, PPOLL_BY_NUMBER } call;
    int milliseconds;
    const struct timespec *limit; /* of the latter two; the last writes into it what is left */
    const sigset_t *mask;
    size_t mask_bytes; /* of the last */
};

static int ask_kernel(struct pollfd *fds, nfds_t count, const struct patience *p, bool at_once) {
    struct timespec none = no_time;
    switch (p->call) {
    case POLL: return real.poll(fds, count, at_once ? 0 : p->milliseconds);
    case PPOLL: return real.ppoll(fds, count, at_once ? &no_time : p->limit, p->mask);
    default: return (int)raw_call(SYS_ppoll, fds, count, at_once ? &none : p->limit, p->mask, p->mask_bytes);
    }
}

/* What the kernel has told, corrected; of those it has told nothing of only if `all`. */
static int correct(struct pollfd *fds, nfds_t count, int ready, bool all) {
    struct ring_socket s;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd < 0 || (!all && fds[i].revents == 0) || !table_find(fds[i].fd, &s)) continue;
        uint32_t asked = (unsigned short)fds[i].events, before = (unsigned short)fds[i].revents;
        uint32_t now = shown_instead(&s, asked, before) & (asked | SHOWN_ALWAYS | POLLNVAL);
        fds[i].revents = (short)now;
        ready += (now != 0) - (before != 0);
    }
    return ready;
}

/* Tells a poll() by number what is left of its time, as the kernel does. */
static void tell_limit(const struct patience *p, int64_t end) {
    struct timespec *limit = (struct timespec *)p->limit, left;
    if (p->call == PPOLL_BY_NUMBER && limit != NULL && writable(limit, sizeof *limit) && turns_left(end, &left)) *limit = left;
}

/* Urgent bytes come with a packet, that is with POLLIN, for which the kernel is asked in a copy where the program does not. Which
 * then may be told of bytes that it did not ask for: it looks again once in a while. */
static int ask_urgent(struct pollfd *fds, struct pollfd *asked, nfds_t count, const struct patience *p, bool at_once) {
    for (nfds_t i = 0; i < count; i++) {
        asked[i] = fds[i];
        if ((fds[i].events & POLLPRI) != 0) asked[i].events |= POLLIN;
    }
    int ready = ask_kernel(asked, count, p, at_once);
    if (ready < 0) return ready;
    for (nfds_t i = 0; i < count; i++) {
        struct ring_socket s;
        fds[i].revents = asked[i].revents;
        /* Of a descriptor that is no socket in a region the program gets what it asked for. */
        if (fds[i].fd < 0 || table_find(fds[i].fd, &s)) continue;
        fds[i].revents &= fds[i].events | POLLERR | POLLHUP | POLLNVAL;
        ready -= asked[i].revents != 0 && fds[i].revents == 0;
    }
    return correct(fds, count, ready, true);
}

#define COPIED 64
static int poll_urgent(struct pollfd *fds, nfds_t count, const struct patience *p, bool told) {
    struct pollfd some[COPIED], *asked = count <= COPIED ? some : malloc(count * sizeof *asked);
    if (asked == NULL) return -1;
    int64_t end = p->call == POLL ? turns_end_after(p->milliseconds) : turns_end(p->limit);
    int ready = ask_urgent(fds, asked, count, p, told), more = 1, kept = errno;
    if (ready == 0) {
        struct turns turns = turns_begin(end, p->mask);
        while (ready == 0 && (more = turns_next(&turns)) > 0) ready = ask_urgent(fds, asked, count, p, true);
        if (more < 0) ready = -1;
        if (ready < 0) kept = errno;
        turns_over(&turns);
    }
    tell_limit(p, end);
    if (asked != some) free(asked);
    errno = kept;
    return ready;
}

static int poll_with(struct pollfd *fds, nfds_t count, const struct patience *p) {
    struct ring_socket s;
    bool told = false, urgent = false;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd < 0 || !table_find(fds[i].fd, &s)) continue;
        told |= shown_beside(&s, (unsigned short)fds[i].events) != 0;
        urgent |= (fds[i].events & POLLPRI) != 0 && !socket_is_datagram(&s);
    }
    if ((told || urgent) && !turns_fit(p->limit)) return ask_kernel(fds, count, p, false);
    if (urgent) return poll_urgent(fds, count, p, told);
    int ready = ask_kernel(fds, count, p, told);
    return ready < 0 || (ready == 0 && !told) ? ready : correct(fds, count, ready, told);
}

static bool watch_polled(const struct pollfd *fds, nfds_t count) {
    struct ring_socket s;
    bool found = false;
    if (!attachment_configured() || process_is_borrowed() || table_end() == 0) return false;
    if (count > RF_TABLE_SIZE || !writable(fds, count * sizeof *fds)) return false;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd < 0) continue;
        watch_unsure(fds[i].fd);
        found |= table_find(fds[i].fd, &s);
    }
    return found;
}

int shim_poll(struct pollfd *fds, nfds_t count, int milliseconds) {
    if (!watch_polled(fds, count)) return real.poll(fds, count, milliseconds);
    return poll_with(fds, count, &(struct patience){.call = POLL, .milliseconds = milliseconds});
}

int shim_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *mask) {
    if (!watch_polled(fds, count)) return real.ppoll(fds, count, limit, mask);
    return poll_with(fds, count, &(struct patience){.call = PPOLL, .limit = limit, .mask = mask});
}

int ppoll_by_number(struct pollfd *fds, nfds_t count, struct timespec *limit, const sigset_t *mask, size_t mask_bytes) {
    struct patience p = {PPOLL_BY_NUMBER, 0, limit, mask, mask_bytes};
    return watch_polled(fds, count) ? poll_with(fds, count, &p) : ask_kernel(fds, count, &p, false);
}

int shim___poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t size) {
    if (size / sizeof *fds < count) return real.__poll_chk(fds, count, milliseconds, size);
    return shim_poll(fds, count, milliseconds);
}

int shim___ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *mask, size_t size) {
    if (size / sizeof *fds < count) return real.__ppoll_chk(fds, count, limit, mask, size);
    return shim_ppoll(fds, count, limit, mask);
}

/* ---- select ---- */

enum { READING, WRITING, OTHER, SETS };
static const uint32_t asked_by[SETS] = {SHOWN_READS, SHOWN_WRITES, EPOLLPRI};
static const uint32_t told_by[SETS] = {SHOWN_READS | EPOLLHUP | EPOLLERR, SHOWN_WRITES | EPOLLERR, EPOLLPRI};

/* Sets may be longer than FD_SETSIZE: select(2). */
enum { BITS = 8 * sizeof(unsigned long) };
static bool has(const fd_set *set, int fd) {
    return set != NULL && (((const unsigned long *)set)[fd / BITS] >> fd % BITS & 1) != 0;
}
static void add(fd_set *set, int fd) { ((unsigned long *)set)[fd / BITS] |= 1ul << fd % BITS; }

/* What the program asks of a descriptor. */
static uint32_t asked_of(fd_set *const sets[SETS], int fd) {
    uint32_t asked = 0;
    for (int i = 0; i < SETS; i++)
        if (has(sets[i], fd)) asked |= asked_by[i];
    return asked;
}

/* A socket of which its slot has something to say, and in which sets. */
struct beside {
    int fd;
    unsigned sets;
};
#define FOUND_MOST 64 /* who is told of so many looks again */

static int find_beside(int end, fd_set *const sets[SETS], struct beside found[FOUND_MOST]) {
    struct ring_socket s;
    int count = 0;
    for (int fd = 0; fd < end && count < FOUND_MOST; fd++) {
        uint32_t asked = asked_of(sets, fd);
        if (asked == 0 || !table_find(fd, &s)) continue;
        uint32_t events = shown_beside(&s, asked);
        struct beside *f = &found[count];
        *f = (struct beside){.fd = fd};
        for (int i = 0; i < SETS; i++)
            if (has(sets[i], fd) && (events & told_by[i]) != 0) f->sets |= 1u << i;
        if (f->sets != 0) count++;
    }
    return count;
}

/* Adds them to what the kernel has told. The number of bits, as select() returns it. */
static int add_beside(int ready, fd_set *const sets[SETS], const struct beside *found, int count) {
    for (int k = 0; k < count && ready >= 0; k++)
        for (int i = 0; i < SETS; i++) {
            if ((found[k].sets >> i & 1) == 0 || has(sets[i], found[k].fd)) continue;
            add(sets[i], found[k].fd);
            ready++;
        }
    return ready;
}

static bool is_set(const fd_set *set, int end) {
    return set == NULL || writable(set, ((size_t)(end > 0 ? end : 0) + BITS - 1) / BITS * sizeof(unsigned long));
}

static bool watch_sets(int end, fd_set *const sets[SETS]) {
    struct ring_socket s;
    bool found = false;
    if (!attachment_configured() || process_is_borrowed() || table_end() == 0 || end > (int)RF_TABLE_SIZE) return false;
    for (int i = 0; i < SETS; i++)
        if (!is_set(sets[i], end)) return false;
    for (int fd = 0; fd < end; fd++) {
        if (asked_of(sets, fd) == 0) continue;
        if (has(sets[READING], fd)) watch_unsure(fd);
        found |= table_find(fd, &s);
    }
    return found;
}

/* As poll_urgent(): in the reading set the kernel is asked for the sockets of the other one, too. */
#define SET_WORDS (FD_SETSIZE / BITS)
struct asked {
    int end;
    fd_set *const *sets; /* the program's */
    unsigned long words[SETS][SET_WORDS];
};

static int ask_sets(struct asked *a, bool again, const struct timespec *limit, const sigset_t *mask) {
    unsigned long reading[SET_WORDS];
    size_t words = ((size_t)a->end + BITS - 1) / BITS;
    struct beside found[FOUND_MOST];
    struct ring_socket s;
    fd_set *const *sets = a->sets;
    fd_set *const asks[SETS] = {(fd_set *)a->words[READING], (fd_set *)a->words[WRITING], (fd_set *)a->words[OTHER]};
    fd_set *const answers[SETS] = {(fd_set *)reading, sets[WRITING], sets[OTHER]};
    for (size_t w = 0; w < words; w++) {
        reading[w] = a->words[READING][w] | a->words[OTHER][w];
        if (sets[WRITING] != NULL) ((unsigned long *)sets[WRITING])[w] = a->words[WRITING][w];
        ((unsigned long *)sets[OTHER])[w] = a->words[OTHER][w];
    }
    bool at_once = again || find_beside(a->end, asks, found) > 0;
    int ready = real.pselect(a->end, answers[READING], answers[WRITING], answers[OTHER], at_once ? &no_time : limit, mask);
    if (ready < 0) return ready;
    for (int fd = 0; fd < a->end; fd++) {
        if (!has(answers[READING], fd)) continue;
        if (has(asks[READING], fd) && !(table_find(fd, &s) && !socket_is_datagram(&s) && urgent_alone(&s))) continue;
        reading[fd / BITS] &= ~(1ul << fd % BITS);
        ready--;
    }
    fd_set *const told[SETS] = {sets[READING] != NULL ? sets[READING] : answers[READING], sets[WRITING], sets[OTHER]};
    for (size_t w = 0; w < words && sets[READING] != NULL; w++) ((unsigned long *)sets[READING])[w] = reading[w];
    return add_beside(ready, told, found, find_beside(a->end, asks, found));
}

static int select_urgent(int end, fd_set *const sets[SETS], const struct timespec *limit, int64_t until, const sigset_t *mask) {
    struct asked a = {.end = end, .sets = sets};
    size_t words = ((size_t)end + BITS - 1) / BITS;
    for (int i = 0; i < SETS; i++)
        for (size_t w = 0; w < words; w++) a.words[i][w] = sets[i] != NULL ? ((unsigned long *)sets[i])[w] : 0;
    int ready = ask_sets(&a, false, limit, mask), more = 1;
    if (ready != 0) return ready;
    struct turns turns = turns_begin(until, mask);
    while (ready == 0 && (more = turns_next(&turns)) > 0) ready = ask_sets(&a, true, limit, mask);
    turns_over(&turns);
    return more < 0 ? -1 : ready;
}

static bool has_urgent(int end, fd_set *other) {
    struct ring_socket s;
    for (int fd = 0; fd < end && other != NULL && end <= FD_SETSIZE; fd++)
        if (has(other, fd) && table_find(fd, &s) && !socket_is_datagram(&s)) return true;
    return false;
}

int shim_select(int end, fd_set *reading, fd_set *writing, fd_set *other, struct timeval *limit) {
    fd_set *const sets[SETS] = {reading, writing, other};
    struct beside found[FOUND_MOST];
    struct timeval none = {0};
    bool in_region = watch_sets(end, sets) && (limit == NULL || (limit->tv_sec >= 0 && limit->tv_usec >= 0));
    if (in_region && has_urgent(end, other)) {
        struct timespec precise = {0};
        if (limit != NULL) precise = (struct timespec){limit->tv_sec, limit->tv_usec % 1000000 * 1000};
        if (limit != NULL && __builtin_add_overflow(precise.tv_sec, limit->tv_usec / 1000000, &precise.tv_sec)) precise.tv_sec = INT64_MAX;
        int64_t until = turns_end(limit != NULL ? &precise : NULL);
        int ready = select_urgent(end, sets, limit != NULL ? &precise : NULL, until, NULL);
        if (limit != NULL && turns_left(until, &precise)) *limit = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
        return ready;
    }
    int count = in_region ? find_beside(end, sets, found) : 0;
    int ready = real.select(end, reading, writing, other, count > 0 ? &none : limit);
    return add_beside(ready, sets, found, count);
}

int shim_pselect(int end, fd_set *reading, fd_set *writing, fd_set *other, const struct timespec *limit, const sigset_t *mask) {
    fd_set *const sets[SETS] = {reading, writing, other};
    struct beside found[FOUND_MOST];
    bool in_region = watch_sets(end, sets) && turns_fit(limit);
    if (in_region && has_urgent(end, other)) return select_urgent(end, sets, limit, turns_end(limit), mask);
    int count = in_region ? find_beside(end, sets, found) : 0;
    int ready = real.pselect(end, reading, writing, other, count > 0 ? &no_time : limit, mask);
    return add_beside(ready, sets, found, count);
}

/* The kernel's sixth argument: pselect(2), "C library/kernel differences". */
struct masked {
    const sigset_t *mask;
    size_t bytes;
};

int pselect_by_number(int end, fd_set *reading, fd_set *writing, fd_set *other, struct timespec *limit, const void *argument) {
    fd_set *const sets[SETS] = {reading, writing, other};
    struct beside found[FOUND_MOST];
    struct timespec none = no_time;
    const struct masked *masked = argument;
    bool in_region = watch_sets(end, sets) && turns_fit(limit);
    bool plain = masked == NULL || (readable(masked, sizeof *masked) && (masked->mask == NULL || masked->bytes == sizeof(uint64_t)));
    if (in_region && plain && has_urgent(end, other)) {
        int64_t until = turns_end(limit);
        struct timespec left;
        int ready = select_urgent(end, sets, limit, until, masked != NULL ? masked->mask : NULL);
        if (limit != NULL && writable(limit, sizeof *limit) && turns_left(until, &left)) *limit = left;
        return ready;
    }
    int count = in_region ? find_beside(end, sets, found) : 0;
    int ready = (int)raw_call(SYS_pselect6, end, reading, writing, other, count > 0 ? &none : limit, argument);
    return add_beside(ready, sets, found, count);
}
