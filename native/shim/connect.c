/* connect(): the call never waits in the gateway; a blocking socket waits here, for the gateway to read
 * the stuffing away. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "../region/readiness.h"
#include "attach.h"
#include "call.h"
#include "critical.h"
#include "entry.h"
#include "netlink.h"
#include "notes.h"
#include "real.h"
#include "socket.h"

/* An attempt that failed while nobody waited for it. Of a connection that stood the ends are told, too. */
static bool has_failed_attempt(const struct ring_socket *s) {
    return socket_state(s) == RF_STATE_FAILED && socket_marks(s) == RF_MARK_RESET;
}

/* There is no connection any more, and the socket may be connected anew. Nobody is at the rings, which the gateway makes
 * empty. 0 or an errno. */
static int dissolve(const struct ring_socket *s) {
    struct rf_command command = {.op = RF_OP_CONNECT, .payload_length = sizeof(struct sockaddr_in)};
    struct answer answer;
    struct critical section = critical_enter();
    rf_lock(&s->slot->receive_lock);
    rf_lock(&s->slot->send_lock);
    int error = call_backend(s, &command, &answer);
    /* Packets that told of what was would make the next connection readable. */
    bool ring = error == 0 && socket_settle(s);
    rf_unlock(&s->slot->send_lock);
    rf_unlock(&s->slot->receive_lock);
    critical_leave(section);
    if (ring) attachment_ring(s->attachment);
    return error;
}

/* connect() to no address, which ends a connection, an attempt, or listening. */
static int disconnect(const struct ring_socket *s) {
    struct rf_command shuts = {.op = RF_OP_SHUTDOWN, .args = {SHUT_RDWR}};
    struct answer answer;
    socket_take_error(s);
    switch (socket_state(s)) {
    case RF_STATE_OPEN: return 0;
    case RF_STATE_LISTENING: return call_backend(s, &shuts, &answer);
    default: return dissolve(s);
    }
}

/* What the call after a failure is told, which makes the socket what it was before. */
static int tell_failure(const struct ring_socket *s) {
    int error = socket_take_error(s);
    if (has_failed_attempt(s)) dissolve(s);
    return error != 0 ? error : ECONNABORTED;
}

/* Waits for the end of CONNECTING. 0 or an errno; `pending` is what a non-blocking socket answers. */
static int await_connection(const struct ring_socket *s, int pending) {
    for (;;) {
        uint32_t state = socket_state(s);
        if (state == RF_STATE_CONNECTED) return 0;
        if (state != RF_STATE_CONNECTING) return tell_failure(s);
        if (real.send(s->fd, NULL, 0, MSG_NOSIGNAL) == 0) continue;
        int error = errno;
        if (socket_state(s) != RF_STATE_CONNECTING) continue;
        if (error == EAGAIN) return pending;
        if (error == EINTR) return EINTR;
        /* The pair is shut down and the state does not say why: the gateway went down. */
        if (!attachment_alive(s->attachment)) return ENETDOWN;
        return ECONNABORTED;
    }
}

static int connect_to(const struct ring_socket *s, const struct sockaddr *address, socklen_t length) {
    struct rf_command command = {.op = RF_OP_CONNECT};
    struct answer answer;
    int error = socket_check_name(address, length);
    if (error != 0) return error;
    if (length < sizeof(sa_family_t)) return EINVAL;
    if (socket_is_datagram(s)) {
        /* A peer for datagrams, another one, or, by AF_UNSPEC, none: nothing is waited for. */
        error = socket_take_name(s, address, length, &command);
        return error != 0 ? error : call_backend(s, &command, &answer);
    }
    if (address->sa_family == AF_UNSPEC) return disconnect(s);
    switch (socket_state(s)) {
    case RF_STATE_CONNECTED:
        /* The first call after a success that none has told yet tells it. */
        if ((notes_of(s) & NOTE_CONNECTING) == 0) return EISCONN;
        notes_change(s, 0, NOTE_CONNECTING);
        return 0;
    case RF_STATE_LISTENING:
        return EISCONN;
    case RF_STATE_CONNECTING:
        return await_connection(s, EALREADY);
    case RF_STATE_FAILED:
        return tell_failure(s);
    default:
        socket_take_error(s); /* of a connection that was dissolved */
        break;
    }
    /* Stuffed before the call: once it is under way, only the gateway may make the descriptor writable. */
    error = socket_take_name(s, address, length, &command);
    if (error != 0) return error;
    /* Who waits and is refused may try again. */
    bool waits = (real.fcntl(s->fd, F_GETFL) & O_NONBLOCK) == 0;
    command.args[0] = waits;
    rf_stuff(s->fd);
    error = call_backend(s, &command, &answer);
    if (error != EINPROGRESS) return error;
    /* Also if it has succeeded or failed by now: no program expects more of a non-blocking connect() on
     * Linux, and some insist on it. */
    if (!waits) return EINPROGRESS;
    return await_connection(s, EINPROGRESS);
}

int shim_connect(int fd, const struct sockaddr *address, socklen_t length) {
    struct ring_socket s;
    if (netlink_is(fd)) return netlink_connect(fd, address, length);
    if (!table_find(fd, &s)) return real.connect(fd, address, length);
    int kept = errno;
    int error = connect_to(&s, address, length);
    if (error == EINPROGRESS || error == EINTR) notes_change(&s, NOTE_CONNECTING, 0);
    else if (error == 0) notes_change(&s, 0, NOTE_CONNECTING);
    errno = error != 0 ? error : kept;
    return error != 0 ? -1 : 0;
}
