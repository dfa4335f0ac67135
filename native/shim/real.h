/*
 * real.h - libc's own functions: real.NAME for each NAME of calls.def.
 *
 * Inside the shim a plain send() would be the shim's own. What must neither be a cancellation point
 * nor depend on libc goes to the kernel by syscall(2) instead.
 */
#ifndef RINGFENCE_SHIM_REAL_H
#define RINGFENCE_SHIM_REAL_H

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct real {
#define RF_CALL(type, name, parameters, arguments) type(*name) parameters;
#define RF_CALL_WORD(type, name, second) type (*name)(int fd, second request, ...);
#define RF_CALL_APART(name)
#include "calls.def"
#undef RF_CALL
#undef RF_CALL_WORD
#undef RF_CALL_APART
};
extern struct real real;

/* libc's function of a name that is no ordinary function of C. NULL if there is none. */
void *real_find(const char *name);

/* Looks all of them up, so that none is looked up in a signal handler or a child of fork. */
void real_resolve(void);

#endif
