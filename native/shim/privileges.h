/*
 * privileges.h - what the program may do, and what to do before it may lose its access to the gateway's socket.
 */
#ifndef RINGFENCE_SHIM_PRIVILEGES_H
#define RINGFENCE_SHIM_PRIVILEGES_H

#include <stdbool.h>

/* Attaches, unless the process has done so. May change errno. */
void privileges_change(void);
/* True if the program has one of the kernel's capabilities (linux/capability.h), or that cannot be asked. What the stack cannot know, and
 * no protection: a program may say what it likes. */
bool privileges_have(unsigned capability);

#endif
