/*
 * privileges.h - what to do before the process may lose its access to the gateway's socket.
 */
#ifndef RINGFENCE_SHIM_PRIVILEGES_H
#define RINGFENCE_SHIM_PRIVILEGES_H

/* Attaches, unless the process has done so. May change errno. */
void privileges_change(void);

#endif
