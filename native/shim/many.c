/* recvmmsg() and sendmmsg(): many messages in one call, each as recvmsg() and sendmsg() do it. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "addressable.h"
#include "entry.h"
#include "inherit.h"
#include "loan.h"
#include "netlink.h"
#include "real.h"
#include "table.h"

#define NANOSECONDS 1000000000L

static struct timespec now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

/* What is left until `end`; not less than nothing. */
static struct timespec left_until(struct timespec end) {
    struct timespec t = now(), left = {end.tv_sec - t.tv_sec, end.tv_nsec - t.tv_nsec};
    if (left.tv_nsec < 0) left.tv_sec--, left.tv_nsec += NANOSECONDS;
    return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* As in Linux the time-out is looked at after each message only: it does not end the wait for one. */
static int receive_many(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    struct timespec end = {0};
    unsigned received = 0;
    if (timeout != NULL) {
        if (!writable(timeout, sizeof *timeout)) {
            errno = EFAULT;
            return -1;
        }
        if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= NANOSECONDS) {
            errno = EINVAL;
            return -1;
        }
        end = now();
        end.tv_nsec += timeout->tv_nsec;
        end.tv_sec += timeout->tv_sec + end.tv_nsec / NANOSECONDS;
        end.tv_nsec %= NANOSECONDS;
    }
    int kept = errno;
    while (received < count) {
        errno = EFAULT;
        if (!writable(&messages[received], sizeof *messages)) break;
        ssize_t got = shim_recvmsg(fd, &messages[received].msg_hdr, flags & ~MSG_WAITFORONE);
        if (got < 0) break;
        messages[received++].msg_len = (unsigned)got;
        if ((flags & MSG_WAITFORONE) != 0) flags |= MSG_DONTWAIT;
        if (timeout == NULL) continue;
        *timeout = left_until(end);
        if (timeout->tv_sec == 0 && timeout->tv_nsec == 0) break;
    }
    if (received == 0 && count != 0) return -1;
    errno = kept;
    return (int)received;
}

int shim_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    struct ring_socket s;
    if (table_find(fd, &s) || netlink_is(fd)) return receive_many(fd, messages, count, flags, timeout);
    int received = real.recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < received; i++)
        if (messages[i].msg_hdr.msg_controllen != 0) inherit_from_message(&messages[i].msg_hdr);
    return received;
}

int shim_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
    struct ring_socket s;
    if (!table_find(fd, &s) && !netlink_is(fd)) {
        for (unsigned i = 0; i < count && readable(&messages[i], sizeof *messages); i++) loan_keep_passed(&messages[i].msg_hdr);
        return real.sendmmsg(fd, messages, count, flags);
    }
    unsigned sent = 0;
    int kept = errno;
    if (count > IOV_MAX) count = IOV_MAX;
    while (sent < count) {
        errno = EFAULT;
        if (!writable(&messages[sent], sizeof *messages)) break;
        ssize_t n = shim_sendmsg(fd, &messages[sent].msg_hdr, flags);
        if (n < 0) break;
        messages[sent++].msg_len = (unsigned)n;
    }
    if (sent == 0 && count != 0) return -1;
    errno = kept;
    return (int)sent;
}
