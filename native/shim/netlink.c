/* rtnetlink sockets: the descriptor and what the program is told of it. */
#include "namespace.h"
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "buffers.h"
#include "real.h"
#include "socket.h"

#define TYPE_MASK 0xf
#define ANSWERS (1 << 20) /* bytes that may lie unread, as far as the host allows */
#define MOST_REQUESTS 4096

/* What the next program knows the socket by is kept with it in the kernel, past fork, dup, exec and messages: the type that was asked
 * for in a pacing rate, which unix sockets have no use for, and the port in its name. */
#define MARK 0x4e4c5200u /* | SOCK_RAW or SOCK_DGRAM */
#define PREFIX "\0ringfence-rtnetlink:"
#define PREFIX_BYTES (sizeof PREFIX - 1)
#define NAME_BYTES (socklen_t)(offsetof(struct sockaddr_un, sun_path) + PREFIX_BYTES + sizeof(uint32_t))

/* Where the kernel looks for a port that no process has by its number, and how often the shim does. */
#define PORTS_BELOW 0xfffff000u
#define PORTS_COUNT 0x70000000u
#define PORTS_TRIED 64

bool netlink_wanted(int domain, int type, int protocol) {
    type &= TYPE_MASK;
    return domain == AF_NETLINK && protocol == NETLINK_ROUTE && (type == SOCK_RAW || type == SOCK_DGRAM) &&
           attachment_configured() && !process_is_borrowed() && namespace_is_home();
}

int netlink_open(int type) {
    int kept = errno;
    /* Without a gateway there is nothing to tell but what the kernel says. */
    if (attachment_get(true) == NULL) {
        errno = kept;
        return real.socket(AF_NETLINK, type, NETLINK_ROUTE);
    }
    int fd = real.socket(AF_UNIX, SOCK_DGRAM | (type & ~TYPE_MASK), 0);
    if (fd < 0) return -1;
    uint32_t mark = MARK | (uint32_t)(type & TYPE_MASK);
    if (real.setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &mark, sizeof mark) == 0 && table_set(fd, RF_ENTRY_NETLINK)) {
        real.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ANSWERS}, sizeof(int));
        errno = kept;
        return fd;
    }
    syscall(SYS_close, fd);
    errno = EMFILE;
    return -1;
}

/* The type of such a socket; 0 of another one. */
static int type_of(int fd) {
    uint32_t mark = 0;
    socklen_t length = sizeof mark;
    if (real.getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &mark, &length) != 0) return 0;
    return (mark & ~(uint32_t)TYPE_MASK) == MARK ? (int)(mark & TYPE_MASK) : 0;
}

bool netlink_inherited(int fd) {
    int domain = 0;
    socklen_t length = sizeof domain;
    return type_of(fd) != 0 && real.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

/* ---- ports ---- */

/* 0: none yet. */
static uint32_t port_of(int fd) {
    struct sockaddr_un name;
    uint32_t port = 0;
    socklen_t length = sizeof name;
    if (real.getsockname(fd, (void *)&name, &length) == 0 && length == NAME_BYTES && memcmp(name.sun_path, PREFIX, PREFIX_BYTES) == 0)
        memcpy(&port, name.sun_path + PREFIX_BYTES, sizeof port);
    return port;
}

/* 0 or an errno: EADDRINUSE if another socket of the network namespace has it, EINVAL if this one has another. */
static int take_port(int fd, uint32_t port) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, PREFIX, PREFIX_BYTES);
    memcpy(name.sun_path + PREFIX_BYTES, &port, sizeof port);
    if (real.bind(fd, (void *)&name, NAME_BYTES) != 0) return errno;
    return real.connect(fd, (void *)&name, NAME_BYTES) == 0 ? 0 : errno;
}

/* The port or, if there is none, as the kernel chooses: the process's number, if no other socket has it. 0 or an errno. */
static int have_port(int fd, uint32_t *port) {
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    int error = 0;
    *port = port_of(fd);
    if (*port != 0) return 0;
    real.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length); /* no two sockets begin at the same place */
    for (unsigned i = 0; i < PORTS_TRIED; i++) {
        *port = i == 0 ? (uint32_t)getpid() : PORTS_BELOW - (uint32_t)((cookie + i) % PORTS_COUNT);
        error = take_port(fd, *port);
        if (error != EADDRINUSE) break;
    }
    /* Another thread may have been faster. */
    return error != EINVAL ? error : (*port = port_of(fd)) != 0 ? 0 : EINVAL;
}

/* ---- names ---- */

