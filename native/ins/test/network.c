/* NETWORK: the INS tells which links, addresses and routes its stack has, a few at a time. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "../../region/network.h"
#include "frontend.h"

static struct frontend f;
static struct rf_network_entry entries[RF_NETWORK_MOST];
static unsigned count, answers;
static bool whole;

/* All entries, by as many calls as it takes. False if a call fails. */
static bool walk(void) {
    int64_t cursor = 0;
    count = answers = 0;
    whole = true;
    do {
        struct answer a = frontend_call(&f, RF_OP_NETWORK, 1, cursor, 0, 0, NULL, 0);
        unsigned told = a.length / (unsigned)sizeof entries[0];
        if (a.error != 0) return false;
        whole &= a.length % sizeof entries[0] == 0 && told <= RF_NETWORK_IN_ANSWER && count + told <= RF_NETWORK_MOST;
        if (!whole) return false;
        memcpy(&entries[count], a.payload, a.length);
        count += told;
        answers++;
        cursor = a.result;
    } while (cursor != 0 && answers < RF_NETWORK_MOST);
    return true;
}

static bool has_loopback(int family, const void *address, size_t length, unsigned prefix) {
    for (unsigned i = 0; i < count; i++)
        if (entries[i].kind == RF_NETWORK_ADDRESS && entries[i].index == 1 && entries[i].address.family == family &&
            memcmp(entries[i].address.local, address, length) == 0)
            return entries[i].address.prefix == prefix;
    return false;
}

static void tells(const char *stack) {
    struct if_nameindex *known = if_nameindex();
    unsigned links = 0, found = 0;
    bool ordered = true;
    check(walk() && whole, "what the stack has comes in whole entries", "%s: %u entries", stack, count);
    for (struct if_nameindex *link = known; link->if_index != 0; link++) links++;
    for (unsigned i = 0; i < count; i++) {
        ordered &= i == 0 || entries[i].kind >= entries[i - 1].kind;
        if (entries[i].kind != RF_NETWORK_LINK) continue;
        for (struct if_nameindex *link = known; link->if_index != 0; link++)
            found += link->if_index == entries[i].index && strcmp(link->if_name, entries[i].name) == 0;
    }
    if_freenameindex(known);
    check(links == found && links > 0, "every link by its number and name", "%s: %u of %u", stack, found, links);
    check(ordered, "links first, then addresses, then routes", "%s", stack);
    check(entries[0].index == 1 && (entries[0].link.flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK) &&
              entries[0].link.mtu >= 1280,
          "the loopback's with Linux's flags", "%s: %x", stack, entries[0].link.flags);
    check(has_loopback(AF_INET, "\x7f\0\0\1", 4, 8), "its address, with its prefix", "%s", stack);
}

static void refuses(void) {
    struct answer wrong = frontend_call(&f, RF_OP_NETWORK, 1, INT64_C(77) << 32, 0, 0, NULL, 0);
    check(wrong.error == EAGAIN && wrong.length == 0, "a cursor of another time is EAGAIN", "%d", wrong.error);
    wrong = frontend_call(&f, RF_OP_NETWORK, 1, INT64_C(1) << 32 | (count + 1), 0, 0, NULL, 0);
    check(wrong.error == EINVAL && wrong.length == 0, "a cursor beyond the end is EINVAL", "%d", wrong.error);
    wrong = frontend_call(&f, RF_OP_NETWORK, 1, -1, 0, 0, NULL, 0);
    check(wrong.error != 0 && wrong.length == 0, "and so is nonsense", "%d", wrong.error);
    wrong = frontend_call(&f, RF_OP_NETWORK, 2, 0, 0, 0, NULL, 0);
    check(wrong.error == EBADF, "it is asked on a socket", "%d", wrong.error);
    check(walk(), "afterwards it is told as before", "%u entries", count);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, (const char *const[]){NULL});
    frontend_socket(&f, 1, 0, AF_INET);
    tells("linux");
    refuses();
    frontend_close(&f, 1, false);
    check(frontend_stop(&f) == 0, "the INS ends with status 0", "linux");
    f = (struct frontend){.abi = RF_ABI_NETBSD};
    frontend_start(&f, (const char *const[]){"--abi", "netbsd", NULL});
    frontend_socket(&f, 1, 0, AF_INET);
    tells("netbsd");
    frontend_close(&f, 1, false);
    check(frontend_stop(&f) == 0, "the INS ends with status 0", "netbsd");
    return check_end();
}
