/* Asks for what the stack has, by NETWORK on a socket that is opened for it: natively, too, these questions are asked
 * of a socket. */
#include "network.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "call.h"
#include "entry.h"
#include "table.h"

#define BYTES (RF_NETWORK_MOST * sizeof(struct rf_network_entry))
#define ATTEMPTS 10

_Static_assert(RF_NETWORK_NAME == IFNAMSIZ, "a name fits struct ifreq");

/* Makes an entry harmless, whoever wrote it. False if it says nothing. */
static bool accept_entry(struct rf_network_entry *entry) {
    entry->name[RF_NETWORK_NAME - 1] = '\0';
    if (entry->kind == RF_NETWORK_LINK) {
        if (entry->link.hardware_length > RF_NETWORK_HARDWARE) entry->link.hardware_length = RF_NETWORK_HARDWARE;
        return true;
    }
    if (entry->kind != RF_NETWORK_ADDRESS && entry->kind != RF_NETWORK_ROUTE) return false;
    /* Family and prefix lie at the same place in both. */
    return (entry->address.family == AF_INET && entry->address.prefix <= 32) ||
           (entry->address.family == AF_INET6 && entry->address.prefix <= 128);
}

static int ask(const struct ring_socket *s, struct network *network) {
    int64_t cursor = 0;
    network->count = 0;
    do {
        struct rf_command command = {.op = RF_OP_NETWORK, .args = {cursor}};
        struct answer answer;
        int error = call_backend(s, &command, &answer);
        if (error != 0) return error;
        size_t told = answer.length / sizeof *network->entries;
        for (size_t i = 0; i < told && network->count < RF_NETWORK_MOST; i++) {
            struct rf_network_entry *entry = &network->entries[network->count];
            memcpy(entry, answer.payload + i * sizeof *entry, sizeof *entry);
            if (accept_entry(entry)) network->count++;
        }
        if (told == 0) break;
        cursor = answer.result;
    } while (cursor != 0 && network->count < RF_NETWORK_MOST);
    return 0;
}

int network_load(struct network *network) {
    struct ring_socket s;
    int kept = errno, error = EAGAIN;
    int fd = shim_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fd = shim_socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error = errno;
        errno = kept;
        return error;
    }
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *network = (struct network){.entries = memory};
    if (memory == MAP_FAILED) error = ENOMEM;
    else if (!table_find(fd, &s)) error = EBADF;
    /* EAGAIN: something has changed meanwhile. */
    else
        for (int i = 0; i < ATTEMPTS && error == EAGAIN; i++) error = ask(&s, network);
    shim_close(fd);
    if (error != 0 && memory != MAP_FAILED) munmap(memory, BYTES);
    errno = kept;
    return error;
}

void network_unload(struct network *network) {
    int kept = errno;
    munmap(network->entries, BYTES);
    errno = kept;
}

const struct rf_network_entry *network_link(const struct network *network, uint32_t index, const char *name) {
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *entry = &network->entries[i];
        if (entry->kind != RF_NETWORK_LINK) continue;
        if (name != NULL ? strncmp(entry->name, name, RF_NETWORK_NAME) == 0 : entry->index == index) return entry;
    }
    return NULL;
}
