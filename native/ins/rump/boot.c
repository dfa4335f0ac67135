/* Starts the rump kernel and brings its interface up: virtN on the host's tap device tunN, or shmifN on a file. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/netconfig.h>

#include "../netbsd/netbsd.h"

/* Not in every version: without it there is no route to other IPv6 networks but what router advertisements bring. */
extern int rump_pub_netconfig_ipv6_gw(const char *) __attribute__((weak));
extern int rump_pub_lwproc_newlwp(pid_t);

/* The process to which threads of the host belong that the kernel does not know: all of the INS's share its descriptors. */
#define HOST_PROCESS 1

void rump_join(void) {
    /* A thread that is known costs less per call. One that could not be made known is no worse than others. */
    rump_pub_lwproc_newlwp(HOST_PROCESS);
}

/* "10.0.0.2/24" into its two parts. */
static int split(const char *address, char part[64], long *bits, long most) {
    const char *slash = strchr(address, '/');
    char *end;
    if (slash == NULL || slash - address >= 64) return -NETBSD_EINVAL;
    memcpy(part, address, (size_t)(slash - address));
    part[slash - address] = '\0';
    *bits = strtol(slash + 1, &end, 10);
    return *end != '\0' || end == slash + 1 || *bits < 0 || *bits > most ? -NETBSD_EINVAL : 0;
}

static int add_address(const char *interface, const char *address) {
    char part[64], mask[INET_ADDRSTRLEN];
    long bits;
    bool ipv6 = strchr(address, ':') != NULL;
    int error = split(address, part, &bits, ipv6 ? 128 : 32);
    if (error != 0) return error;
    if (ipv6) {
        /* The kernel panics at others ("lazy bum", brlib/libnetconfig/netconfig.c). */
        if (bits % 8 != 0) return -NETBSD_EINVAL;
        return -rump_pub_netconfig_ipv6_ifaddr(interface, part, (int)bits);
    }
    struct in_addr network = {.s_addr = bits == 0 ? 0 : htonl(UINT32_MAX << (32 - bits))};
    inet_ntop(AF_INET, &network, mask, sizeof mask);
    return -rump_pub_netconfig_ipv4_ifaddr(interface, part, mask);
}

/* Else an address cannot be bound for a second or two, until nobody has said that it is his (in6_pcbbind(): EADDRNOTAVAIL).
 * Whoever gives this one to the INS has chosen it. The numbers are those of sys/sysctl.h and netinet6/in6.h. */
static void do_not_probe(void) {
    enum { CTL_NET = 4, DAD_COUNT = 16 };
    const int name[] = {CTL_NET, NETBSD_AF_INET6, NETBSD_IPPROTO_IPV6, DAD_COUNT};
    int none = 0;
    bsd_sysctl(name, 4, NULL, NULL, &none, sizeof none);
}

static int add_gateway(const char *gateway) {
    if (strchr(gateway, ':') == NULL) return -rump_pub_netconfig_ipv4_gw(gateway);
    return rump_pub_netconfig_ipv6_gw == NULL ? -NETBSD_EOPNOTSUPP : -rump_pub_netconfig_ipv6_gw(gateway);
}

static int bring_up(const struct rf_setup *setup) {
    do_not_probe();
    int error = -rump_pub_netconfig_ifcreate(setup->interface);
    if (error == 0 && setup->link != NULL) error = -rump_pub_netconfig_ifsetlinkstr(setup->interface, setup->link);
    for (int i = 0; error == 0 && i < RF_SETUP_MOST && setup->addresses[i] != NULL; i++)
        error = add_address(setup->interface, setup->addresses[i]);
    if (error == 0) error = -rump_pub_netconfig_ifup(setup->interface);
    for (int i = 0; error == 0 && i < RF_SETUP_MOST && setup->gateways[i] != NULL; i++)
        error = add_gateway(setup->gateways[i]);
    return error;
}

/* The kernel's console is standard output, which the INS has put away: what a kernel says before it ends should be read. */
static void show_console(void) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static void *end_thread(void *unused) { pthread_exit(unused); }

/* The C library loads a library when pthread_exit() is called first, by which the kernel's threads end, and ends the process if that is
 * not there: later there are no files. */
static void prepare_ends(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_thread, NULL) == 0) pthread_join(thread, NULL);
}

int netbsd_boot(const struct rf_setup *setup) {
    if (setup->interface == NULL && rf_setup_has_network(setup)) return -NETBSD_EINVAL;
    prepare_ends();
    show_console();
    /* Else writing to a connection whose peer is gone ends the process. */
    rump_boot_setsigmodel(RUMP_SIGMODEL_IGNORE);
    int error = rump_init();
    if (error != 0) return error < 0 ? error : -error;
    rump_join(); /* lo0 has its addresses: the kernel's components for IPv4 and IPv6 give them */
    netbsd_network_open(setup);
    return setup->interface == NULL ? 0 : bring_up(setup);
}
