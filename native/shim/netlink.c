/* rtnetlink sockets: the descriptor and what the program is told of it. */
#include "namespace.h"
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
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
    struct sockaddr_un self = {.sun_family = AF_UNIX};
    socklen_t length = sizeof self;
    if (fd < 0) return -1;
    /* With no name to bind to the kernel chooses one: unix(7), "Autobind feature". */
    if (real.bind(fd, (void *)&self, sizeof self.sun_family) == 0 && real.getsockname(fd, (void *)&self, &length) == 0 &&
        real.connect(fd, (void *)&self, length) == 0 && table_set(fd, RF_ENTRY_NETLINK)) {
        real.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ANSWERS}, sizeof(int));
        errno = kept;
        return fd;
    }
    syscall(SYS_close, fd);
    errno = EMFILE;
    return -1;
}

static void put_name(const struct sockaddr_nl *name, struct sockaddr *address, socklen_t *length) {
    memcpy(address, name, *length < sizeof *name ? *length : sizeof *name);
    *length = sizeof *name;
}

int netlink_name(struct sockaddr *address, socklen_t *length, bool peer) {
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = peer ? 0 : (uint32_t)getpid()};
    if (writable(length, sizeof *length) && writable(address, *length)) {
        put_name(&name, address, length);
        return 0;
    }
    errno = EFAULT;
    return -1;
}

/* bind() and connect(): the groups' news do not come, the peer is the kernel. */
int netlink_take_address(const struct sockaddr *address, socklen_t length) {
    if (length >= sizeof(struct sockaddr_nl) && readable(address, length) && address->sa_family == AF_NETLINK) return 0;
    errno = EINVAL;
    return -1;
}

bool netlink_get_option(int level, int name, void *value, socklen_t *length, int *result) {
    int number = 0;
    if (level == SOL_SOCKET && name == SO_DOMAIN) number = AF_NETLINK;
    else if (level == SOL_SOCKET && name == SO_TYPE) number = SOCK_RAW;
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
        int error = !there ? EFAULT : netlink_answer(fd, requests, (size_t)length);
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
