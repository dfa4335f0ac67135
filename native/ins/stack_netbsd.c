/* A stand-in for a NetBSD stack on a machine that has none: speaks the numbers and layouts of NetBSD amd64 towards
 * the region and executes on the Linux kernel's sockets, by translating back.
 *
 * What it proves: with it, real programs go through the gateway's netbsd translator end to end, and every number,
 * address, option value and error has to survive the way there and back. What it does not: that NetBSD's TCP/IP
 * behaves as the translator expects; only the differences of values listed in options_netbsd.c are imitated, no
 * differences of behaviour. That takes a rump kernel, which gets a table of its own.
 *
 * It is stricter than NetBSD where that shows mistakes of the translator: an address has to carry its own length and
 * the family in the second byte, where NetBSD's kernel also takes the first and overwrites the length. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netbsd.h"

static const struct rf_stack *const below = &rf_stack_linux;

/* ---- addresses: struct sockaddr begins with its length and its family, one byte each ---- */

/* The address in Linux's layout. 0 or the negated error. */
static int from_netbsd(const void *address, uint32_t length, struct sockaddr_in6 *to) {
    const uint8_t *from = address;
    if (length < 2 || length > sizeof *to) return -NETBSD_EINVAL;
    uint32_t exact = from[1] == NETBSD_AF_INET    ? sizeof(struct sockaddr_in)
                     : from[1] == NETBSD_AF_INET6 ? sizeof(struct sockaddr_in6)
                                                  : 0;
    if (exact == 0) return -NETBSD_EAFNOSUPPORT;
    if (length != exact || from[0] != exact) return -NETBSD_EINVAL;
    memcpy(to, from, length);
    to->sin6_family = from[1] == NETBSD_AF_INET6 ? AF_INET6 : AF_INET;
    return 0;
}

static void to_netbsd(struct rf_name *name) {
    uint16_t family;
    if (name->length < sizeof family) return;
    memcpy(&family, name->address, sizeof family);
    name->address[0] = (uint8_t)name->length;
    name->address[1] = family == AF_INET6 ? NETBSD_AF_INET6 : family == AF_INET ? NETBSD_AF_INET : NETBSD_AF_UNSPEC;
}

/* ---- calls ---- */

static int netbsd_open(void) { return (int)netbsd_result(below->open()); }

static int netbsd_socket(int domain, int type, int protocol) {
    int family = domain == NETBSD_AF_INET6 ? AF_INET6 : domain == NETBSD_AF_INET ? AF_INET : AF_UNSPEC;
    if (family == AF_UNSPEC) return -NETBSD_EAFNOSUPPORT;
    if (type < SOCK_STREAM || type > SOCK_RAW) return -NETBSD_EPROTOTYPE;
    return (int)netbsd_result(below->socket(family, type, protocol));
}

static int netbsd_bind(int socket, const void *address, uint32_t length) {
    struct sockaddr_in6 there;
    int error = from_netbsd(address, length, &there);
    return error != 0 ? error : (int)netbsd_result(below->bind(socket, &there, length));
}

static int netbsd_listen(int socket, int backlog) { return (int)netbsd_result(below->listen(socket, backlog)); }

static int netbsd_accept(int socket, struct rf_name *peer) {
    int accepted = below->accept(socket, peer);
    if (accepted >= 0) to_netbsd(peer);
    return (int)netbsd_result(accepted);
}

static bool netbsd_is_datagram(int type) { return type == SOCK_DGRAM; }

static int netbsd_connect(int socket, const void *address, uint32_t length) {
    struct sockaddr_in6 there;
    /* Without a family: dissolves. (NetBSD's kernel does so, too, and then answers EAFNOSUPPORT.) */
    static const struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (length >= 2 && ((const uint8_t *)address)[1] == NETBSD_AF_UNSPEC)
        return (int)netbsd_result(below->connect(socket, &none, sizeof none));
    int error = from_netbsd(address, length, &there);
    return error != 0 ? error : (int)netbsd_result(below->connect(socket, &there, length));
}

static int netbsd_connected(int socket) { return (int)netbsd_result(below->connected(socket)); }

static int netbsd_shutdown(int socket, int how) { return (int)netbsd_result(below->shutdown(socket, how)); }

