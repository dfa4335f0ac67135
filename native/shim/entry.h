/*
 * entry.h - prototypes of the shim's side of every interposed function: shim_NAME for each NAME of
 * calls.def. An exported NAME does nothing but call its shim_NAME.
 */
#ifndef RINGFENCE_SHIM_ENTRY_H
#define RINGFENCE_SHIM_ENTRY_H

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <poll.h>
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

#define RF_CALL(type, name, parameters, arguments) type shim_##name parameters;
#define RF_CALL_WORD(type, name, second) type shim_##name(int fd, second request, long word);
#define RF_CALL_APART(name)
#include "calls.def"
#undef RF_CALL
#undef RF_CALL_WORD
#undef RF_CALL_APART

#endif
