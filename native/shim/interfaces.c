/* Interfaces by ioctl(): netdevice(7). Asking is answered from what the stack has; setting is the administrator's of the
 * stack, and refused as it is to a program without privileges. */
#include "interfaces.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "namespace.h"
#include "network.h"
#include "sandbox.h"
#include "table.h"

static bool is_setting(unsigned long request) {
    switch (request) {
    case SIOCSIFLINK:
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
    case SIOCADDRT:
    case SIOCDELRT:
        return true;
    default:
        return false;
    }
}

static bool is_asking(unsigned long request) {
    switch (request) {
    case SIOCGIFNAME:
    case SIOCGIFCONF:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
    case SIOCGIFTXQLEN:
    case SIOCGIFMAP:
        return true;
    default:
        return false;
    }
}

/* Addresses and routes are the business of the internet's sockets; the rest is told by any. */
static bool is_taken(unsigned long request, int family) {
    switch (request) {
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
        return family == AF_INET;
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCADDRT:
    case SIOCDELRT:
        return family == AF_INET || family == AF_INET6;
    case SIOCSIFLINK:
        return false;
    default:
        return true;
    }
}

static int family_of(int fd) {
    struct ring_socket s;
    int family = AF_UNSPEC;
    socklen_t length = sizeof family;
    if (table_find(fd, &s)) return (int)s.slot->domain;
    if (table_get(fd) == RF_ENTRY_NETLINK) return AF_NETLINK;
    if (sandbox_confined) return AF_INET; /* a filter may end the program for asking */
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
}

static void put_address(struct sockaddr *to, const uint8_t *bytes) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    memcpy(&address.sin_addr, bytes, sizeof address.sin_addr);
    memcpy(to, &address, sizeof address);
}

/* The first IPv4 address with this label, as netdevice(7) has it; else the interface's first. */
static const struct rf_network_entry *address_of(const struct network *network, uint32_t index, const char *label) {
    const struct rf_network_entry *first = NULL;
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *entry = &network->entries[i];
        if (entry->kind != RF_NETWORK_ADDRESS || entry->address.family != AF_INET || entry->index != index) continue;
        if (strncmp(entry->name, label, RF_NETWORK_NAME) == 0) return entry;
        if (first == NULL) first = entry;
    }
    return strchr(label, ':') == NULL ? first : NULL;
}

static int list(const struct network *network, struct ifconf *into) {
    int length = 0;
    if (!writable(into, sizeof *into)) return EFAULT;
    bool counting = into->ifc_buf == NULL;
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *entry = &network->entries[i];
        struct ifreq request = {0};
        if (entry->kind != RF_NETWORK_ADDRESS || entry->address.family != AF_INET) continue;
        const struct rf_network_entry *link = network_link(network, entry->index, NULL);
        if (!counting && (int)sizeof request > into->ifc_len - length) break;
        if (!counting && !writable(into->ifc_buf + length, sizeof request)) return EFAULT;
        if (!counting) {
            memcpy(request.ifr_name, entry->name[0] != '\0' || link == NULL ? entry->name : link->name, IFNAMSIZ);
            put_address(&request.ifr_addr, entry->address.local);
            memcpy(into->ifc_buf + length, &request, sizeof request);
        }
        length += (int)sizeof request;
    }
    into->ifc_len = length;
    return 0;
}

static int tell_link(const struct rf_network_entry *link, unsigned long request, struct ifreq *into) {
    switch (request) {
    case SIOCGIFNAME:
        memcpy(into->ifr_name, link->name, IFNAMSIZ);
        return 0;
    case SIOCGIFINDEX:
        into->ifr_ifindex = (int)link->index;
        return 0;
    case SIOCGIFFLAGS:
        into->ifr_flags = (short)link->link.flags;
        return 0;
    case SIOCGIFMETRIC:
        into->ifr_metric = 0; /* as Linux's */
        return 0;
    case SIOCGIFMTU:
        into->ifr_mtu = (int)link->link.mtu;
        return 0;
    case SIOCGIFTXQLEN:
        into->ifr_qlen = (int)link->link.queue_length;
        return 0;
    case SIOCGIFMAP:
        memset(&into->ifr_map, 0, sizeof into->ifr_map);
        return 0;
    case SIOCGIFHWADDR:
        memset(&into->ifr_hwaddr, 0, sizeof into->ifr_hwaddr);
        into->ifr_hwaddr.sa_family = link->link.hardware_type;
        memcpy(into->ifr_hwaddr.sa_data, link->link.hardware, sizeof into->ifr_hwaddr.sa_data);
        return 0;
    default:
        return ENOTTY;
    }
}

