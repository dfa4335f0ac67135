/* Sockets, connections, bytes and limits as NetBSD has them, on Linux's. */
#include "emulation.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* maxfiles of a rump kernel, and RLIMIT_NOFILE before anybody asks for more. */
#define DEFAULT_FILES 1772
#define DEFAULT_LIMIT 128
#define DATAGRAM_SPACE 9216     /* net.inet.udp.sendspace */
#define BYTES_SPACE 32768       /* net.inet.tcp.sendspace */
#define BYTES_SPACE_MOST 262144 /* net.inet.tcp.sendbuf_max */

static struct emulated descriptors[RF_MAX_SLOTS + 4096];
static uint64_t files = DEFAULT_FILES, limit = DEFAULT_LIMIT, in_use;

struct emulated *emulated(int descriptor) {
    static struct emulated none;
    if (descriptor >= 0 && (size_t)descriptor < sizeof descriptors / sizeof descriptors[0]) return &descriptors[descriptor];
    none = (struct emulated){0};
    return &none;
}

int emulation_refuse(int error) {
    errno = error;
    return -1;
}

int emulation_fail(int error) {
    size_t known = sizeof netbsd_errors / sizeof netbsd_errors[0];
    return emulation_refuse(error > 0 && (size_t)error < known && netbsd_errors[error] != 0 ? netbsd_errors[error]
                                                                                            : NETBSD_EIO);
}

static int result(int value) { return value < 0 ? emulation_fail(errno) : value; }

/* ---- addresses: struct sockaddr begins with its length and its family, one byte each ---- */

/* Stricter than NetBSD, which also takes the family from the first byte and overwrites the length: so a mistake of whoever
 * made the address shows. */
int emulation_from_netbsd(const void *address, uint32_t length, struct emulation_address *to) {
    const struct bsd_sockaddr *from = address;
    if (length < sizeof *from || length > sizeof to->bytes) return NETBSD_EINVAL;
    uint32_t exact = from->family == NETBSD_AF_INET    ? sizeof(struct sockaddr_in)
                     : from->family == NETBSD_AF_INET6 ? sizeof(struct sockaddr_in6)
                                                       : 0;
    if (exact == 0) return NETBSD_EAFNOSUPPORT;
    if (length != exact || from->length != exact) return NETBSD_EINVAL;
    sa_family_t family = from->family == NETBSD_AF_INET6 ? AF_INET6 : AF_INET;
    memcpy(to->bytes, address, length);
    memcpy(to->bytes, &family, sizeof family);
    return 0;
}

void emulation_to_netbsd(uint8_t *address, uint32_t length) {
    sa_family_t family;
    if (length < sizeof family) return;
    memcpy(&family, address, sizeof family);
    address[0] = (uint8_t)length;
    address[1] = family == AF_INET6 ? NETBSD_AF_INET6 : family == AF_INET ? NETBSD_AF_INET : NETBSD_AF_UNSPEC;
}

/* An address Linux has given, into a buffer of `*length` bytes. NetBSD tells the length it has copied, not the whole. */
static int give_address(int value, const struct emulation_address *from, uint32_t whole, void *address, uint32_t *length) {
    if (value < 0) return emulation_fail(errno);
    struct emulation_address there = *from;
    emulation_to_netbsd(there.bytes, whole);
    if (address == NULL || length == NULL) return value;
    if (whole < *length) *length = whole;
    memcpy(address, there.bytes, *length);
    return value;
}

/* ---- descriptors ---- */

static int opened(int descriptor, const struct emulated *what) {
    if ((size_t)descriptor >= sizeof descriptors / sizeof descriptors[0] || in_use >= limit) {
        close(descriptor);
        return emulation_refuse(NETBSD_EMFILE);
    }
    in_use++;
    descriptors[descriptor] = *what;
    descriptors[descriptor].open = true;
    return descriptor;
}

int bsd_setrlimit(int resource, const struct bsd_rlimit *wanted) {
    if (resource != BSD_RLIMIT_NOFILE) return emulation_refuse(NETBSD_EINVAL);
    limit = wanted->soft < files ? wanted->soft : files; /* cut, not refused: dosetrlimit() */
    return 0;
}

