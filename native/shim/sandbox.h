/*
 * sandbox.h - a program that has confined itself by seccomp: from then on the shim does by poll, read and write,
 * which every such program allows itself, what it does by recvfrom and sendto otherwise.
 */
#ifndef RINGFENCE_SHIM_SANDBOX_H
#define RINGFENCE_SHIM_SANDBOX_H

#include <stdbool.h>

/* Set for good when the process, or the one it was forked from, asked for a filter. */
extern bool sandbox_confined;

/* The process is about to ask for one. */
void sandbox_enter(void);

#endif
