/*
 * call.h - calls the backend: one entry of the command ring, one reply cell, one answer.
 */
#ifndef RINGFENCE_SHIM_CALL_H
#define RINGFENCE_SHIM_CALL_H

#include "table.h"

struct answer {
    int error; /* errno, 0 for success; what call_backend returns */
    int64_t result;
    uint32_t length;
    uint8_t payload[RF_CELL_PAYLOAD];
};

/* Issues `command`, of which the caller has filled op, args and payload, on the socket and waits for
 * the answer. Signals do not end the wait: the gateway answers every call at once. Returns an errno:
 * the answer's, or ENETDOWN if the gateway is gone. Without any lock of the slot. */
int call_backend(const struct ring_socket *socket, struct rf_command *command, struct answer *answer);

/* Issues `command` and does not wait: for calls that cannot fail. 0, or ENETDOWN if the gateway is gone. */
int call_post(const struct ring_socket *socket, struct rf_command *command);

#endif