int bsd_sysctl(const int *name, unsigned length, void *old, size_t *old_length, const void *value, size_t size) {
    int most;
    if (length != 2 || name[0] != BSD_CTL_KERN || name[1] != BSD_KERN_MAXFILES) return emulation_refuse(NETBSD_ENOENT);
    if (old != NULL || old_length != NULL || size != sizeof most) return emulation_refuse(NETBSD_EINVAL);
    memcpy(&most, value, sizeof most);
    if (most > 0) files = (uint64_t)most;
    return 0;
}

int bsd_socket(int domain, int type, int protocol) {
    int kind = type & ~(int)NETBSD_SOCK_FLAGS_MASK;
    bool nonblocking = (type & NETBSD_SOCK_NONBLOCK) != 0;
    if (domain != NETBSD_AF_INET && domain != NETBSD_AF_INET6) return emulation_refuse(NETBSD_EAFNOSUPPORT);
    if (kind != BSD_SOCK_STREAM && kind != BSD_SOCK_DGRAM) return emulation_refuse(NETBSD_EPROTOTYPE);
    if (protocol != 0 && protocol != (kind == BSD_SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return emulation_refuse(NETBSD_EPROTONOSUPPORT);
    if (in_use >= limit) return emulation_refuse(NETBSD_EMFILE);
    int family = domain == NETBSD_AF_INET6 ? AF_INET6 : AF_INET;
    int s = socket(family, kind | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), protocol);
    if (s < 0) return emulation_fail(errno);
    if (family == AF_INET6) setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    bool stream = kind == BSD_SOCK_STREAM;
    /* NetBSD's send buffers grow to so much, Linux's to 4 MiB. */
    if (stream) setsockopt(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){BYTES_SPACE_MOST}, sizeof(int));
    return opened(s, &(struct emulated){.nonblocking = nonblocking,
                                        .stream = stream,
                                        .send_size = stream ? BYTES_SPACE : DATAGRAM_SPACE});
}

int bsd_close(int s) {
    struct emulated *is = emulated(s);
    if (is->open) in_use--;
    *is = (struct emulated){0};
    return result(close(s));
}

int bsd_dup2(int s, int to) {
    struct emulated *is = emulated(to);
    int descriptor = dup3(s, to, O_CLOEXEC);
    if (descriptor < 0) return emulation_fail(errno);
    if (!is->open) in_use++;
    *is = *emulated(s);
    is->read = is->write = false; /* a filter goes with the descriptor it was attached to */
    return descriptor;
}

int bsd_at_mark(int s, int *is) { return result(ioctl(s, SIOCATMARK, is)); }

/* ---- connections ---- */

bool emulation_has_peer(int s) {
    struct emulation_address peer;
    socklen_t length = sizeof peer.bytes;
    return getpeername(s, (struct sockaddr *)peer.bytes, &length) == 0;
}

int bsd_bind(int s, const void *address, uint32_t length) {
    struct emulation_address here;
    int error = emulation_from_netbsd(address, length, &here);
    if (error != 0) return emulation_refuse(error);
    return result(bind(s, (struct sockaddr *)here.bytes, length));
}

int bsd_listen(int s, int backlog) {
    if (backlog < 0 || backlog > NETBSD_SOMAXCONN) backlog = NETBSD_SOMAXCONN;
    int value = result(listen(s, backlog));
    if (value == 0) emulated(s)->listening = true;
    return value;
}

int bsd_accept(int s, void *address, uint32_t *length) {
    struct emulated *listener = emulated(s);
    struct emulation_address peer;
    socklen_t whole = sizeof peer.bytes;
    if (in_use >= limit) return emulation_refuse(NETBSD_EMFILE);
    int flags = SOCK_CLOEXEC | (listener->nonblocking ? SOCK_NONBLOCK : 0);
    int accepted = accept4(s, (struct sockaddr *)peer.bytes, &whole, flags);
    /* shut down: Linux says that it does not listen */
    if (accepted < 0 && errno == EINVAL && listener->listening) return emulation_refuse(NETBSD_ECONNABORTED);
    if (accepted < 0) return emulation_fail(errno);
    accepted = opened(accepted, &(struct emulated){.nonblocking = listener->nonblocking,
                                                   .stream = true,
                                                   .started = true,
                                                   .send_size = listener->send_size});
    return accepted < 0 ? accepted : give_address(accepted, &peer, whole, address, length);
}

