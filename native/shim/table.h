/*
 * table.h - which descriptors of this process are sockets in a region, and whether this process is
 * one at all: a child of vfork lives in its parent's memory and must change nothing there.
 *
 * An entry is one atomic word: generation in bits 0..31, slot 32..47, attachment + 1 in 48..55.
 */
#ifndef RINGFENCE_SHIM_TABLE_H
#define RINGFENCE_SHIM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

struct attachment;

/* A descriptor that is a socket in a region, as it was when it was looked up. */
struct ring_socket {
    int fd;
    struct attachment *attachment;
    const struct rf_region *region;
    struct rf_slot *slot;
    uint32_t number, generation; /* of the slot */
};

#define RF_TABLE_SIZE (1u << 20)
#define RF_ENTRY_NONE UINT64_C(0)
#define RF_ENTRY_OWN UINT64_MAX /* a descriptor of the shim itself */
#define RF_ENTRY_NETLINK (UINT64_MAX - 1) /* answers about the network: netlink.h */

static inline uint64_t table_entry(unsigned attachment, uint32_t slot, uint32_t generation) {
    return (uint64_t)(attachment + 1) << 48 | (uint64_t)slot << 32 | generation;
}

/* Maps the table. Until then no descriptor has an entry. True on success. Any thread. */
bool table_create(void);
/* The entry of a descriptor, whatever it is. */
uint64_t table_get(int fd);
/* False if the descriptor is beyond the table. */
bool table_set(int fd, uint64_t entry);
/* One more than the highest descriptor that ever had an entry. */
unsigned table_end(void);

/* True, with the socket, if the descriptor is one in a region and this process is not borrowed. An
 * entry whose slot has been given to another socket is dropped on the way. Does not change errno. */
bool table_find(int fd, struct ring_socket *found);
/* False if the descriptor is not this socket any more: another thread has closed it, and the number may be
 * something else by now, from which nothing must be read away. */
bool table_holds(const struct ring_socket *socket);

/* True in a child of vfork, or of clone with CLONE_VM: another process's memory. process.c */
bool process_is_borrowed(void);
/* How many vforks deep this thread is: a child that begins counts one more, and its parent goes back. */
extern _Thread_local unsigned long process_depth;
/* Prepares process_is_borrowed(). Constructor, or before the first entry. */
void process_record(void);

#endif
