/* NetBSD's system calls, those of a rump kernel in this process: rump_sys_*, of <rump/rump_syscalls.h> (which knows the
 * real names: rump___sysimpl_kevent50 and the like). They return -1 with NetBSD's errno in this process's errno. The
 * structures go through as netbsd.h lays them out; the headers leave them incomplete, or name those of this machine. */
#include <signal.h>
#include <stdint.h> /* for <rump/rump.h>, which includes nothing of the host */
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#include "../netbsd/netbsd.h"

/* kevent() of NetBSD 5 to 10, or that of later ones, which has four more words: the header's name for it tells. */
#define rump___sysimpl_kevent50 50
#define rump___sysimpl_kevent100 100
#if !defined(RUMP_SYS_RENAME_KEVENT) || RUMP_SYS_RENAME_KEVENT == 50
#define LATE_KEVENT 0
#elif RUMP_SYS_RENAME_KEVENT == 100
#define LATE_KEVENT 1
#else
#error "this rump kernel's kevent() is neither kevent50 nor kevent100: its struct kevent has to be looked up in <sys/event.h>"
#endif
#undef rump___sysimpl_kevent50
#undef rump___sysimpl_kevent100

int bsd_socket(int domain, int type, int protocol) { return rump_sys_socket(domain, type, protocol); }

int bsd_bind(int s, const void *address, uint32_t length) { return rump_sys_bind(s, address, length); }

int bsd_listen(int s, int backlog) { return rump_sys_listen(s, backlog); }

int bsd_accept(int s, void *address, uint32_t *length) { return rump_sys_accept(s, address, length); }

int bsd_connect(int s, const void *address, uint32_t length) { return rump_sys_connect(s, address, length); }

int bsd_shutdown(int s, int how) { return rump_sys_shutdown(s, how); }

int bsd_close(int descriptor) { return rump_sys_close(descriptor); }

int bsd_dup2(int descriptor, int to) { return rump_sys_dup2(descriptor, to); }

int bsd_at_mark(int s, int *is) { return rump_sys_ioctl(s, BSD_SIOCATMARK, is); }

int bsd_getsockname(int s, void *address, uint32_t *length) { return rump_sys_getsockname(s, address, length); }

int bsd_getpeername(int s, void *address, uint32_t *length) { return rump_sys_getpeername(s, address, length); }

int bsd_setsockopt(int s, int level, int name, const void *value, uint32_t length) {
    return rump_sys_setsockopt(s, level, name, value, length);
}

int bsd_getsockopt(int s, int level, int name, void *value, uint32_t *length) {
    return rump_sys_getsockopt(s, level, name, value, length);
}

ssize_t bsd_readv(int s, const struct iovec *pieces, int count) { return rump_sys_readv(s, pieces, count); }

ssize_t bsd_recvmsg(int s, struct bsd_msghdr *message, int flags) {
    return rump_sys_recvmsg(s, (struct msghdr *)(void *)message, flags);
}

ssize_t bsd_sendmsg(int s, const struct bsd_msghdr *message, int flags) {
    return rump_sys_sendmsg(s, (const struct msghdr *)(const void *)message, flags);
}

int bsd_kqueue(void) { return rump_sys_kqueue(); }

#if LATE_KEVENT
#define EVENTS_MOST 64
struct late_kevent {
    struct bsd_kevent event;
    uint64_t more[4];
};

int bsd_kevent(int queue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout) {
    struct late_kevent in[1], out[EVENTS_MOST];
    if (capacity > EVENTS_MOST) capacity = EVENTS_MOST;
    if (change_count != 0) in[0] = (struct late_kevent){.event = changes[0]};
    int count = rump_sys_kevent(queue, (const struct kevent *)(const void *)in, change_count != 0, (struct kevent *)(void *)out,
                                capacity, timeout);
    for (int i = 0; i < count; i++) events[i] = out[i].event;
    return count;
}
#else
int bsd_kevent(int queue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout) {
    return rump_sys_kevent(queue, (const struct kevent *)(const void *)changes, change_count,
                           (struct kevent *)(void *)events, capacity, timeout);
}
#endif

int bsd_setrlimit(int resource, const struct bsd_rlimit *limit) {
    return rump_sys_setrlimit(resource, (const struct rlimit *)(const void *)limit);
}

int bsd_sysctl(const int *name, unsigned length, void *old, size_t *old_length, const void *value, size_t size) {
    return rump_sys___sysctl(name, length, old, old_length, value, size);
}
