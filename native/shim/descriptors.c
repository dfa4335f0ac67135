/* What concerns the descriptor and not the socket: duplicating, closing, flags. The kernel does it all; the
 * table follows, and the shim's own descriptors are left alone. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/sockios.h>
#include <time.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "critical.h"
#include "datagram.h"
#include "entry.h"
#include "interfaces.h"
#include "loan.h"
#include "real.h"
#include "socket.h"
#include "stream.h"
#include "urgent.h"
#include "watch.h"

/* True if the program must not touch this number: it did not open it. Nor must a child of vfork, since the program
 * that it becomes inherits it. */
static bool is_own(int fd) { return table_get(fd) == RF_ENTRY_OWN; }

static int not_open(void) {
    errno = EBADF;
    return -1;
}

/* A socket whose packets nobody reads or sends meanwhile. Who does looks at the table first, under the same locks: while they are held
 * its number can become something else, and no byte of that is taken for a packet. Who holds one for long is not waited for: sends do,
 * while sendfile() reads a file that comes slowly, and receives where a process is stopped. */
struct held {
    struct ring_socket socket;
    struct critical section;
    bool is, receives, sends;
};

static bool try_hold(struct rf_lock *lock, int milliseconds) {
    enum { AT_ONCE = 64 };
    for (int i = 0; i < AT_ONCE + milliseconds; i++) {
        if (rf_trylock(lock) == 0) return true;
        if (i < AT_ONCE) sched_yield();
        else syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static struct held hold(int fd) {
    struct held held = {.is = table_find(fd, &held.socket)};
    if (!held.is) return held;
    held.section = critical_enter();
    held.receives = try_hold(&held.socket.slot->receive_lock, 1000);
    held.sends = try_hold(&held.socket.slot->send_lock, 4);
    return held;
}

static void let_go(const struct held *held) {
    if (!held->is) return;
    if (held->sends) rf_unlock(&held->socket.slot->send_lock);
    if (held->receives) rf_unlock(&held->socket.slot->receive_lock);
    critical_leave(held->section);
}

static void forget(int fd) {
    watch_closed(fd);
    if (table_get(fd) != RF_ENTRY_NONE && !process_is_borrowed()) table_set(fd, RF_ENTRY_NONE);
}

/* Takes a lent socket out of all instances, before its number is closed or becomes something else. */
static bool take_back(int fd, struct loan *loan) {
    int kept = errno;
    bool returns = loan_take(fd, loan);
    errno = kept;
    return returns;
}

/* Forgets before libc closes: afterwards the number may at once be another thread's. Of one that is not lent the kernel tells the gateway. */
int shim_close(int fd) {
    struct loan loan;
    if (is_own(fd)) return not_open();
    bool returns = take_back(fd, &loan);
    forget(fd);
    int result = real.close(fd);
    if (returns && result == 0) loan_return(&loan);
    else if (returns) loan_keep_socket(&loan.socket); /* who knows what was closed */
    return result;
}

int shim_close_range(unsigned first, unsigned last, int flags) {
    if (first > last) return real.close_range(first, last, flags);
    bool closes = (flags & CLOSE_RANGE_CLOEXEC) == 0;
    if ((flags & CLOSE_RANGE_UNSHARE) != 0) loan_keep_all();
    unsigned end = table_end();
    for (unsigned fd = first; fd < end && fd <= last; fd++) {
        if (!is_own((int)fd)) {
            /* One by one only what is ours alone: with CLOSE_RANGE_UNSHARE another's copies stay open. */
            if (closes && (flags & CLOSE_RANGE_UNSHARE) == 0 && table_get((int)fd) != RF_ENTRY_NONE) shim_close((int)fd);
            else if (closes) forget((int)fd);
            continue;
        }
        if (fd > first && real.close_range(first, fd - 1, flags) != 0) return -1;
        first = fd + 1;
    }
    return first <= last ? real.close_range(first, last, flags) : 0;
}

void shim_closefrom(int first) {
    unsigned from = first > 0 ? (unsigned)first : 0;
    if (shim_close_range(from, ~0u, 0) == 0) return;
    /* A kernel without close_range. */
    if (table_end() == 0) {
        real.closefrom(first);
        return;
    }
    long end = sysconf(_SC_OPEN_MAX);
    for (long fd = from; fd < end; fd++) shim_close((int)fd);
}

static void enter_copy(int from, int to) {
    if (to < 0 || process_is_borrowed()) return;
    watch_closed(to);
    table_set(to, table_get(from));
}

/* What else a copy that is in the table has to do with. */
static int entered(int from, int to) {
    if (to < 0 || process_is_borrowed()) return to;
    if (table_get(to) != RF_ENTRY_NONE) stream_standard(to);
    if (to != from) watch_unsure(from);
    return to;
}

static int copied(int from, int to) {
    enter_copy(from, to);
    return entered(from, to);
}

int shim_dup(int fd) {
    if (is_own(fd)) return not_open();
    loan_keep(fd);
    return copied(fd, real.dup(fd));
}

enum { DUP2 = INT_MIN }; /* in place of dup3()'s flags */

static int copied_onto(int fd, int wanted, int flags) {
    struct loan loan;
    if (is_own(fd) || is_own(wanted)) return not_open();
    loan_keep(fd);
    bool replaces = fd != wanted && (flags == DUP2 || (flags & ~O_CLOEXEC) == 0) && real.fcntl(fd, F_GETFD, 0) >= 0 && take_back(wanted, &loan);
    struct held held = {.is = false};
    if (fd != wanted) held = hold(wanted);
    int result = flags == DUP2 ? real.dup2(fd, wanted) : real.dup3(fd, wanted, flags);
    enter_copy(fd, result);
    int kept = errno;
    let_go(&held);
    errno = kept;
    entered(fd, result);
    if (replaces && result >= 0) loan_return(&loan);
    return result;
}

int shim_dup2(int fd, int wanted) { return copied_onto(fd, wanted, DUP2); }

int shim_dup3(int fd, int wanted, int flags) { return copied_onto(fd, wanted, flags); }

/* Who wants signals has them from the kernel, for packets. O_NONBLOCK alone is set anew by whoever accepts. */
static void look_at_flags(int fd, int command, long word) {
    if (command == F_SETFL && (word & O_ASYNC) != 0) watch_never(fd);
    bool common = command == F_GETFL || command == F_GETFD || command == F_SETFD ||
                  (command == F_SETFL && (word & ~(O_ACCMODE | O_NONBLOCK | O_LARGEFILE)) == 0);
    if (!common) loan_keep(fd);
    if (command == F_SETFL) loan_flags_change(fd);
}

int shim_fcntl(int fd, int command, long word) {
    if (is_own(fd)) return not_open();
    look_at_flags(fd, command, word);
    int result = real.fcntl(fd, command, word);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

int shim_fcntl64(int fd, int command, long word) {
    if (is_own(fd)) return not_open();
    look_at_flags(fd, command, word);
    int result = real.fcntl64(fd, command, word);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

/* Flags such as FIONBIO are the pair's; what is in the rings, the slot knows. */
int shim_ioctl(int fd, unsigned long request, long word) {
    struct ring_socket s;
    if (is_own(fd)) return not_open();
    int result;
    if (interfaces_ioctl(fd, request, word, &result)) return result;
    if (request == FIOASYNC) watch_never(fd);
    if (request == FIONBIO) loan_flags_change(fd);
    if (request == FIOSETOWN || request == SIOCSPGRP) loan_keep(fd);
    if (request == SIOCOUTQNSD && table_find(fd, &s) && !socket_is_datagram(&s)) request = SIOCOUTQ;
    if ((request != FIONREAD && request != SIOCOUTQ && request != SIOCATMARK) || !table_find(fd, &s))
        return real.ioctl(fd, request, word);
    if (socket_state(&s) == RF_STATE_LISTENING && request != SIOCATMARK) {
        errno = EINVAL;
        return -1;
    }
    if (socket_is_datagram(&s) && request == SIOCATMARK) {
        errno = ENOTTY;
        return -1;
    }
    if (!writable((int *)word, sizeof(int))) {
        errno = EFAULT;
        return -1;
    }
    if (socket_is_datagram(&s) && request == FIONREAD) {
        *(int *)word = datagram_next(&s);
        return 0;
    }
    struct rf_ring ring = request == FIONREAD ? rf_in_ring(s.slot) : rf_out_ring(s.slot);
    uint64_t bytes = request == SIOCATMARK ? rf_urgent_at_mark(s.slot) : rf_available(&ring);
    if (request == FIONREAD) bytes = urgent_before(&s, bytes);
    *(int *)word = bytes < RF_PAGE << RF_MAX_ORDER ? (int)bytes : (int)(RF_PAGE << RF_MAX_ORDER);
    return 0;
}
