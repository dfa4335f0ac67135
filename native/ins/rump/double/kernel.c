/* A double of librump for the tests: the names a rump kernel exports, on the emulation of NetBSD's calls.
 *
 * It stands for what is particular to a kernel in the same process: it has to be started, once, and told first what to do
 * with SIGPIPE; its descriptors are not the host's (here they are 500 higher); its calls come from several threads; it has
 * interfaces that must be made before they are used, and errors of theirs are positive numbers. It notes in the file
 * $RUMP_DOUBLE_LOG what interface it was given. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <rump/netconfig.h>
#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#include "../../netbsd/netbsd.h"

#define ABOVE 500

static bool started, signals_ignored, interface_made;
static char interface[32];
static int log_file = -1;

_Noreturn static void panic(const char *why) {
    fprintf(stderr, "rump double: panic: %s\n", why);
    abort();
}

static int here(int descriptor) {
    return descriptor < ABOVE ? -1 : descriptor - ABOVE;
}

static int there(int descriptor) { return descriptor < 0 ? descriptor : descriptor + ABOVE; }

/* ---- the kernel ---- */

void rump_boot_setsigmodel(enum rump_sigmodel model) {
    if (started) panic("rump_boot_setsigmodel() after rump_init()");
    signals_ignored = model == RUMP_SIGMODEL_IGNORE;
}

int rump_init(void) {
    const char *path = getenv("RUMP_DOUBLE_LOG");
    if (started) panic("rump_init() twice");
    if (!signals_ignored) panic("SIGPIPE would end the process");
    if (path != NULL) log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    started = true;
    return 0;
}

int rump_pub_lwproc_newlwp(pid_t process) { return process == 1 ? 0 : NETBSD_ESRCH; }

/* ---- interfaces ---- */

static void note(const char *what, const char *first, const char *second) {
    if (log_file >= 0) dprintf(log_file, "%s %s %s\n", what, first, second);
}

static int known(const char *name) {
    if (!started) panic("an interface before rump_init()");
    return interface_made && strcmp(name, interface) == 0 ? 0 : NETBSD_ENXIO;
}

int rump_pub_netconfig_ifcreate(const char *name) {
    if (!started) panic("an interface before rump_init()");
    printf("rump double: %s is made\n", name); /* to the console */
    if (strncmp(name, "virt", 4) != 0 && strncmp(name, "shmif", 5) != 0) return NETBSD_EINVAL;
    snprintf(interface, sizeof interface, "%s", name);
    interface_made = true;
    note("create", name, "");
    return 0;
}

int rump_pub_netconfig_ifup(const char *name) {
    note("up", name, "");
    return known(name);
}

int rump_pub_netconfig_ifsetlinkstr(const char *name, const char *link) {
    note("link", name, link);
    return known(name);
}

int rump_pub_netconfig_ipv4_ifaddr(const char *name, const char *address, const char *mask) {
    char both[64];
    snprintf(both, sizeof both, "%s %s", address, mask);
    note("address", name, both);
    return known(name);
}

int rump_pub_netconfig_ipv6_ifaddr(const char *name, const char *address, int bits) {
    char both[64];
    if (bits % 8 != 0) panic("lazy bum");
    snprintf(both, sizeof both, "%s %d", address, bits);
    note("address", name, both);
    return known(name);
}

int rump_pub_netconfig_ipv4_gw(const char *address) {
    note("gateway", address, "");
    return 0;
}

int rump_pub_netconfig_ipv6_gw(const char *address) {
    note("gateway", address, "");
    return 0;
}

/* ---- system calls: one at a time, as long as they do not wait ---- */

static pthread_mutex_t giant = PTHREAD_MUTEX_INITIALIZER;

static void enter(void) {
    if (!started) panic("a call before rump_init()");
    pthread_mutex_lock(&giant);
}

static ssize_t leave(ssize_t value) {
    int error = errno;
    pthread_mutex_unlock(&giant);
    errno = error;
    return value;
}

#define CALL(call) (enter(), leave(call))

int rump_sys_socket(int domain, int type, int protocol) { return (int)CALL(there(bsd_socket(domain, type, protocol))); }

int rump_sys_bind(int s, const struct sockaddr *address, socklen_t length) {
    return (int)CALL(bsd_bind(here(s), address, length));
}

int rump_sys_listen(int s, int backlog) { return (int)CALL(bsd_listen(here(s), backlog)); }

int rump_sys_accept(int s, struct sockaddr *address, socklen_t *length) {
    return (int)CALL(there(bsd_accept(here(s), address, length)));
}

int rump_sys_connect(int s, const struct sockaddr *address, socklen_t length) {
    return (int)CALL(bsd_connect(here(s), address, length));
}

int rump_sys_shutdown(int s, int how) { return (int)CALL(bsd_shutdown(here(s), how)); }

int rump_sys_close(int descriptor) { return (int)CALL(bsd_close(here(descriptor))); }

