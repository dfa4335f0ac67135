/* What a kernel of its own has, as the INS was told to make it: loopback, and one interface with its addresses and routers. In
 * Linux's numbers, since the shim tells it to programs of Linux. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "netbsd.h"

enum { FLAG_UP = 0x1, FLAG_BROADCAST = 0x2, FLAG_LOOPBACK = 0x8, FLAG_RUNNING = 0x40, FLAG_MULTICAST = 0x1000 }; /* linux/if.h */
enum { ARPHRD_ETHERNET = 1, ARPHRD_LOOP = 772, OPER_UNKNOWN = 0, OPER_UP = 6 };
enum { FAMILY_INET = 2, FAMILY_INET6 = 10, SCOPE_UNIVERSE = 0, SCOPE_HOST = 254, SCOPE_LINK = 253 };
enum { TYPE_UNICAST = 1, PROTOCOL_STATIC = 4, PERMANENT = 0x80 };
enum { LOOPBACK = 1, INTERFACE = 2 }; /* in the order the kernel makes them */

static struct rf_network_entry known[4 + 3 * RF_SETUP_MOST];
static int count;

static struct rf_network_entry *add(uint32_t kind, uint32_t index, const char *name) {
    struct rf_network_entry *entry = &known[count++];
    entry->kind = kind;
    entry->index = index;
    strncpy(entry->name, name, sizeof entry->name - 1);
    return entry;
}

static void add_link(uint32_t index, const char *name, uint32_t flags, uint32_t mtu, uint16_t type) {
    struct rf_network_entry *entry = add(RF_NETWORK_LINK, index, name);
    entry->link.flags = flags | FLAG_UP | FLAG_RUNNING;
    entry->link.mtu = mtu;
    entry->link.hardware_type = type;
    entry->link.operational = index == LOOPBACK ? OPER_UNKNOWN : OPER_UP;
    entry->link.hardware_length = 6;
}

static uint8_t read_address(const char *text, size_t length, uint8_t to[16]) {
    char part[64];
    if (length >= sizeof part) return 0;
    memcpy(part, text, length);
    part[length] = '\0';
    if (inet_pton(AF_INET, part, to) == 1) return FAMILY_INET;
    return inet_pton(AF_INET6, part, to) == 1 ? FAMILY_INET6 : 0;
}

/* "10.0.0.2/24" */
static void add_address(uint32_t index, const char *name, const char *text, uint8_t scope) {
    uint8_t address[16] = {0};
    const char *slash = strchr(text, '/');
    uint8_t family = slash == NULL ? 0 : read_address(text, (size_t)(slash - text), address);
    if (family == 0) return;
    struct rf_network_entry *entry = add(RF_NETWORK_ADDRESS, index, family == FAMILY_INET ? name : "");
    entry->address.family = family;
    entry->address.prefix = (uint8_t)strtol(slash + 1, NULL, 10);
    entry->address.scope = family == FAMILY_INET6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80 ? SCOPE_LINK : scope;
    entry->address.flags = PERMANENT;
    entry->address.preferred = entry->address.valid = UINT32_MAX;
    memcpy(entry->address.local, address, sizeof address);
    memcpy(entry->address.peer, address, sizeof address);
}

static void add_router(const char *text) {
    uint8_t address[16] = {0}, family = read_address(text, strlen(text), address);
    if (family == 0) return;
    struct rf_network_entry *entry = add(RF_NETWORK_ROUTE, INTERFACE, "");
    entry->route.family = family;
    entry->route.type = TYPE_UNICAST;
    entry->route.protocol = PROTOCOL_STATIC;
    memcpy(entry->route.gateway, address, sizeof address);
}

void netbsd_network_open(const struct rf_setup *setup) {
    count = 0;
    add_link(LOOPBACK, "lo", FLAG_LOOPBACK | FLAG_MULTICAST, 33192, ARPHRD_LOOP);
    if (setup->interface != NULL)
        add_link(INTERFACE, setup->interface, FLAG_BROADCAST | FLAG_MULTICAST, 1500, ARPHRD_ETHERNET);
    add_address(LOOPBACK, "lo", "127.0.0.1/8", SCOPE_HOST);
    add_address(LOOPBACK, "lo", "::1/128", SCOPE_HOST);
    for (int i = 0; setup->interface != NULL && i < RF_SETUP_MOST && setup->addresses[i] != NULL; i++)
        add_address(INTERFACE, setup->interface, setup->addresses[i], SCOPE_UNIVERSE);
    for (int i = 0; setup->interface != NULL && i < RF_SETUP_MOST && setup->gateways[i] != NULL; i++)
        add_router(setup->gateways[i]);
}

int netbsd_network(struct rf_network_entry *entries) {
    memcpy(entries, known, sizeof known[0] * (size_t)count);
    return count;
}
