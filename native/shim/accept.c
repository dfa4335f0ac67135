/* accept(): one recvmsg on the listener's own descriptor, so that blocking, time-outs, signals and which
 * of many waiting processes is woken are the kernel's affair. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "entry.h"
#include "loan.h"
#include "real.h"
#include "socket.h"

#define SPARE 64 /* numbers that a program may use up between two calls without being seen */

/* Where the gateway is gone for good the listener stays readable: servers that accept in a loop, as nginx, would ask again at once
 * and for ever, and fill the disk with complaints. They are slowed down until somebody stops them. */
static int refusal(bool alive) {
    if (alive) return EINVAL;
    syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 100000000}, NULL);
    return ENETDOWN;
}

/* The number that the last accept() was given, and the one up to which there are plenty more: the kernel gives the
 * lowest. 0: not known. */
static _Atomic int last_number = INT_MAX, plenty_below;

void accept_limit_changed(void) { plenty_below = 0; }

/* False if the process has no number for another descriptor. A connection taken without one would be lost; accept()
 * of Linux looks first, too. Costs nothing while there are plenty. */
static bool has_number(int fd) {
    if (plenty_below == 0) {
        struct rlimit limit = {.rlim_cur = 0};
        syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
        plenty_below = limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur - SPARE : INT_MAX;
        if (plenty_below <= 0) plenty_below = 1;
    }
    if (last_number < plenty_below) return true;
    int probe = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
    if (probe >= 0) syscall(SYS_close, probe);
    return probe >= 0;
}

/* What an accepted socket has of its listener that the stack does not see to. */
static void inherit(struct rf_slot *accepted, struct rf_slot *listener) {
    atomic_store(&accepted->urgent_wish, atomic_load(&listener->urgent_wish) & RF_URGENT_INLINE);
    atomic_store(&accepted->out_more, atomic_load(&listener->out_more) & RF_MORE_IN_STACK);
}

static int accept_from(const struct ring_socket *listener, struct sockaddr *address, socklen_t *length, int flags) {
    struct rf_offer offer;
    int fd, empty = 0;
    uint32_t forks = loan_forks();
    if (socket_is_datagram(listener)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (socket_state(listener) != RF_STATE_LISTENING) {
        errno = refusal(attachment_alive(listener->attachment));
        return -1;
    }
    if (!has_number(listener->fd)) {
        last_number = INT_MAX;
        return -1;
    }
    while ((fd = socket_receive_offer(listener->fd, &offer,
                                      (flags & SOCK_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0)) < 0 && errno == 0) {
        /* End of file, or a stray packet: the former is there the second time too. */
        if (empty++ == 0 && socket_marks(listener) == 0) continue;
        errno = refusal(socket_marks(listener) != 0 || attachment_outlives(listener->attachment));
        return -1;
    }
    if (fd < 0) {
        /* The stuffing that a gateway leaves unread as it dies. */
        if (errno == ECONNRESET && !attachment_outlives(listener->attachment)) errno = refusal(false);
        return -1;
    }
    last_number = fd;
    const struct rf_region *region = listener->region;
    int error = 0;
    if (offer.slot >= region->slot_count ||
        atomic_load(&region->slots[offer.slot].generation) != offer.generation)
        error = ECONNABORTED;
    else if (!socket_adopt(fd, listener->attachment, offer.slot, offer.generation))
        error = EMFILE;
    else
        inherit(&region->slots[offer.slot], listener->slot);
    if (error == 0 && address != NULL)
        error = socket_copy_name(&offer.peer, address, length);
    if (error != 0) {
        table_set(fd, RF_ENTRY_NONE);
        syscall(SYS_close, fd);
        errno = error;
        return -1;
    }
    struct ring_socket accepted;
    if (table_find(fd, &accepted)) loan_taken(&accepted, (flags & SOCK_NONBLOCK) != 0, forks);
    return fd;
}

int shim_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    struct ring_socket s;
    int kept = errno;
    if (!table_find(fd, &s)) {
        int accepted = real.accept4(fd, address, length, flags);
        if (accepted >= 0 && !process_is_borrowed()) table_set(accepted, RF_ENTRY_NONE);
        return accepted;
    }
    if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
        errno = EINVAL;
        return -1;
    }
    int accepted = accept_from(&s, address, length, flags);
    if (accepted >= 0) errno = kept;
    return accepted;
}

int shim_accept(int fd, struct sockaddr *address, socklen_t *length) {
    return shim_accept4(fd, address, length, 0);
}
