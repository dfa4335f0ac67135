/* getsockopt() and setsockopt(): what the pair knows is asked of the pair, what the slot knows of the
 * slot, and the rest of the gateway. */
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "call.h"
#include "critical.h"
#include "datagram.h"
#include "entry.h"
#include "loan.h"
#include "netlink.h"
#include "notes.h"
#include "privileges.h"
#include "real.h"
#include "socket.h"
#include "urgent.h"

/* From asm-generic/socket.h: the forms with a 64-bit time, whatever libc's headers map the names to. */
#define RCVTIMEO_OLD 20
#define SNDTIMEO_OLD 21
#define RCVTIMEO_NEW 66
#define SNDTIMEO_NEW 67
#define TIMESTAMP_OLD 29
#define TIMESTAMPNS_OLD 35
#define TIMESTAMP_NEW 63
#define TIMESTAMPNS_NEW 64

/* Time-outs are those of the pair, on which the blocking calls wait. */
static bool is_time_out(int level, int name) {
    return level == SOL_SOCKET &&
           (name == RCVTIMEO_OLD || name == SNDTIMEO_OLD || name == RCVTIMEO_NEW || name == SNDTIMEO_NEW);
}

/* Options answered without a call. True if `*number` is the value. */
static bool from_slot(const struct ring_socket *s, int level, int name, int *number) {
    if (level == IPPROTO_TCP && name == TCP_CORK && !socket_is_datagram(s)) {
        *number = 1;
        return (atomic_load_explicit(&s->slot->out_more, memory_order_relaxed) & RF_MORE_ALL) != 0;
    }
    if (level != SOL_SOCKET) return false;
    switch (name) {
    case SO_ERROR:
        *number = socket_is_datagram(s) ? datagram_take_error(s) : socket_take_error(s);
        if (*number == 0 && !attachment_alive(s->attachment)) *number = ECONNRESET;
        return true;
    case SO_TYPE:
        *number = (int)s->slot->type;
        return true;
    case SO_DOMAIN:
        *number = (int)s->slot->domain;
        return true;
    case SO_PROTOCOL:
        *number = s->slot->protocol != 0 ? (int)s->slot->protocol : socket_is_datagram(s) ? IPPROTO_UDP : IPPROTO_TCP;
        return true;
    case SO_OOBINLINE:
        *number = (atomic_load_explicit(&s->slot->urgent_wish, memory_order_relaxed) & RF_URGENT_INLINE) != 0;
        return true;
    case SO_ACCEPTCONN:
        *number = socket_state(s) == RF_STATE_LISTENING;
        return true;
    default:
        return false;
    }
}

/* What is said of a connection's bytes stands where they do, so that no call has to go with every answer of a server. Of a socket that is not
 * connected, whose option others inherit, the stack is told. True if *error is the outcome. */
static bool cork(const struct ring_socket *s, bool on, int *error) {
    _Atomic uint64_t *more = &s->slot->out_more;
    *error = attachment_dead(s->attachment) ? ENETDOWN : atomic_load(&s->slot->generation) != s->generation ? EBADF : 0;
    if (*error != 0) return true;
    uint64_t was = atomic_load(more);
    if (on && socket_state(s) == RF_STATE_CONNECTED) {
        /* What was written before goes, though nobody may have looked since the option was cleared behind it. */
        uint64_t behind = atomic_load_explicit(&s->slot->out_tail, memory_order_relaxed);
        while ((was & RF_MORE_ALL) == 0 && !atomic_compare_exchange_weak(more, &was, RF_MORE_ALL | (was & RF_MORE_IN_STACK) | behind)) continue;
        return true;
    }
    if (on) {
        atomic_fetch_or(more, RF_MORE_IN_STACK);
        return false;
    }
    struct critical section = critical_enter();
    was = atomic_fetch_and(more, RF_MORE_IN_STACK);
    bool awaited = (was & RF_MORE_ALL) != 0, ring = awaited && rf_notify(s->region, s->number);
    critical_leave(section);
    if (ring) attachment_ring(s->attachment);
    return awaited && (was & RF_MORE_IN_STACK) == 0;
}

static int get_option(const struct ring_socket *s, int level, int name, void *value, socklen_t *length) {
    int number;
    struct answer answer = {.length = sizeof number};
    if (!writable(length, sizeof *length)) return EFAULT;
    if ((int)*length < 0) return EINVAL;
    bool known = level == SOL_SOCKET || level == IPPROTO_IP || level == IPPROTO_IPV6 || level == IPPROTO_UDPLITE ||
                 level == (socket_is_datagram(s) ? IPPROTO_UDP : IPPROTO_TCP);
    if (!known && s->slot->domain == AF_INET) return EOPNOTSUPP;
    if (from_slot(s, level, name, &number)) {
        memcpy(answer.payload, &number, sizeof number);
    } else {
        int64_t size = *length < RF_CELL_PAYLOAD ? *length : RF_CELL_PAYLOAD;
        struct rf_command command = {.op = RF_OP_GETSOCKOPT, .args = {level, name, size}};
        int error = call_backend(s, &command, &answer);
        if (error != 0) return error;
    }
    if (answer.length < *length) *length = answer.length;
    if (!writable(value, *length)) return EFAULT;
    memcpy(value, answer.payload, *length);
    return 0;
}

