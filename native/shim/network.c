/* Asks for what the stack has, by NETWORK on a socket that is opened for it, if one can be: natively, too, these questions
 * are asked of a socket. */
#include "network.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "call.h"
#include "entry.h"
#include "table.h"

#define BYTES (RF_NETWORK_MOST * sizeof(struct rf_network_entry))
#define ATTEMPTS 10
#define FRESH_MILLISECONDS 50 /* as long as the INS takes it for fresh */

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
    size_t heard = 0; /* of any kind: whoever tells nothing that is accepted comes to an end, too */
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
        heard += told;
        cursor = answer.result;
    } while (cursor != 0 && heard < RF_NETWORK_MOST);
    return 0;
}

/* ---- what was told a moment ago: a program that looks names up asks for each ---- */

static struct rf_network_entry *told;
static unsigned told_count;
static int64_t told_at;
/* Whoever finds it set does without, so that a child of fork whose parent had it set does not wait. */
static atomic_flag told_busy = ATOMIC_FLAG_INIT;

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool recall(struct network *network) {
    if (atomic_flag_test_and_set(&told_busy)) return false;
    bool fresh = told != NULL && milliseconds() - told_at < FRESH_MILLISECONDS;
    if (fresh) memcpy(network->entries, told, told_count * sizeof *told);
    network->count = fresh ? told_count : 0;
    atomic_flag_clear(&told_busy);
    return fresh;
}

static void remember(const struct network *network) {
    if (atomic_flag_test_and_set(&told_busy)) return;
    if (told == NULL) {
        void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED) told = memory;
    }
    if (told != NULL) {
        memcpy(told, network->entries, network->count * sizeof *told);
        told_count = network->count;
        told_at = milliseconds();
    }
    atomic_flag_clear(&told_busy);
}

/* EAGAIN: something has changed meanwhile. */
static int ask_patiently(const struct ring_socket *s, struct network *network) {
    int error = EAGAIN;
    for (int i = 0; i < ATTEMPTS && error == EAGAIN; i++) error = ask(s, network);
    return error;
}

/* Any that the program has, while it has no number for another. Its thread may close one meanwhile. */
static int ask_on_the_programs(struct network *network) {
    struct ring_socket s;
    int error = EMFILE, asked = 0;
    unsigned end = table_end();
    for (unsigned fd = 0; fd < end && asked < ATTEMPTS && error != 0; fd++) {
        if (!table_find((int)fd, &s)) continue;
        error = ask_patiently(&s, network);
        asked++;
    }
    return error == 0 ? 0 : EMFILE;
}

/* 0 or an errno, with network->entries mapped. */
static int ask_on_a_socket(struct network *network) {
    struct ring_socket s;
    int fd = shim_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno != EMFILE) fd = shim_socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno == EMFILE ? ask_on_the_programs(network) : errno;
    int error = table_find(fd, &s) ? ask_patiently(&s, network) : EBADF;
    shim_close(fd);
    return error;
}

int network_load(struct network *network) {
    int kept = errno, error = 0;
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        errno = kept;
        return ENOMEM;
    }
    *network = (struct network){.entries = memory};
    if (!recall(network)) {
        error = ask_on_a_socket(network);
        if (error == 0) remember(network);
    }
    if (error != 0) munmap(memory, BYTES);
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
