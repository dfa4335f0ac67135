/*
 * procnet.h - the files of /proc/net that say which interfaces, addresses and routes there are: written from what the
 * stack behind the gateway has. A JVM without an address in if_inet6 takes IPv6 for missing.
 */
#ifndef RINGFENCE_SHIM_PROCNET_H
#define RINGFENCE_SHIM_PROCNET_H

#include <stdbool.h>

/* True if the path is one of theirs, to be read behind a gateway: *fd is then what open() returns, with errno. */
bool procnet_open(const char *path, int flags, int *fd);

#endif
