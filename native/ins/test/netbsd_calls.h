/*
 * netbsd_calls.h - what the tests of a stack of NetBSD's have in common: a frontend that speaks its numbers and layouts.
 */
#ifndef RINGFENCE_INS_TEST_NETBSD_CALLS_H
#define RINGFENCE_INS_TEST_NETBSD_CALLS_H

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "frontend_datagrams.h"
#include "netbsd_numbers.h"

static struct frontend f = {.abi = RF_ABI_NETBSD};

/* An address of loopback as NetBSD has it. Its length. */
static inline uint32_t loopback(int family, uint16_t port, uint8_t address[28]) {
    socklen_t length;
    struct sockaddr_storage here = plain_address(family, port, &length);
    memcpy(address, &here, length);
    address[0] = (uint8_t)length;
    address[1] = family == AF_INET6 ? 24 : 2;
    return length;
}

static inline struct answer call_address(uint16_t op, uint32_t slot, int family, uint16_t port) {
    uint8_t address[28];
    uint32_t length = loopback(family, port, address);
    return frontend_call(&f, op, slot, 0, 0, 0, address, length);
}

static inline struct answer set_bytes(uint32_t slot, int level, int name, const void *value, uint32_t length) {
    return frontend_call(&f, RF_OP_SETSOCKOPT, slot, level, name, 0, value, length);
}

static inline int set_int(uint32_t slot, int level, int name, int value) {
    return set_bytes(slot, level, name, &value, sizeof value).error;
}

static inline struct answer get(uint32_t slot, int level, int name, int size) {
    return frontend_call(&f, RF_OP_GETSOCKOPT, slot, level, name, size, NULL, 0);
}

/* The option's value; -1 and the error in errno. */
static inline int get_int(uint32_t slot, int level, int name) {
    struct answer answer = get(slot, level, name, sizeof(int));
    int value;
    memcpy(&value, answer.payload, sizeof value);
    errno = answer.error;
    return answer.error == 0 && answer.length == sizeof value ? value : -1;
}

#endif
