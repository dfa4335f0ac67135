/*
 * stack_linux.h - the two parts of the Linux stack, and what they share.
 *
 *   stack_linux.c      calls, bytes and readiness
 *   messages_linux.c   datagrams and their ancillary data: the functions declared here
 */
#ifndef RINGFENCE_INS_STACK_LINUX_H
#define RINGFENCE_INS_STACK_LINUX_H

#include "stack.h"

ssize_t linux_receive_datagram(int socket, struct rf_record *record, const struct iovec *pieces, int count);
ssize_t linux_next_datagram(int socket);
ssize_t linux_send_datagram(int socket, const struct rf_record *record, const struct iovec *pieces, int count);

#endif
