/*
 * netbsd.h - the two parts of the NetBSD stack that runs on Linux, and what they share.
 *
 *   stack_netbsd.c    calls, addresses and errors
 *   options_netbsd.c  socket options and their values
 *
 * Names that begin with NETBSD_ are numbers of NetBSD amd64, generated from the translator's table.
 */
#ifndef RINGFENCE_INS_NETBSD_H
#define RINGFENCE_INS_NETBSD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "netbsd_numbers.h"
#include "stack.h"

/* The errno of the same name; EIO if NetBSD has none. */
static inline int netbsd_error(int error) {
    size_t known = sizeof netbsd_errors / sizeof netbsd_errors[0];
    return error == 0 ? 0
           : error > 0 && (size_t)error < known && netbsd_errors[error] != 0 ? netbsd_errors[error]
                                                                             : NETBSD_EIO;
}

/* What a function of the stack returns: a count stays, a negated error is translated, and the two words of the
 * stack interface that are below every error stay, too. */
static inline ssize_t netbsd_result(ssize_t result) {
    return result >= 0 || result <= RF_STACK_AGAIN ? result : -netbsd_error((int)-result);
}
_Static_assert(RF_STACK_STARVED <= RF_STACK_AGAIN, "both are told from errors by one comparison");

int netbsd_set_option(int socket, uint32_t *kept, int level, int name, const void *value, uint32_t length);
int netbsd_get_option(int socket, const uint32_t *kept, int level, int name, void *value, uint32_t *length);

#endif
