/*
 * namespace.h - network namespaces that the program makes for itself, or enters: there its new sockets are the kernel's, as they
 * would be without a gateway. It is alone in there; sockets that it has from before stay what they are.
 */
#ifndef RINGFENCE_SHIM_NAMESPACE_H
#define RINGFENCE_SHIM_NAMESPACE_H

#include <stdbool.h>

/* True as long as the calling thread is in the namespace that the application was started in. Costs nothing in a program that
 * never left it. */
bool namespace_is_home(void);
/* The program is about to leave its namespace, perhaps. Keeps errno. */
void namespace_leaving(int flags);
/* What a former program has said. Constructor. */
void namespace_inherit(const char *home);

#endif