static int connect_datagrams(int s, const void *address, uint32_t length) {
    struct emulation_address there;
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    int error = emulation_from_netbsd(address, length, &there);
    /* A peer is dissolved before the new address is looked at, and the address the socket was bound to is forgotten. */
    if (emulation_has_peer(s)) emulated(s)->addressless = true;
    if (error != 0) connect(s, &none, sizeof none);
    if (error != 0) return emulation_refuse(error);
    return result(connect(s, (struct sockaddr *)there.bytes, length));
}

int bsd_connect(int s, const void *address, uint32_t length) {
    struct emulated *is = emulated(s);
    struct emulation_address there;
    if (!is->stream) return connect_datagrams(s, address, length);
    if (emulation_has_peer(s)) return emulation_refuse(NETBSD_EISCONN);
    if (is->refused) return emulation_refuse(NETBSD_EINVAL);
    if (is->started) {
        is->error = is->error != 0 ? is->error : emulation_take_error(s);
        if (is->error == 0) return emulation_refuse(NETBSD_EALREADY);
        is->refused = true;
        return emulation_refuse(NETBSD_EINVAL);
    }
    int error = emulation_from_netbsd(address, length, &there);
    if (error != 0) return emulation_refuse(error);
    int value = connect(s, (struct sockaddr *)there.bytes, length);
    error = value < 0 ? errno : 0;
    is->started = value == 0 || error == EINPROGRESS || is->started;
    if (value == 0 || error == EINPROGRESS) return result(value);
    if (error == ECONNREFUSED) is->refused = true;
    return emulation_fail(error == ENETUNREACH ? EHOSTUNREACH : error);
}

int bsd_shutdown(int s, int how) {
    struct emulated *is = emulated(s);
    int value = shutdown(s, how);
    if (value < 0 && errno == ENOTCONN && is->stream) {
        is->shut = true;
        return 0;
    }
    if (value == 0 && how != SHUT_RD) is->writing_shut = true;
    return result(value);
}

/* The address a fresh socket would have, to the same peer, or to none. */
static void forget_address(int s, struct emulation_address *name) {
    struct emulation_address peer, other;
    socklen_t peer_length = sizeof peer.bytes, length = sizeof other.bytes;
    struct sockaddr_in6 six = {0};
    bool ipv6 = ((struct sockaddr *)name->bytes)->sa_family == AF_INET6;
    size_t at = ipv6 ? offsetof(struct sockaddr_in6, sin6_addr) : offsetof(struct sockaddr_in, sin_addr);
    memcpy(other.bytes, &six, sizeof six);
    int fresh = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (getpeername(s, (struct sockaddr *)peer.bytes, &peer_length) == 0 && connect(fresh, (struct sockaddr *)peer.bytes, peer_length) == 0)
        getsockname(fresh, (struct sockaddr *)other.bytes, &length);
    if (fresh >= 0) close(fresh);
    memcpy(name->bytes + at, other.bytes + at, ipv6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
}

int bsd_getsockname(int s, void *address, uint32_t *length) {
    struct emulation_address name;
    socklen_t whole = sizeof name.bytes;
    if (emulated(s)->refused) return emulation_refuse(NETBSD_EINVAL); /* the protocol has forgotten it */
    int value = getsockname(s, (struct sockaddr *)name.bytes, &whole);
    if (value == 0 && emulated(s)->addressless) forget_address(s, &name);
    return give_address(value, &name, whole, address, length);
}

int bsd_getpeername(int s, void *address, uint32_t *length) {
    struct emulation_address name;
    socklen_t whole = sizeof name.bytes;
    int value = getpeername(s, (struct sockaddr *)name.bytes, &whole);
    return give_address(value, &name, whole, address, length);
}

/* ---- bytes ---- */

int emulation_take_error(int s) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error == 0) return 0;
    emulation_fail(error);
    return errno;
}

ssize_t bsd_readv(int s, const struct iovec *pieces, int count) {
    struct emulated *is = emulated(s);
    ssize_t bytes = readv(s, pieces, count);
    int error = is->error;
    /* An error that was shown in a kevent is Linux's no more. */
    if (bytes == 0 && error != 0) {
        is->error = 0;
        return emulation_refuse(error);
    }
    return bytes < 0 ? emulation_fail(errno) : bytes;
}