int netlink_name(int fd, struct sockaddr *address, socklen_t *length, bool peer) {
    int kept = errno;
    struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pid = peer ? 0 : port_of(fd)};
    struct rf_name name = {.length = sizeof own};
    memcpy(name.address, &own, sizeof own);
    int error = socket_copy_name(&name, address, length);
    errno = error != 0 ? error : kept;
    return error == 0 ? 0 : -1;
}

/* Whether this is the address of such a socket: 0 or an errno. */
static int take_address(const struct sockaddr *address, socklen_t length, struct sockaddr_nl *name) {
    int error = socket_check_name(address, length);
    if (error != 0) return error;
    if (length < sizeof *name) return EINVAL;
    memcpy(name, address, sizeof *name);
    return name->nl_family == AF_NETLINK ? 0 : EINVAL;
}

/* The groups' news do not come. */
int netlink_bind(int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_nl name;
    int kept = errno, error = take_address(address, length, &name);
    uint32_t port = error == 0 ? port_of(fd) : 0;
    if (error == 0 && port != 0) error = name.nl_pid == port ? 0 : EINVAL;
    else if (error == 0) error = name.nl_pid != 0 ? take_port(fd, name.nl_pid) : have_port(fd, &port);
    errno = error != 0 ? error : kept;
    return error == 0 ? 0 : -1;
}

/* The peer is the kernel. */
int netlink_connect(int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_nl name;
    uint32_t port;
    int kept = errno, error = take_address(address, length, &name);
    if (error == 0) error = have_port(fd, &port);
    errno = error != 0 ? error : kept;
    return error == 0 ? 0 : -1;
}

bool netlink_get_option(int fd, int level, int name, void *value, socklen_t *length, int *result) {
    int number = 0;
    if (level == SOL_SOCKET && name == SO_DOMAIN) number = AF_NETLINK;
    else if (level == SOL_SOCKET && name == SO_TYPE) number = type_of(fd);
    else if (level == SOL_SOCKET && name == SO_PROTOCOL) number = NETLINK_ROUTE;
    else if (level != SOL_NETLINK) return false;
    *result = -1;
    errno = EFAULT;
    if (!writable(length, sizeof *length) || !writable(value, *length)) return true;
    if (*length > sizeof number) *length = sizeof number;
    if (*length > 0) memcpy(value, &number, *length);
    *result = 0;
    return true;
}

/* ---- messages ---- */

static void put_name(const struct sockaddr_nl *name, struct sockaddr *address, socklen_t *length) {
    memcpy(address, name, *length < sizeof *name ? *length : sizeof *name);
    *length = sizeof *name;
}

/* The answers come from the kernel, which is port 0. */
ssize_t netlink_recvmsg(int fd, struct msghdr *message, int flags) {
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    socklen_t room = readable(message, sizeof *message) ? message->msg_namelen : 0;
    ssize_t got = real.recvmsg(fd, message, flags);
    if (got >= 0 && message->msg_name != NULL) {
        put_name(&kernel, message->msg_name, &room);
        message->msg_namelen = room;
    }
    return got;
}

ssize_t netlink_sendmsg(int fd, const struct msghdr *message) {
    _Alignas(struct nlmsghdr) char requests[MOST_REQUESTS];
    ssize_t length = !readable(message, sizeof *message) ? -EFAULT : buffers_total(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    if (length > MOST_REQUESTS) length = -EMSGSIZE;
    if (length >= 0) {
        struct buffers from = {.vector = message->msg_iov};
        bool there = buffers_reach(&from, (size_t)length, false);
        if (there) buffers_gather(&from, (uint8_t *)requests, (size_t)length);
        uint32_t port;
        int error = !there ? EFAULT : have_port(fd, &port);
        if (error == 0) error = netlink_answer(fd, port, requests, (size_t)length);
        if (error == 0) return length;
        length = -error;
    }
    errno = (int)-length;
    return -1;
}

ssize_t netlink_recvfrom(int fd, void *buffer, size_t length, int flags, struct sockaddr *address,
                         socklen_t *address_length) {
    struct iovec vector = {buffer, length};
    if (!writable(address_length, sizeof *address_length)) {
        errno = EFAULT;
        return -1;
    }
    struct msghdr message = {
        .msg_name = address, .msg_namelen = *address_length, .msg_iov = &vector, .msg_iovlen = 1};
    ssize_t got = netlink_recvmsg(fd, &message, flags);
    if (got >= 0) *address_length = message.msg_namelen;
    return got;
}

ssize_t netlink_send(int fd, const void *buffer, size_t length) {
    struct iovec vector = {(void *)buffer, length};
    return netlink_sendmsg(fd, &(struct msghdr){.msg_iov = &vector, .msg_iovlen = 1});
}
