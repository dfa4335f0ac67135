/*
 * datagram.h - receiving from and sending to datagram sockets: one record of a ring for each call.
 */
#ifndef RINGFENCE_SHIM_DATAGRAM_H
#define RINGFENCE_SHIM_DATAGRAM_H

#include <sys/socket.h>

#include "../region/record.h"
#include "table.h"

/* As recvmsg(): a datagram, or part of it, with its sender and ancillary data. Of `message` the name's, the
 * control's and the flags' fields are written on success. -1 with errno. */
ssize_t datagram_receive(const struct ring_socket *s, struct msghdr *message, int flags);
/* As sendmsg(), with the name's length as sendto() takes it if `message` has a name. -1 with errno. */
ssize_t datagram_send(const struct ring_socket *s, const struct msghdr *message, int flags);
/* Bytes of the next datagram, as FIONREAD tells them; 0 if there is none. */
int datagram_next(const struct ring_socket *s);
/* Takes the pending error, and makes the descriptor unreadable if it was readable for it. 0 or an errno. */
int datagram_take_error(const struct ring_socket *s);

/* ---- datagram_control.c: ancillary data ---- */

/* Writes what the record's flags offer into the message's control buffer, as put_cmsg() of Linux does;
 * sets MSG_CTRUNC in msg_flags if it does not fit. May call the gateway: without locks. */
void datagram_put_control(const struct ring_socket *s, const struct rf_record *record, struct msghdr *message);
/* Takes `via`, interface, TTL and TOS from the message's control buffer. 0 or an errno. */
int datagram_get_control(const struct ring_socket *s, const struct msghdr *message, struct rf_record *record);

#endif
