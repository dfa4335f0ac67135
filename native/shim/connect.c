/* connect(): the call never waits in the gateway; a blocking socket waits here, for the gateway to read
 * the stuffing away. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "call.h"
#include "entry.h"
#include "netlink.h"
#include "notes.h"
#include "real.h"
#include "socket.h"

/* Waits for the end of CONNECTING. 0 or an errno; `pending` is what a non-blocking socket answers. */
static int await_connection(const struct ring_socket *s, int pending) {
    for (;;) {
        uint32_t state = socket_state(s);
        if (state == RF_STATE_CONNECTED) return 0;
        if (state != RF_STATE_CONNECTING) {
            int error = socket_take_error(s);
            return error != 0 ? error : ECONNABORTED;
        }
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

/* A peer for datagrams, another one, or, by AF_UNSPEC, none: nothing is waited for. */
static int connect_datagrams(const struct ring_socket *s, const struct sockaddr *address, socklen_t length) {
    struct rf_command command = {.op = RF_OP_CONNECT};
    struct answer answer;
    command.payload_length = length < RF_COMMAND_PAYLOAD ? length : RF_COMMAND_PAYLOAD;
    memcpy(command.payload, address, command.payload_length);
    return call_backend(s, &command, &answer);
}

static int connect_to(const struct ring_socket *s, const struct sockaddr *address, socklen_t length) {
    struct rf_command command = {.op = RF_OP_CONNECT};
    struct answer answer;
    if (length < sizeof(sa_family_t) || length > sizeof(struct sockaddr_storage)) return EINVAL;
    if (!readable_at(address)) return EFAULT;
    if (socket_is_datagram(s)) return connect_datagrams(s, address, length);
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
    case RF_STATE_FAILED: {
        int error = socket_take_error(s);
        if (error != 0) return error;
        break;
    }
    default:
        break;
    }
    /* Before the call: once it is under way, only the gateway may make the descriptor writable. */
    rf_stuff(s->fd);
    command.payload_length = length < RF_COMMAND_PAYLOAD ? length : RF_COMMAND_PAYLOAD;
    memcpy(command.payload, address, command.payload_length);
    int error = call_backend(s, &command, &answer);
    if (error != EINPROGRESS) return error;
    /* Also if it has succeeded or failed by now: no program expects more of a non-blocking connect() on
     * Linux, and some insist on it. */
    if ((real.fcntl(s->fd, F_GETFL) & O_NONBLOCK) != 0) return EINPROGRESS;
    return await_connection(s, EINPROGRESS);
}

int shim_connect(int fd, const struct sockaddr *address, socklen_t length) {
    struct ring_socket s;
    if (netlink_is(fd)) return netlink_take_address(address, length);
    if (!table_find(fd, &s)) return real.connect(fd, address, length);
    int kept = errno;
    int error = connect_to(&s, address, length);
    if (error == EINPROGRESS || error == EINTR) notes_change(&s, NOTE_CONNECTING, 0);
    else if (error == 0) notes_change(&s, 0, NOTE_CONNECTING);
    errno = error != 0 ? error : kept;
    return error != 0 ? -1 : 0;
}
