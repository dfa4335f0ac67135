/*
 * stack.h - the network stack below the INS's loop, as a table of functions.
 *
 * The loop knows slots, rings and calls; a stack knows sockets. One INS has one stack: Linux's own
 * (stack_linux.c), or NetBSD's (netbsd/), which is written once for a rump kernel, rumprun and what stands in for them on
 * Linux. The numbers in arguments, addresses, option values and results are those of the stack's ABI and go
 * through the loop unread; the few errors the loop gives by itself it takes from `errors`.
 *
 * Nothing here waits, save `wait`, and nothing allocates after `open`. Functions return 0 or a
 * count, or the negated error. They are called from one thread.
 */
#ifndef RINGFENCE_INS_STACK_H
#define RINGFENCE_INS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "../region/network.h"

/* Below every negated errno: nothing to do now, a change will be reported; and accept() lacks
 * descriptors or memory, ask again in a while. */
enum { RF_STACK_AGAIN = -100000, RF_STACK_STARVED = -100001 };

/* What `wait` reports of a socket. */
enum rf_readiness {
    RF_READABLE = 1, /* bytes, a connection, or an end */
    RF_WRITABLE = 2,
    RF_HANGUP = 4, /* with RF_READABLE: an end of file or an error stands behind the bytes */
    RF_BROKEN = 8, /* the socket has a pending error */
    RF_URGENT = 16, /* there is an urgent byte, behind others perhaps */
};

struct rf_event {
    uint64_t token; /* as given to watch */
    uint32_t readiness;
};

/* What a stack is opened with. The interface is for one that has none by itself. */
#define RF_SETUP_MOST 4
struct rf_setup {
    uint32_t sockets;             /* at most so many at a time */
    const char *interface, *link; /* its name, and what it is plugged into; NULL: none */
    const char *addresses[RF_SETUP_MOST], *gateways[RF_SETUP_MOST]; /* "10.0.0.2/24", "fd00::2/64"; "10.0.0.1" */
};
static inline bool rf_setup_has_network(const struct rf_setup *setup) {
    return setup->interface != NULL || setup->addresses[0] != NULL || setup->gateways[0] != NULL;
}

/* As in docs/protocol.md, "What the stack counts". */
struct rf_stack_counts {
    uint64_t cookies, dropped, repeated, opened, overflows;
};

struct rf_stack {
    const char *name;
    uint32_t abi; /* enum rf_abi */
    struct {
        int32_t bad_slot, not_implemented, message_size, invalid, in_progress, aborted, again, access;
    } errors;

    int (*open)(const struct rf_setup *setup);

    /* `kept` is a word per socket for the stack's own use, 0 at first; a socket accepted from a
     * listener starts with a copy of the listener's. */
    int (*socket)(int domain, int type, int protocol);
    bool (*is_datagram)(int type);
    int (*bind)(int socket, const void *address, uint32_t length);
    int (*low_ports)(void); /* those below this number are for the privileged */
    int (*listen)(int socket, int backlog);
    int (*accept)(int socket, struct rf_name *peer);
    int (*connect)(int socket, const void *address, uint32_t length);
    /* True if the address is none: what there was is to be dissolved. `dissolve`: the stream is what it was before it tried to
     * connect, but for its name and options. */
    bool (*is_none)(const void *address, uint32_t length);
    int (*dissolve)(int socket);
    /* How a connect that was in progress ended: 0, -errors.in_progress, or why it failed. */
    int (*connected)(int socket);
    /* A socket of a stream that had no room has some again: its peer takes what it is sent. NULL: that is nothing to the stack. */
    void (*flows)(int socket, uint32_t *kept);
    int (*shutdown)(int socket, int how);
    /* Options that options.tsv does not let pass are ENOPROTOOPT: a gateway that asks for others is not the one that was started. */
    int (*set_option)(int socket, uint32_t *kept, int level, int name, const void *value, uint32_t length);
    int (*get_option)(int socket, const uint32_t *kept, int level, int name, void *value, uint32_t *length);
    int (*local_name)(int socket, struct rf_name *name);
    /* True if the connections of a listener of this name all have its name. NULL: ask for each. */
    bool (*names_all)(const struct rf_name *listener);
    int (*peer_name)(int socket, struct rf_name *name);
    int (*error)(int socket); /* takes the pending error: 0 if there is none */
    void (*close)(int socket, uint32_t kept, bool reset);

    ssize_t (*receive)(int socket, const struct iovec *pieces, int count); /* 0: end of file */
    /* `more`: they may wait a moment for bytes that follow. A stack that cannot make them wait sends them.
     * `kept` may want the same of all of the socket's bytes. */
    ssize_t (*send)(int socket, uint32_t kept, const struct iovec *pieces, int count, bool more);
    /* Sends what waits so. NULL: nothing does. */
    void (*push)(int socket);
    /* True if it makes them wait, and a close of a socket with this word kept is a plain end. NULL: it does not. */
    bool (*waits_for_more)(uint32_t kept);

    /* Urgent bytes. A stack whose `urgent` is NULL has none. They are received as any other byte, but `receive` stops
     * in front of one. `at_mark`: true if one is the next that `receive` gets, or is to come next. `urgent`: true if it is here; the byte,
     * which stays. RF_URGENT is told while one is unread, if not at once, where the stack `tells_urgent`; another one is asked before and
     * behind each read. */
    bool (*urgent)(int socket, uint8_t *byte);
    bool tells_urgent;
    bool (*at_mark)(int socket);
    ssize_t (*send_urgent)(int socket, uint8_t byte); /* 1, or as send */

    /* Datagrams. `receive_datagram` fills the record, all zero before, but its length, and returns the bytes that
     * are in the pieces. `next_datagram` returns the length of the one that receive_datagram will return next. */
    ssize_t (*receive_datagram)(int socket, struct rf_record *record, const struct iovec *pieces, int count);
    ssize_t (*next_datagram)(int socket);
    ssize_t (*send_datagram)(int socket, const struct rf_record *record, const struct iovec *pieces, int count);

    /* Fills in what the stack has, links first, then addresses, then routes: at most RF_NETWORK_MOST entries, all zero
     * before. The number of entries. */
    int (*network)(struct rf_network_entry *entries);

    /* What the stack has counted of connections that come to it. False if it cannot tell; NULL if it never can. */
    bool (*count)(struct rf_stack_counts *counts);

    /* Reports changes of the socket's readiness, each once, until it is closed: RF_WRITABLE only if it is in
     * `readiness`, the others in any case. Again for the same socket: changes `readiness`, and reports what is so. */
    int (*watch)(int socket, uint64_t token, uint32_t readiness);
    /* Reports a descriptor of the host, doorbell or control connection, while it is readable. */
    int (*watch_host)(int descriptor, uint64_t token);
    /* Reports each byte that comes to the doorbell, whether or not those before were read; two that come together may be one
     * event. NULL: the stack reports it while it is readable. */
    int (*watch_doorbell)(int descriptor, uint64_t token);
    /* Waits for at most `milliseconds`, or for ever with -1. Returns the number of events. */
    int (*wait)(struct rf_event *events, int capacity, int milliseconds);
};

extern const struct rf_stack rf_stack_linux, rf_stack_netbsd;
/* Those of this build, ended by NULL (stacks_*.c): the first is the default. */
extern const struct rf_stack *const rf_stacks[];
extern const bool rf_stacks_have_threads; /* of their own, which they start at any time */

/* shutdown()'s `how`, the same in every ABI that descends from BSD. */
enum { RF_SHUT_READ = 0, RF_SHUT_WRITE = 1, RF_SHUT_BOTH = 2 };

#endif