/* Switches that no TCP socket refuses. Servers throw them for every connection or every answer; nobody has to
 * wait for that: a later call goes the same way and finds them thrown. */
static bool is_switch(const struct ring_socket *s, int level, int name, socklen_t length) {
    return !socket_is_datagram(s) && level == IPPROTO_TCP && (name == TCP_NODELAY || name == TCP_CORK || name == TCP_QUICKACK) && length >= sizeof(int);
}

/* Which form of time stamps a program gets is decided by the option it has set last. */
static void note_timestamps(const struct ring_socket *s, int name, const void *value, socklen_t length) {
    if (name != TIMESTAMP_OLD && name != TIMESTAMP_NEW && name != TIMESTAMPNS_OLD && name != TIMESTAMPNS_NEW) return;
    unsigned form = name == TIMESTAMP_OLD || name == TIMESTAMP_NEW ? NOTE_TIMEVAL : NOTE_TIMESPEC;
    int on = 0;
    memcpy(&on, value, length < sizeof on ? length : sizeof on);
    notes_change(s, on != 0 ? form : 0, NOTE_TIMEVAL | NOTE_TIMESPEC);
}

/* MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP carry addresses with much room, more than a call has: the older options
 * of each family say the same. True if `command` is filled, and *error decides. */
static bool is_group(int level, int name, const void *value, socklen_t length, struct rf_command *command, int *error) {
    struct group_req request;
    if ((level != IPPROTO_IP && level != IPPROTO_IPV6) || (name != MCAST_JOIN_GROUP && name != MCAST_LEAVE_GROUP))
        return false;
    *error = EINVAL;
    if (length < sizeof request) return true;
    memcpy(&request, value, sizeof request);
    *error = EADDRNOTAVAIL;
    if (request.gr_group.ss_family != (level == IPPROTO_IP ? AF_INET : AF_INET6)) return true;
    *error = 0;
    if (level == IPPROTO_IP) {
        struct ip_mreqn older = {.imr_multiaddr = ((struct sockaddr_in *)&request.gr_group)->sin_addr,
                                 .imr_ifindex = (int)request.gr_interface};
        command->args[1] = name == MCAST_JOIN_GROUP ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
        memcpy(command->payload, &older, command->payload_length = sizeof older);
    } else {
        struct ipv6_mreq older = {.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&request.gr_group)->sin6_addr,
                                  .ipv6mr_interface = request.gr_interface};
        command->args[1] = name == MCAST_JOIN_GROUP ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP;
        memcpy(command->payload, &older, command->payload_length = sizeof older);
    }
    return true;
}

static int set_option(const struct ring_socket *s, int level, int name, const void *value, socklen_t length) {
    struct rf_command command = {.op = RF_OP_SETSOCKOPT, .args = {level, name}};
    struct answer answer;
    int error;
    if ((int)length < 0) return EINVAL;
    if (!readable(value, length)) return EFAULT;
    if (is_group(level, name, value, length, &command, &error))
        return error != 0 ? error : call_backend(s, &command, &answer);
    /* Nothing that passes is longer; of what a program says beyond that Linux takes no notice either. */
    if (length > RF_COMMAND_PAYLOAD) length = RF_COMMAND_PAYLOAD;
    command.payload_length = length;
    if (length != 0) memcpy(command.payload, value, length);
    /* Who may go beyond the limits that others have gets as much as those. */
    if (level == SOL_SOCKET && (name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE) && privileges_have(CAP_NET_ADMIN))
        command.args[1] = name == SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF;
    bool switches = is_switch(s, level, name, length);
    if (switches && name == TCP_CORK && cork(s, *(const int *)command.payload != 0, &error)) return error;
    if (switches) return call_post(s, &command);
    error = call_backend(s, &command, &answer);
    if (error == 0 && level == SOL_SOCKET) note_timestamps(s, name, value, length);
    if (error == 0 && level == SOL_SOCKET && name == SO_OOBINLINE) urgent_inline(s, *(const int *)value != 0);
    return error;
}

int shim_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    struct ring_socket s;
    int result;
    if (netlink_is(fd) && netlink_get_option(fd, level, name, value, length, &result)) return result;
    if (is_time_out(level, name) || !table_find(fd, &s)) return real.getsockopt(fd, level, name, value, length);
    int kept = errno;
    int error = get_option(&s, level, name, value, length);
    errno = error != 0 ? error : kept;
    return error != 0 ? -1 : 0;
}

int shim_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    struct ring_socket s;
    if (level == SOL_NETLINK && netlink_is(fd)) return 0; /* they ask for more checks, or for more to be told */
    if (is_time_out(level, name)) loan_keep(fd);
    if (is_time_out(level, name) || !table_find(fd, &s)) return real.setsockopt(fd, level, name, value, length);
    int kept = errno;
    int error = set_option(&s, level, name, value, length);
    errno = error != 0 ? error : kept;
    return error != 0 ? -1 : 0;
}
