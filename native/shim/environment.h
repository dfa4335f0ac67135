/*
 * environment.h - what a program needs in its environment to be behind the gateway: the shim in LD_PRELOAD, the
 * RINGFENCE_ variables, and the descriptors of an attachment that it inherits from its predecessor.
 *
 * An empty RINGFENCE_ATTACH is respected: a program so started is without a gateway. A RINGFENCE_LAUNCH other than
 * this program's own is, too: what belongs to the launch is not passed on then.
 *
 * RINGFENCE_NETWORK says, once a program has left the network namespace of the application, which one that is: namespace.h.
 *
 * RINGFENCE_INHERIT is connection,doorbell,pool,memory each as DESCRIPTOR:INODE, then the region's bytes.
 */
#ifndef RINGFENCE_SHIM_ENVIRONMENT_H
#define RINGFENCE_SHIM_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The descriptors of an attachment, in the order in which RINGFENCE_INHERIT names them. */
enum { OWN_CONNECTION, OWN_DOORBELL, OWN_POOL, OWN_MEMORY, OWN_DESCRIPTORS };

/* Remembers what the environment says, and puts RINGFENCE_INHERIT into it. Constructor, once configured. */
void environment_record(const char *path, const char *launch, const char *name);
/* What environment_record found in RINGFENCE_INHERIT, if the descriptors are still those that it names. Those
 * of a partly closed set are closed. Constructor. */
bool environment_inherited(int fds[OWN_DESCRIPTORS], uint64_t *region_bytes);
/* Names the descriptors that the next programs inherit. */
void environment_bequeath(const int fds[OWN_DESCRIPTORS], uint64_t region_bytes);

/* The program leaves the network namespace with this inode, or one before it has: the next programs are told. */
void environment_leaving(uint64_t home);

/* How much memory environment_complete needs to make `environment` one with which a program is behind the
 * gateway; 0 if it is one already. Neither allocates nor writes: a child of vfork may call them. */
size_t environment_needs(char *const environment[]);
char *const *environment_complete(char *const environment[], void *memory);

/* Completes the program's own environment, for calls of libc that start a shell with it. */
void environment_restore(void);

#endif
