/* The stand-in has no kernel to start: what it has is what this Linux has. */
#include "../netbsd/netbsd.h"
#include "../stack_linux.h"

int netbsd_boot(const struct rf_setup *setup) {
    if (rf_setup_has_network(setup)) return -NETBSD_EOPNOTSUPP;
    linux_network_open();
    return 0;
}

int netbsd_network(struct rf_network_entry *entries) { return linux_network(entries); }
