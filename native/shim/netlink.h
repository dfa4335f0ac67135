/*
 * netlink.h - rtnetlink(7) sockets: what programs ask of the kernel about links, addresses and routes is answered
 * from what the stack behind the gateway has. The program's own namespace is empty.
 *
 * The descriptor is a unix datagram socket that is connected to itself: what the shim sends to it, the program
 * receives from it, so that waiting, select, poll, dup and fork are the kernel's, as with the readiness pair. It is so
 * from when it has a port: bind() or the first request gives it one.
 *
 *   netlink.c          the socket: opening, names, options, receiving
 *   netlink_answer.c   requests and their answers
 */
#ifndef RINGFENCE_SHIM_NETLINK_H
#define RINGFENCE_SHIM_NETLINK_H

#include <stdbool.h>
#include <sys/socket.h>

#include "table.h"

/* True if socket() of these is to be such a socket. */
bool netlink_wanted(int domain, int type, int protocol);
/* A descriptor, or -1 with errno. */
int netlink_open(int type);

/* True if another program, or process, has opened this descriptor by netlink_open(). May change errno. */
bool netlink_inherited(int fd);

static inline bool netlink_is(int fd) { return table_get(fd) == RF_ENTRY_NETLINK; }

/* These stand for the calls of the same name on a descriptor that netlink_is. */
int netlink_name(int fd, struct sockaddr *address, socklen_t *length, bool peer);
int netlink_bind(int fd, const struct sockaddr *address, socklen_t length);
int netlink_connect(int fd, const struct sockaddr *address, socklen_t length);
/* True if the option is answered here. */
bool netlink_get_option(int fd, int level, int name, void *value, socklen_t *length, int *result);
ssize_t netlink_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t netlink_recvfrom(int fd, void *buffer, size_t length, int flags, struct sockaddr *address, socklen_t *address_length);
ssize_t netlink_sendmsg(int fd, const struct msghdr *message);
ssize_t netlink_send(int fd, const void *buffer, size_t length);

/* netlink_answer.c: sends to `fd`, which has this port, what answers the requests. 0 or an errno. */
int netlink_answer(int fd, uint32_t port, const void *requests, size_t length);

#endif
