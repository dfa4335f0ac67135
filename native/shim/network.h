/*
 * network.h - the links, addresses and routes of the stack behind the gateway, for the calls by which programs ask
 * for them: interfaces.c (ioctl) and netlink.c (rtnetlink).
 */
#ifndef RINGFENCE_SHIM_NETWORK_H
#define RINGFENCE_SHIM_NETWORK_H

#include <stdbool.h>

#include "../region/network.h"

struct network {
    struct rf_network_entry *entries;
    unsigned count;
};

/* Asks the stack. 0, or an errno: ENOSYS if it cannot tell. Keeps errno. */
int network_load(struct network *network);
void network_unload(struct network *network);

/* The link with this index or, if `name` is not NULL, this name. NULL if there is none. */
const struct rf_network_entry *network_link(const struct network *network, uint32_t index, const char *name);

static inline unsigned network_bytes_of(uint8_t family) { return family == 10 /* AF_INET6 */ ? 16 : 4; }

#endif