int rump_sys_ioctl(int s, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    int *value = va_arg(arguments, int *);
    va_end(arguments);
    if (request != BSD_SIOCATMARK) panic("a request that the INS does not make");
    return (int)CALL(bsd_at_mark(here(s), value));
}

int rump_sys_dup2(int s, int to) { return (int)CALL(there(bsd_dup2(here(s), here(to)))); }

int rump_sys_getsockname(int s, struct sockaddr *address, socklen_t *length) {
    return (int)CALL(bsd_getsockname(here(s), address, length));
}

int rump_sys_getpeername(int s, struct sockaddr *address, socklen_t *length) {
    return (int)CALL(bsd_getpeername(here(s), address, length));
}

int rump_sys_setsockopt(int s, int level, int name, const void *value, socklen_t length) {
    return (int)CALL(bsd_setsockopt(here(s), level, name, value, length));
}

int rump_sys_getsockopt(int s, int level, int name, void *value, socklen_t *length) {
    return (int)CALL(bsd_getsockopt(here(s), level, name, value, length));
}

ssize_t rump_sys_readv(int s, const struct iovec *pieces, int count) { return CALL(bsd_readv(here(s), pieces, count)); }

ssize_t rump_sys_recvmsg(int s, struct msghdr *message, int flags) {
    return CALL(bsd_recvmsg(here(s), (struct bsd_msghdr *)(void *)message, flags));
}

/* With $RUMP_DOUBLE_OLD as before August 2017: no ancillary data with IPv4. */
static bool too_new(const struct bsd_msghdr *message) {
    const struct bsd_cmsghdr *first = message->control;
    return getenv("RUMP_DOUBLE_OLD") != NULL && message->control_length >= sizeof *first && first->level == NETBSD_IPPROTO_IP;
}

ssize_t rump_sys_sendmsg(int s, const struct msghdr *message, int flags) {
    if (too_new((const struct bsd_msghdr *)(const void *)message)) {
        errno = NETBSD_EINVAL;
        return -1;
    }
    return CALL(bsd_sendmsg(here(s), (const struct bsd_msghdr *)(const void *)message, flags));
}

int rump_sys_kqueue(void) { return (int)CALL(there(bsd_kqueue())); }

static int change_all(int queue, const struct bsd_kevent *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct bsd_kevent inside = changes[i];
        inside.identifier = (uintptr_t)here((int)inside.identifier);
        if (bsd_kevent(queue, &inside, 1, NULL, 0, NULL) < 0) return -1;
    }
    return 0;
}

int rump_sys_kevent(int queue, const struct kevent *changes, size_t change_count, struct kevent *events, size_t capacity,
                    const struct timespec *timeout) {
    struct bsd_kevent *event = (void *)events;
    const struct timespec now = {0};
    int count;
    if (CALL(change_all(here(queue), (const void *)changes, change_count)) < 0) return -1;
    if (capacity == 0) return 0;
    do {
        int time = timeout == NULL ? -1 : (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000);
        struct pollfd ready = {.fd = here(queue), .events = POLLIN};
        if (poll(&ready, 1, time) == 0) return 0;
        count = (int)CALL(bsd_kevent(here(queue), NULL, 0, event, capacity, &now));
    } while (count == 0 && timeout == NULL);
    for (int i = 0; i < count; i++) event[i].identifier += ABOVE;
    return count;
}

/* The same of kernels after NetBSD 10, whose struct kevent has four more words. */
struct late_kevent {
    struct bsd_kevent event;
    uint64_t more[4];
};
int late_kevent(int, const struct late_kevent *, size_t, struct late_kevent *, size_t, const struct timespec *)
    __asm("rump___sysimpl_kevent100");

int late_kevent(int queue, const struct late_kevent *changes, size_t change_count, struct late_kevent *events, size_t capacity,
                const struct timespec *timeout) {
    struct bsd_kevent in[4], out[64];
    if (change_count > 4) panic("more changes than the INS makes");
    for (size_t i = 0; i < change_count; i++) in[i] = changes[i].event;
    int count = rump_sys_kevent(queue, (const struct kevent *)(const void *)in, change_count, (struct kevent *)(void *)out,
                                capacity < 64 ? capacity : 64, timeout);
    for (int i = 0; i < count; i++) events[i] = (struct late_kevent){.event = out[i], .more = {1, 2, 3, 4}};
    return count;
}

int rump_sys_setrlimit(int resource, const struct rlimit *limit) {
    return (int)CALL(bsd_setrlimit(resource, (const struct bsd_rlimit *)(const void *)limit));
}

/* Of the network's the one that the INS sets. */
static const int dad_count[] = {4, NETBSD_AF_INET6, NETBSD_IPPROTO_IPV6, 16};

int rump_sys___sysctl(const int *name, u_int length, void *old, size_t *old_length, const void *value, size_t size) {
    if (length == 4 && memcmp(name, dad_count, sizeof dad_count) == 0 && size == sizeof(int)) {
        note("dad_count", *(const int *)value == 0 ? "0" : "not 0", "");
        return 0;
    }
    return (int)CALL(bsd_sysctl(name, length, old, old_length, value, size));
}
