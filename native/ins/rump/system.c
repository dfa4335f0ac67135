/* NetBSD's system calls, those of a rump kernel in this process: rump_sys_*, of <rump/rump_syscalls.h> (which knows the
 * real names: rump___sysimpl_kevent50 and the like). They return -1 with NetBSD's errno in this process's errno. The
 * structures go through as netbsd.h lays them out; the headers leave them incomplete, or name those of this machine. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#include "../netbsd/netbsd.h"

int bsd_socket(int domain, int type, int protocol) { return rump_sys_socket(domain, type, protocol); }

int bsd_bind(int s, const void *address, uint32_t length) { return rump_sys_bind(s, address, length); }

int bsd_listen(int s, int backlog) { return rump_sys_listen(s, backlog); }

int bsd_accept(int s, void *address, uint32_t *length) { return rump_sys_accept(s, address, length); }

int bsd_connect(int s, const void *address, uint32_t length) { return rump_sys_connect(s, address, length); }

int bsd_shutdown(int s, int how) { return rump_sys_shutdown(s, how); }

int bsd_close(int descriptor) { return rump_sys_close(descriptor); }

int bsd_dup2(int descriptor, int to) { return rump_sys_dup2(descriptor, to); }

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

int bsd_kevent(int queue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout) {
    return rump_sys_kevent(queue, (const struct kevent *)(const void *)changes, change_count,
                           (struct kevent *)(void *)events, capacity, timeout);
}

int bsd_setrlimit(int resource, const struct bsd_rlimit *limit) {
    return rump_sys_setrlimit(resource, (const struct rlimit *)(const void *)limit);
}

int bsd_sysctl(const int *name, unsigned length, void *old, size_t *old_length, const void *value, size_t size) {
    return rump_sys___sysctl(name, length, old, old_length, value, size);
}