static int netbsd_local_name(int socket, struct rf_name *name) {
    int error = below->local_name(socket, name);
    if (error == 0) to_netbsd(name);
    return (int)netbsd_result(error);
}

static int netbsd_peer_name(int socket, struct rf_name *name) {
    int error = below->peer_name(socket, name);
    if (error == 0) to_netbsd(name);
    return (int)netbsd_result(error);
}

static int netbsd_pending_error(int socket) { return netbsd_error(below->error(socket)); }

static void netbsd_close(int socket, bool reset) { below->close(socket, reset); }

static ssize_t netbsd_receive(int socket, const struct iovec *pieces, int count) {
    return netbsd_result(below->receive(socket, pieces, count));
}

static ssize_t netbsd_send(int socket, const struct iovec *pieces, int count) {
    return netbsd_result(below->send(socket, pieces, count));
}

/* ---- datagrams: the names in records ---- */

static ssize_t netbsd_receive_datagram(int socket, struct rf_record *record, const struct iovec *pieces, int count) {
    ssize_t bytes = below->receive_datagram(socket, record, pieces, count);
    if (bytes >= 0) {
        to_netbsd(&record->name);
        to_netbsd(&record->via);
    }
    return netbsd_result(bytes);
}

static ssize_t netbsd_next_datagram(int socket) { return netbsd_result(below->next_datagram(socket)); }

/* 0 or the negated error. */
static int rewrite(struct rf_name *name) {
    struct sockaddr_in6 here;
    if (name->length == 0) return 0;
    int error = from_netbsd(name->address, name->length, &here);
    if (error == 0) memcpy(name->address, &here, name->length);
    return error;
}

static ssize_t netbsd_send_datagram(int socket, const struct rf_record *record, const struct iovec *pieces,
                                    int count) {
    struct rf_record here = *record;
    int error = rewrite(&here.name);
    if (error == 0 && (here.flags & RF_RECORD_PKTINFO) != 0) error = rewrite(&here.via);
    return error != 0 ? error : netbsd_result(below->send_datagram(socket, &here, pieces, count));
}

/* ---- what the stack has: in Linux's numbers in every ABI ---- */

static int netbsd_network(struct rf_network_entry *entries) { return below->network(entries); }

/* ---- readiness: no numbers but errors ---- */

static int netbsd_watch(int socket, uint64_t token, uint32_t readiness) {
    return (int)netbsd_result(below->watch(socket, token, readiness));
}

static int netbsd_watch_host(int descriptor, uint64_t token) {
    return (int)netbsd_result(below->watch_host(descriptor, token));
}

static int netbsd_wait(struct rf_event *events, int capacity, int milliseconds) {
    return (int)netbsd_result(below->wait(events, capacity, milliseconds));
}

const struct rf_stack rf_stack_netbsd = {
    .name = "netbsd",
    .abi = RF_ABI_NETBSD,
    .errors = {.bad_slot = NETBSD_EBADF,
               .not_implemented = NETBSD_ENOSYS,
               .message_size = NETBSD_EMSGSIZE,
               .invalid = NETBSD_EINVAL,
               .in_progress = NETBSD_EINPROGRESS,
               .aborted = NETBSD_ECONNABORTED,
               .again = NETBSD_EAGAIN},
    .open = netbsd_open,
    .socket = netbsd_socket,
    .is_datagram = netbsd_is_datagram,
    .bind = netbsd_bind,
    .listen = netbsd_listen,
    .accept = netbsd_accept,
    .connect = netbsd_connect,
    .connected = netbsd_connected,
    .shutdown = netbsd_shutdown,
    .set_option = netbsd_set_option,
    .get_option = netbsd_get_option,
    .local_name = netbsd_local_name,
    .peer_name = netbsd_peer_name,
    .error = netbsd_pending_error,
    .close = netbsd_close,
    .receive = netbsd_receive,
    .send = netbsd_send,
    .receive_datagram = netbsd_receive_datagram,
    .next_datagram = netbsd_next_datagram,
    .send_datagram = netbsd_send_datagram,
    .network = netbsd_network,
    .watch = netbsd_watch,
    .watch_host = netbsd_watch_host,
    .wait = netbsd_wait,
};
