/*
 * notes.h - what this process remembers of a socket besides what the region says: small things that are
 * wrong at worst in another process that shares the socket, and never outlive the socket.
 */
#ifndef RINGFENCE_SHIM_NOTES_H
#define RINGFENCE_SHIM_NOTES_H

#include "table.h"

enum note {
    NOTE_CONNECTING = 1, /* connect() has not yet told the program that it succeeded */
    NOTE_TIMEVAL = 2,    /* time stamps are SCM_TIMESTAMP */
    NOTE_TIMESPEC = 4,   /* time stamps are SCM_TIMESTAMPNS */
};

/* A set of enum note. */
unsigned notes_of(const struct ring_socket *socket);
void notes_change(const struct ring_socket *socket, unsigned set, unsigned clear);

#endif
