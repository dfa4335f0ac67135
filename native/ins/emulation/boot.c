/* The stand-in has no kernel to start: it is on this Linux's interfaces. */
#include "../netbsd/netbsd.h"

int netbsd_boot(const struct rf_setup *setup) {
    return rf_setup_has_network(setup) ? -NETBSD_EOPNOTSUPP : 0;
}
