/*
 * limits.h - limits of resources: what the shim itself takes is not the program's, which sees its own part of a limit.
 */
#ifndef RINGFENCE_SHIM_LIMITS_H
#define RINGFENCE_SHIM_LIMITS_H

/* A predecessor of this program has made the limits what they are. Constructor. */
void limits_inherited(void);

#endif
