/*
 * network.h - what the answers to NETWORK carry: the links, addresses and routes of a network stack, in
 * entries of one size. Numbers are those of Linux (linux/if.h, linux/rtnetlink.h) whatever the stack's ABI
 * is: the shim tells programs of them, and those speak Linux.
 *
 * The gateway passes entries on unread; the shim believes no word of them.
 */
#ifndef RINGFENCE_REGION_NETWORK_H
#define RINGFENCE_REGION_NETWORK_H

#include "layout.h"

enum rf_network_kind { RF_NETWORK_LINK = 1, RF_NETWORK_ADDRESS = 2, RF_NETWORK_ROUTE = 3 };

#define RF_NETWORK_NAME 16 /* IFNAMSIZ; ends with 0 */
#define RF_NETWORK_HARDWARE 20

struct rf_network_entry {
    uint32_t kind;  /* enum rf_network_kind */
    uint32_t index; /* of the interface */
    union {
        struct {
            uint32_t flags, mtu; /* IFF_* */
            uint32_t queue_length;
            uint16_t hardware_type; /* ARPHRD_* */
            uint8_t hardware_length, operational; /* IF_OPER_* */
            uint8_t hardware[RF_NETWORK_HARDWARE], broadcast[RF_NETWORK_HARDWARE];
        } link;
        struct {
            uint8_t family, prefix, scope, unused; /* AF_*, bits, RT_SCOPE_* */
            uint32_t flags;                        /* IFA_F_* */
            uint32_t preferred, valid;             /* seconds, or UINT32_MAX */
            uint8_t local[16], peer[16];           /* the same, but on a link from point to point */
            uint8_t broadcast[16];                 /* all zero: none */
        } address;
        struct {
            uint8_t family, prefix, scope, type; /* RTN_* */
            uint8_t protocol, unused[3];         /* RTPROT_* */
            uint32_t flags, priority;            /* RTNH_F_*, RTM_F_* */
            uint8_t destination[16], gateway[16], source[16]; /* all zero: none */
        } route;
    };
    char name[RF_NETWORK_NAME]; /* of a link; of an address, its label */
    uint8_t reserved[8];
};
_Static_assert(sizeof(struct rf_network_entry) == 96, "rf_network_entry");

/* Entries in an answer, and in all the answers together: what a stack has beyond that is not told. */
#define RF_NETWORK_IN_ANSWER (RF_CELL_PAYLOAD / sizeof(struct rf_network_entry))
#define RF_NETWORK_MOST 1024u

#endif
