/*
 * inherit.h - recognises sockets of the region that this process did not open itself: inherited across
 * exec, or received over a unix socket.
 */
#ifndef RINGFENCE_SHIM_INHERIT_H
#define RINGFENCE_SHIM_INHERIT_H

#include <sys/socket.h>

/* Looks at all open descriptors, and attaches if one may be a socket of the region. Constructor. */
void inherit_across_exec(void);
/* Looks at the descriptors in a received message. Does not change errno. */
void inherit_from_message(struct msghdr *message);

#endif
