/* NetBSD's system calls, those of the C library the program is linked with. The headers of NetBSD are the measure here: what
 * netbsd.h says is held to them. */
#include <sys/param.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "../netbsd/netbsd.h"

_Static_assert(sizeof(struct msghdr) == sizeof(struct bsd_msghdr) &&
                   offsetof(struct msghdr, msg_iovlen) == offsetof(struct bsd_msghdr, piece_count) &&
                   offsetof(struct msghdr, msg_flags) == offsetof(struct bsd_msghdr, flags),
               "struct msghdr");
_Static_assert(sizeof(struct kevent) == sizeof(struct bsd_kevent) &&
                   offsetof(struct kevent, flags) == offsetof(struct bsd_kevent, flags) &&
                   offsetof(struct kevent, data) == offsetof(struct bsd_kevent, data) &&
                   offsetof(struct kevent, udata) == offsetof(struct bsd_kevent, user),
               "struct kevent");
_Static_assert(sizeof(struct rlimit) == sizeof(struct bsd_rlimit), "struct rlimit");
_Static_assert(EVFILT_READ == BSD_EVFILT_READ && EVFILT_WRITE == BSD_EVFILT_WRITE && EV_ADD == BSD_EV_ADD &&
                   EV_DELETE == BSD_EV_DELETE && EV_CLEAR == BSD_EV_CLEAR && EV_EOF == BSD_EV_EOF,
               "numbers of kevent()");
_Static_assert(RLIMIT_NOFILE == BSD_RLIMIT_NOFILE && CTL_KERN == BSD_CTL_KERN && KERN_MAXFILES == BSD_KERN_MAXFILES,
               "numbers of limits");
_Static_assert(SIOCATMARK == BSD_SIOCATMARK, "the number of a request");

int bsd_socket(int domain, int type, int protocol) { return socket(domain, type, protocol); }

int bsd_bind(int s, const void *address, uint32_t length) { return bind(s, address, length); }

int bsd_listen(int s, int backlog) { return listen(s, backlog); }

int bsd_accept(int s, void *address, uint32_t *length) { return accept(s, address, length); }

int bsd_connect(int s, const void *address, uint32_t length) { return connect(s, address, length); }

int bsd_shutdown(int s, int how) { return shutdown(s, how); }

int bsd_close(int descriptor) { return close(descriptor); }

int bsd_dup2(int descriptor, int to) { return dup2(descriptor, to); }

int bsd_at_mark(int s, int *is) { return ioctl(s, BSD_SIOCATMARK, is); }

int bsd_getsockname(int s, void *address, uint32_t *length) { return getsockname(s, address, length); }

int bsd_getpeername(int s, void *address, uint32_t *length) { return getpeername(s, address, length); }

int bsd_setsockopt(int s, int level, int name, const void *value, uint32_t length) {
    return setsockopt(s, level, name, value, length);
}

int bsd_getsockopt(int s, int level, int name, void *value, uint32_t *length) {
    return getsockopt(s, level, name, value, length);
}

ssize_t bsd_readv(int s, const struct iovec *pieces, int count) { return readv(s, pieces, count); }

ssize_t bsd_recvmsg(int s, struct bsd_msghdr *message, int flags) {
    return recvmsg(s, (struct msghdr *)(void *)message, flags);
}

ssize_t bsd_sendmsg(int s, const struct bsd_msghdr *message, int flags) {
    return sendmsg(s, (const struct msghdr *)(const void *)message, flags);
}

int bsd_kqueue(void) { return kqueue(); }

int bsd_kevent(int queue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout) {
    return kevent(queue, (const struct kevent *)(const void *)changes, change_count, (struct kevent *)(void *)events,
                  capacity, timeout);
}

int bsd_setrlimit(int resource, const struct bsd_rlimit *limit) {
    return setrlimit(resource, (const struct rlimit *)(const void *)limit);
}

int bsd_sysctl(const int *name, unsigned length, void *old, size_t *old_length, const void *value, size_t size) {
    return sysctl(name, length, old, old_length, value, size);
}

/* The kernel runs when main() does, and rumprun's own configuration has made its interfaces. */
int netbsd_boot(const struct rf_setup *setup) {
    if (rf_setup_has_network(setup)) return -NETBSD_EOPNOTSUPP;
    netbsd_network_open(setup);
    return 0;
}
