/*
 * interfaces.h - the SIOCGIF* requests of ioctl(), netdevice(7): what the stack has, not the program's own namespace.
 */
#ifndef RINGFENCE_SHIM_INTERFACES_H
#define RINGFENCE_SHIM_INTERFACES_H

#include <stdbool.h>

/* True if the request is one about interfaces, and `fd` a socket behind the gateway or any other: *result is then what
 * ioctl() returns, with errno. */
bool interfaces_ioctl(int fd, unsigned long request, long word, int *result);

#endif
