/* socket(), bind(), listen(), shutdown() and the names: calls that open a socket and say what it is. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "call.h"
#include "entry.h"
#include "namespace.h"
#include "netlink.h"
#include "privileges.h"
#include "real.h"
#include "stream.h"

#define TYPE_MASK 0xf /* of socket()'s type: the rest are flags */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define POOL_ROUNDS 25
#define POOL_ROUND_NANOSECONDS 200000000L

/* The sockets that go to the gateway: all of the internet. Which types and protocols there are is for the gateway to
 * say; one that libc made would be a socket in an empty namespace, which opens and then reaches nobody. */
static bool is_remote(int domain) { return domain == AF_INET || domain == AF_INET6; }

int socket_take_error(const struct ring_socket *s) {
    uint32_t taken = atomic_load(&s->slot->error_taken);
    uint32_t error = atomic_load_explicit(&s->slot->error, memory_order_acquire);
    if ((error & 0xffff) == 0 || error >> 16 == taken) return 0;
    return atomic_compare_exchange_strong(&s->slot->error_taken, &taken, error >> 16) ? (int)(error & 0xffff) : 0;
}

bool socket_adopt(int fd, struct attachment *attachment, uint32_t number, uint32_t generation) {
    struct rf_slot *slot = &attachment->region.slots[number];
    rf_lock_init(&slot->receive_lock);
    rf_lock_init(&slot->send_lock);
    atomic_store(&slot->out_tail, 0);
    atomic_store(&slot->out_base, 0);
    atomic_store(&slot->out_used, 0);
    atomic_store(&slot->in_head, 0);
    atomic_store(&slot->out_blocked, 0);
    atomic_store(&slot->kick, 0);
    if (atomic_load(&slot->armed) != RF_ARMED_FIRST) atomic_store(&slot->armed, 0);
    atomic_store(&slot->heard, 0);
    atomic_store(&slot->urgent_taken, 0);
    atomic_store(&slot->urgent_wish, 0);
    atomic_store(&slot->out_urgent, 0);
    atomic_store(&slot->out_more, 0);
    /* An error of the slot's former life is nobody's; one that came before accept() is still to be told. */
    uint32_t sequence = atomic_load(&slot->error) >> 16;
    bool reset = (atomic_load(&slot->marks) & RF_MARK_RESET) != 0;
    atomic_store(&slot->error_taken, reset ? sequence - 1 : sequence);
    if (!table_set(fd, table_entry(attachment_index(attachment), number, generation))) return false;
    stream_standard(fd);
    return true;
}

int socket_receive_offer(int from, struct rf_offer *offer, int flags) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec vector = {offer, sizeof *offer};
    /* CMSG_SPACE has room for a second descriptor, which nobody would know of. */
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t got = real.recvmsg(from, &message, flags);
    if (got < 0) return -1;
    int fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(sizeof fd))
            memcpy(&fd, CMSG_DATA(c), sizeof fd);
    errno = 0;
    if (got == 0 && fd < 0) return -1;
    if (fd < 0) {
        /* The kernel could not install the descriptor, and has closed it. */
        errno = (message.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : EPROTO;
    } else if (got != sizeof *offer) {
        syscall(SYS_close, fd);
        errno = EPROTO;
        fd = -1;
    }
    return fd;
}

/* One fresh socket from the pool, which the gateway keeps filled. */
static int take_from_pool(struct attachment *attachment, struct rf_offer *offer, int flags) {
    for (int round = 0; round < POOL_ROUNDS; round++) {
        int fd = socket_receive_offer(attachment->pool, offer, flags | MSG_DONTWAIT);
        if (fd >= 0) return fd;
        if (errno != EAGAIN && errno != EINTR) {
            if (errno == 0) errno = ENETDOWN;
            return -1;
        }
        if (!attachment_alive(attachment)) {
            errno = ENETDOWN;
            return -1;
        }
        struct pollfd p = {.fd = attachment->pool, .events = POLLIN};
        syscall(SYS_ppoll, &p, 1, &(struct timespec){.tv_nsec = POOL_ROUND_NANOSECONDS}, NULL, 0);
    }
    errno = ENOBUFS;
    return -1;
}