static int tell_address(const struct rf_network_entry *entry, unsigned long request, struct ifreq *into) {
    uint32_t mask = entry->address.prefix == 0 ? 0 : htonl(UINT32_MAX << (32 - entry->address.prefix));
    switch (request) {
    case SIOCGIFADDR:
        put_address(&into->ifr_addr, entry->address.local);
        return 0;
    case SIOCGIFDSTADDR:
        put_address(&into->ifr_dstaddr, entry->address.peer);
        return 0;
    case SIOCGIFBRDADDR:
        put_address(&into->ifr_broadaddr, entry->address.broadcast);
        return 0;
    default:
        put_address(&into->ifr_netmask, (const uint8_t *)&mask);
        return 0;
    }
}

static int tell(const struct network *network, unsigned long request, struct ifreq *into) {
    char label[IFNAMSIZ], name[IFNAMSIZ];
    if (!writable(into, sizeof *into)) return EFAULT;
    memcpy(label, into->ifr_name, sizeof label);
    label[IFNAMSIZ - 1] = '\0';
    memcpy(name, label, sizeof name);
    name[strcspn(name, ":")] = '\0'; /* an alias's name is its interface's with a number */
    const struct rf_network_entry *link = request == SIOCGIFNAME ? network_link(network, (uint32_t)into->ifr_ifindex, NULL)
                                                                 : network_link(network, 0, name);
    if (link == NULL) return ENODEV;
    if (request != SIOCGIFADDR && request != SIOCGIFDSTADDR && request != SIOCGIFBRDADDR && request != SIOCGIFNETMASK)
        return tell_link(link, request, into);
    const struct rf_network_entry *address = address_of(network, link->index, label);
    return address == NULL ? EADDRNOTAVAIL : tell_address(address, request, into);
}

/* Setting flags that are set already is no change. */
static int set(const struct network *network, unsigned long request, const struct ifreq *from) {
    char name[IFNAMSIZ];
    if (request != SIOCSIFFLAGS) return EPERM;
    memcpy(name, from->ifr_name, sizeof name);
    name[IFNAMSIZ - 1] = '\0';
    const struct rf_network_entry *link = network_link(network, 0, name);
    if (link == NULL) return ENODEV;
    return from->ifr_flags == (short)link->link.flags ? 0 : EPERM;
}

bool interfaces_ioctl(int fd, unsigned long request, long word, int *result) {
    struct stat status;
    struct network network;
    if (!is_asking(request) && !is_setting(request)) return false;
    if (!attachment_configured() || process_is_borrowed()) return false;
    if (table_get(fd) == RF_ENTRY_NONE && !namespace_is_home()) return false;
    int kept = errno;
    if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        errno = kept;
        return false;
    }
    size_t size = request == SIOCGIFCONF ? sizeof(struct ifconf) : sizeof(struct ifreq);
    int error = !readable((void *)word, size) ? EFAULT : is_taken(request, family_of(fd)) ? network_load(&network) : ENOTTY;
    if (error == 0) {
        error = is_setting(request)      ? set(&network, request, (void *)word)
                : request == SIOCGIFCONF ? list(&network, (void *)word)
                                         : tell(&network, request, (void *)word);
        network_unload(&network);
    }
    *result = error == 0 ? 0 : -1;
    errno = error == 0 ? kept : error;
    return true;
}
