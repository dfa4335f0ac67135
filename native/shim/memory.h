/*
 * memory.h - the shim's mappings among the program's own. A region takes more of the address space than most programs
 * ever use, and has memory only where it is touched: what the program limits or locks as a whole leaves it out.
 */
#ifndef RINGFENCE_SHIM_MEMORY_H
#define RINGFENCE_SHIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* A mapping that stays as long as the process. The thread that attaches. */
void memory_note(void *start, size_t bytes);
/* The bytes of all of them. */
uint64_t memory_noted(void);

#endif