/* What Linux refuses before a protocol is asked, and what no INS has: packets of protocols of one's own, and of ping, for which
 * the program lacks the rights, as it would without privileges. 0 or an errno. */
static int refused(int domain, int type, int protocol) {
    int kind = type & TYPE_MASK;
    if ((type & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0 || kind > SOCK_PACKET) return EINVAL;
    if (protocol < 0 || protocol > IPPROTO_MPTCP) return EINVAL;
    if (kind == SOCK_RAW) return protocol == IPPROTO_IP ? EPROTONOSUPPORT : EPERM;
    bool ping = protocol == (domain == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    return kind == SOCK_DGRAM && ping ? EACCES : 0;
}

int shim_socket(int domain, int type, int protocol) {
    if (netlink_wanted(domain, type, protocol)) return netlink_open(type);
    /* An old name of AF_PACKET. */
    bool is_packet = domain == AF_INET && (type & TYPE_MASK) == SOCK_PACKET;
    if (!attachment_configured() || !is_remote(domain) || is_packet || process_is_borrowed() || !namespace_is_home()) {
        int fd = real.socket(domain, type, protocol);
        if (fd >= 0 && !process_is_borrowed()) table_set(fd, RF_ENTRY_NONE);
        return fd;
    }
    int kept = errno;
    errno = refused(domain, type, protocol);
    if (errno != 0) return -1;
    struct attachment *attachment = attachment_get(false);
    if (attachment == NULL) {
        errno = ENETDOWN;
        return -1;
    }
    struct rf_offer offer;
    int fd = take_from_pool(attachment, &offer, (type & SOCK_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0);
    if (fd < 0) return -1;
    int error = EPROTO;
    struct ring_socket s;
    if (offer.slot >= attachment->region.slot_count) goto failed;
    error = EMFILE;
    if (!socket_adopt(fd, attachment, offer.slot, offer.generation)) goto failed;
    error = EPROTO;
    if (!table_find(fd, &s)) goto failed;
    struct rf_command command = {.op = RF_OP_SOCKET, .args = {domain, type & TYPE_MASK, protocol}};
    struct answer answer;
    error = call_backend(&s, &command, &answer);
    if (error != 0) goto failed;
    if ((type & SOCK_NONBLOCK) != 0) real.fcntl(fd, F_SETFL, (long)(O_RDWR | O_NONBLOCK));
    errno = kept;
    return fd;
failed:
    table_set(fd, RF_ENTRY_NONE);
    syscall(SYS_close, fd);
    errno = error;
    return -1;
}

/* Returns 0, or -1 with errno. */
static int finish(int error) {
    if (error == 0) return 0;
    errno = error;
    return -1;
}

int socket_check_name(const struct sockaddr *address, socklen_t length) {
    if (length > sizeof(struct sockaddr_storage)) return EINVAL;
    return readable(address, length) ? 0 : EFAULT;
}

int socket_take_name(const struct ring_socket *s, const struct sockaddr *address, socklen_t length,
                     struct rf_command *command) {
    struct sockaddr_in6 six = {.sin6_family = 0};
    struct sockaddr_in four;
    bool binds = command->op == RF_OP_BIND, datagram = socket_is_datagram(s);
    if (length < sizeof six.sin6_family) return EINVAL;
    memcpy(&six, address, length < sizeof six ? length : sizeof six);
    memcpy(&four, &six, sizeof four);
    bool to_none = six.sin6_family == AF_UNSPEC && !binds;
    if (to_none || s->slot->domain == AF_INET) {
        if (!to_none && length < sizeof four) return EINVAL;
        if (binds && four.sin_family == AF_UNSPEC && four.sin_addr.s_addr == htonl(INADDR_ANY)) four.sin_family = AF_INET;
        if (!to_none && four.sin_family != AF_INET) return EAFNOSUPPORT;
        memcpy(command->payload, &four, command->payload_length = sizeof four);
        return 0;
    }
    if (datagram && !binds && six.sin6_family == AF_INET) {
        if (length < sizeof four) return EINVAL;
        six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = four.sin_port};
        six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
        memcpy(six.sin6_addr.s6_addr + 12, &four.sin_addr, sizeof four.sin_addr);
    } else {
        /* Without the scope, as in RFC 2133, it is an address too. */
        if (length < offsetof(struct sockaddr_in6, sin6_scope_id)) return EINVAL;
        if (six.sin6_family != AF_INET6) return EAFNOSUPPORT;
    }
    memcpy(command->payload, &six, command->payload_length = sizeof six);
    return 0;
}

int shim_bind(int fd, const struct sockaddr *address, socklen_t length) {
    struct ring_socket s;
    if (netlink_is(fd)) return netlink_bind(fd, address, length);
    if (!table_find(fd, &s)) return real.bind(fd, address, length);
    struct rf_command command = {.op = RF_OP_BIND};
    struct answer answer;
    int error = socket_check_name(address, length);
    if (error == 0) error = socket_take_name(&s, address, length, &command);
    /* The port has the same place in both families. */
    bool named = error == 0 && ((const struct sockaddr_in *)command.payload)->sin_port != 0;
    command.args[0] = named && !privileges_have(CAP_NET_BIND_SERVICE) ? RF_BIND_WITHOUT_RIGHT : 0;
    return finish(error != 0 ? error : call_backend(&s, &command, &answer));
}

int shim_listen(int fd, int backlog) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.listen(fd, backlog);
    if (socket_is_datagram(&s)) return finish(EOPNOTSUPP);
    if (socket_state(&s) == RF_STATE_FAILED) return finish(EINVAL);
    /* A listening socket is never writable. */
    int kept = errno;
    if (socket_state(&s) == RF_STATE_OPEN) rf_stuff(fd);
    errno = kept;
    struct rf_command command = {.op = RF_OP_LISTEN, .args = {backlog}};
    struct answer answer;
    return finish(call_backend(&s, &command, &answer));
}

int shim_shutdown(int fd, int how) {
    struct ring_socket s;
    if (netlink_is(fd)) return finish(EOPNOTSUPP);
    if (!table_find(fd, &s)) return real.shutdown(fd, how);
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return finish(EINVAL);
    uint32_t state = socket_state(&s);
    /* Linux shuts a datagram socket without a peer, although it answers ENOTCONN. */
    if (!socket_is_datagram(&s) && state != RF_STATE_CONNECTED && state != RF_STATE_LISTENING &&
        state != RF_STATE_CONNECTING)
        return finish(ENOTCONN);
    /* What other threads are about to send belongs behind the end. */
    uint64_t tail = atomic_load_explicit(&s.slot->out_tail, memory_order_acquire);
    struct rf_command command = {.op = RF_OP_SHUTDOWN, .args = {how, (int64_t)tail}};
    struct answer answer;
    return finish(call_backend(&s, &command, &answer));
}

int socket_copy_name(const struct rf_name *name, struct sockaddr *address, socklen_t *length) {
    struct rf_name copy = *name;
    if (!writable(length, sizeof *length)) return EFAULT;
    if ((int)*length < 0) return EINVAL;
    if (copy.length > sizeof copy.address) copy.length = sizeof copy.address;
    uint32_t copied = copy.length < *length ? copy.length : *length;
    if (!writable(address, copied)) return EFAULT;
    memcpy(address, copy.address, copied);
    *length = copy.length;
    return 0;
}

int shim_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
    struct ring_socket s;
    if (netlink_is(fd)) return netlink_name(fd, address, length, false);
    if (!table_find(fd, &s)) return real.getsockname(fd, address, length);
    struct rf_name name = s.slot->local;
    if (name.length == 0) {
        /* Not bound: the unspecified address and port 0. */
        sa_family_t family = (sa_family_t)s.slot->domain;
        name = (struct rf_name){
            .length = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)};
        memcpy(name.address, &family, sizeof family);
    }
    return finish(socket_copy_name(&name, address, length));
}

int shim_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
    struct ring_socket s;
    if (netlink_is(fd)) return netlink_name(fd, address, length, true);
    if (!table_find(fd, &s)) return real.getpeername(fd, address, length);
    if (socket_state(&s) != RF_STATE_CONNECTED || s.slot->peer.length == 0) return finish(ENOTCONN);
    return finish(socket_copy_name(&s.slot->peer, address, length));
}
