/*
 * layout.h - the layout of a region: shared memory between a frontend, which issues calls on
 * sockets, and a backend, which executes them.
 *
 * This header and docs/protocol.md say the same; ring-bundle's *Layout classes say it a third time
 * for Java, and LayoutTest (ring-bundle) holds the two against each other, offset by offset.
 *
 * Who writes a word is part of the layout. "owner" is the gateway, which owns the pool of data
 * rings and the table of slots of both of its regions: it is region A's backend and region B's
 * frontend. A word without "both" has exactly one writer.
 *
 * Everything here is native-endian (x86-64, little-endian) and naturally aligned. Offsets are in
 * bytes from the start of the region unless said otherwise. A reader copies a word out first,
 * checks the copy, and uses the copy: the other side may change the word at any time.
 */
#ifndef RINGFENCE_REGION_LAYOUT_H
#define RINGFENCE_REGION_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RF_MAGIC UINT64_C(0x31434e46474e4952) /* "RINGFNC1", little-endian */
#define RF_LAYOUT_VERSION 3u
#define RF_PAGE 4096u /* unit of the pool, and size of a ring of order 0 */
#define RF_MAX_ORDER 8u /* 4096 << 8 = 1 MiB */
#define RF_MAX_SLOTS 65536u
#define RF_MAX_CELLS 4096u
#define RF_COMMAND_PAYLOAD 52u
#define RF_CELL_PAYLOAD 384u
#define RF_NO_CELL UINT32_MAX /* the call's answer is of no interest */

/* Application binary interface whose numbers a region's calls carry. */
enum rf_abi { RF_ABI_LINUX = 1, RF_ABI_NETBSD = 2 };

/* Operations; argument order is that of the POSIX call. See docs/protocol.md, "Calls". */
enum rf_op {
    RF_OP_SOCKET = 1,     /* domain, type, protocol; opens the slot it names          */
    RF_OP_BIND = 2,       /* payload: address                                         */
    RF_OP_LISTEN = 3,     /* backlog                                                  */
    RF_OP_CONNECT = 4,    /* payload: address; never waits: EINPROGRESS, then `state` */
    RF_OP_SHUTDOWN = 5,   /* how, out-ring position up to which bytes go first        */
    RF_OP_SETSOCKOPT = 6, /* level, name; payload: value                              */
    RF_OP_GETSOCKOPT = 7, /* level, name, size of the caller's buffer                 */
    RF_OP_ACCEPT = 8,     /* region B: new slot, new generation; answered by a peer   */
    RF_OP_CLOSE = 9,      /* region B: out-ring position, 1 to abort with a reset     */
    RF_OP_GETSOCKNAME = 10,
    RF_OP_GETPEERNAME = 11,
    RF_OP_NETWORK = 12,   /* cursor; answer: entries of network.h, and the next cursor */
};

/* BIND's argument, if the program may not have ports that are kept for the privileged. */
#define RF_BIND_WITHOUT_RIGHT 1

/* State of a slot's socket, written by the backend. */
enum rf_state {
    RF_STATE_FREE = 0,
    RF_STATE_OPEN = 1, /* a socket that is neither listening nor connected */
    RF_STATE_LISTENING = 2,
    RF_STATE_CONNECTING = 3,
    RF_STATE_CONNECTED = 4,
    RF_STATE_FAILED = 5, /* connect failed, connection reset, or stack gone: see `error` */
};

/* Bits of rf_slot.marks, written by the backend. They are only ever set. */
enum rf_mark {
    RF_MARK_IN_EOF = 1,   /* no byte follows the in ring's present tail         */
    RF_MARK_RESET = 2,    /* the connection is gone: `error` says why           */
    RF_MARK_OUT_SHUT = 4, /* sending is over: shutdown(SHUT_WR) or a reset      */
};

/*
 * A grant of a data ring, in one atomic word:
 *   bits 0..31 first page of the ring in the pool, 32..39 order (size = 4096 << order),
 *   bit 40 valid, 48..63 epoch. 0 is no grant.
 * Only the owner writes grants. The producer of a ring adopts a new grant when its ring is empty.
 */
#define RF_GRANT_VALID (UINT64_C(1) << 40)
static inline uint64_t rf_grant(uint32_t page, uint32_t order, uint16_t epoch) {
    return (uint64_t)page | (uint64_t)order << 32 | RF_GRANT_VALID | (uint64_t)epoch << 48;
}
static inline uint32_t rf_grant_page(uint64_t grant) { return (uint32_t)grant; }
static inline uint32_t rf_grant_order(uint64_t grant) { return (uint32_t)(grant >> 32) & 0xff; }
static inline uint32_t rf_grant_size(uint64_t grant) { return RF_PAGE << (rf_grant_order(grant) & 15); }

/*
 * The last urgent byte of a ring, in one atomic word: 0, or its position plus one in bits 8..63, and the byte. It lies in the
 * ring as any other does.
 */
static inline uint64_t rf_urgent(uint64_t position, uint8_t byte) { return (position + 1) << 8 | byte; }
static inline uint64_t rf_urgent_position(uint64_t urgent) { return (urgent >> 8) - 1; }
/* rf_slot.urgent_taken for it. READ: by MSG_OOB. PASSED: a read has gone beyond it. */
enum rf_urgent_taken { RF_URGENT_READ = 0, RF_URGENT_PASSED = 1 };
static inline uint32_t rf_urgent_is(uint64_t urgent, enum rf_urgent_taken taken) { return (uint32_t)(urgent >> 8) << 1 | taken; }
/* Bits of rf_slot.urgent_wish. */
enum rf_urgent_wish {
    RF_URGENT_TOLD = 1,   /* a packet is wanted for an urgent byte */
    RF_URGENT_INLINE = 2, /* SO_OOBINLINE: it is read as any other */
};

/* rf_slot.out_more, beside a position. ALL: whatever is written behind the position may wait (TCP_CORK), and what lies before it is to go. IN_STACK:
 * the stack was told so by a call, and may have passed it on: to be told, too, when it is over. */
#define RF_MORE_ALL (UINT64_C(1) << 63)
#define RF_MORE_IN_STACK (UINT64_C(1) << 62)
static inline uint64_t rf_more_position(uint64_t more) { return more & ~(RF_MORE_ALL | RF_MORE_IN_STACK); }

/*
 * A lock of the frontends among themselves, robust: the word is what the kernel makes of a robust futex, the number of the
 * holder's thread with FUTEX_WAITERS and FUTEX_OWNER_DIED, 0 while it is free. `next` is for the kernel, where glibc's mutexes
 * have theirs; no program follows it.
 */
struct rf_lock {
    _Atomic uint32_t word;
    uint8_t unused[28];
    void *next;
};

struct rf_header {
    /* written once, before the region is handed out */
    uint64_t magic;
    uint32_t layout_version;
    uint32_t abi;          /* enum rf_abi */
    uint32_t slots;        /* multiple of 64, at most RF_MAX_SLOTS */
    uint32_t commands;     /* entries of the command ring, a power of two */
    uint32_t cells;        /* multiple of 64, at most RF_MAX_CELLS */
    uint32_t flags;        /* 0 */
    uint64_t region_bytes;
    uint64_t commands_offset;
    uint64_t cells_offset;
    uint64_t slots_offset;
    uint64_t pool_offset; /* multiple of RF_PAGE */
    uint64_t pool_bytes;  /* multiple of RF_PAGE */
    uint64_t to_backend_offset;  /* struct rf_pending: slots with news for the backend  */
    uint64_t to_frontend_offset; /* struct rf_pending: slots with news for the frontend */
    uint64_t region_id;
    uint64_t unused0[1];

    /* @128 written by the frontend */
    _Alignas(64) _Atomic uint32_t frontend_asleep; /* cleared by the backend as it rings: both */
    _Atomic uint32_t application_asleep;           /* reserved for suppressing packets */
    _Atomic uint64_t frontend_heartbeat;
    _Atomic uint64_t out_count; /* last stamp given to bytes towards the network */

    /* @192 written by the backend */
    _Alignas(64) _Atomic uint32_t backend_asleep; /* cleared by the frontend as it rings: both */
    uint32_t unused1;
    _Atomic uint64_t backend_heartbeat;
    /* What the stack has counted of connections that come to it: docs/protocol.md. Region B only; `looks` is stored last. */
    _Atomic uint64_t stack_looks, stack_cookies, stack_dropped, stack_repeated, stack_opened, stack_overflows;

    /* @256 command ring, producer: frontend, under command_lock; free-running entry counter */
    _Alignas(64) _Atomic uint64_t command_tail;
    _Atomic uint64_t call_number; /* last one given out; calls count from 1 */

    /* @320 command ring, consumer: backend */
    _Alignas(64) _Atomic uint64_t command_head;
    _Atomic uint64_t in_count; /* last stamp given to bytes towards the application */

    /* @384 used by the frontend only */
    _Alignas(64) struct rf_lock command_lock;

    /* @512 bit n: cell n holds an answer the frontend has not seen. Both. Region B only: the
     * frontend of region A has a thread waiting on each cell, and its watchers here (rf_watcher). */
    _Alignas(512) _Atomic uint64_t answered[RF_MAX_CELLS / 64];
};

/* The argument that no operation has: out_count when the call was put, so that bytes written before it have their turn before it. */
#define RF_CALL_STAMP 5

/* One call. The frontend writes the entry, then publishes command_tail (release). */
struct rf_command {
    uint16_t op; /* enum rf_op */
    uint16_t flags;
    uint32_t slot;
    uint32_t generation;
    uint32_t cell; /* or RF_NO_CELL */
    uint64_t call_number;
    int64_t args[6];
    uint32_t payload_length; /* at most RF_COMMAND_PAYLOAD */
    uint8_t payload[RF_COMMAND_PAYLOAD];
};

/* The answer to one call. */
struct rf_cell {
    /* @0 written by the frontend; the lock is held for the whole of the call */
    struct rf_lock lock;
    _Atomic uint64_t expected; /* call number waited for: an answer to another one is dropped */
    _Atomic uint32_t waiting;  /* 1: somebody sleeps on `answered` (futex) */
    uint32_t unused0;
    uint64_t unused1;
    /* @64 written by the backend; `answered` last, with release */
    _Alignas(64) _Atomic uint64_t answered; /* call number; the futex word is its low half */
    int32_t error;                          /* errno of the region's ABI, 0 for success */
    uint32_t payload_length;                /* at most RF_CELL_PAYLOAD */
    int64_t result;
    uint8_t unused2[40];
    uint8_t payload[RF_CELL_PAYLOAD]; /* @128 */
};

/* An address as it lies in a slot: length 0 means none. */
struct rf_name {
    uint32_t length;
    uint8_t address[28]; /* struct sockaddr_in or sockaddr_in6 of the region's ABI */
};

/* Watchers of a region, numbered from 1, and what `armed` says of a socket that has been watched in more than one way: it
 * gets packets as long as it lives. */
#define RF_WATCHERS 128u
#define RF_ARMED_NEVER UINT32_MAX
/* Nobody has looked at the socket yet, and no packet was sent for what lies there: it is likely to be armed first. */
#define RF_ARMED_FIRST (UINT32_MAX - 1)

/* Of the application's end of a pair (docs/readiness.md, "Lent"). */
enum rf_lent {
    RF_LENT_NOW = 1, /* the gateway has a copy, and hears of a close from the frontend alone */
    /* What has become of O_NONBLOCK; neither, of one that was another connection's before: nobody knows. */
    RF_LENT_BLOCKING = 2,
    RF_LENT_NONBLOCKING = 4,
    RF_LENT_BEFORE = 8, /* it was another connection's before */
};

/* How many packets the frontend reads away when the backend says that they pile up. */
#define RF_CROWD_TAKEN 3

/* One socket. */
struct rf_slot {
    /* @0 written by the owner */
    _Atomic uint32_t generation; /* odd while the slot is in use, even while it is free */
    uint32_t domain, type, protocol; /* of the region's ABI */
    _Atomic uint64_t in_grant, out_grant;
    _Atomic uint64_t cookie; /* SO_COOKIE of the application's end of the readiness pair */
    _Atomic uint32_t lent;   /* enum rf_lent */
    uint32_t unused0;
    uint64_t unused1[2];

    /* @64 written by the backend */
    _Alignas(64) _Atomic uint32_t state; /* enum rf_state */
    _Atomic uint32_t error;      /* pending socket error: sequence << 16 | errno */
    _Atomic uint32_t marks;      /* enum rf_mark */
    _Atomic uint32_t in_blocked; /* 1: in ring was full; cleared by the frontend: both */
    _Atomic uint64_t in_tail, in_base, in_used; /* bytes; in_used: the grant the ring lies in */
    _Atomic uint64_t out_head;
    _Atomic uint32_t crowded; /* 1: read RF_CROWD_TAKEN packets away; cleared by the frontend: both */
    _Atomic uint32_t told;    /* packets sent, or about to be */
    _Atomic uint32_t in_busy; /* 1: the producer is at the ring, or was killed there */
    uint32_t unused2;

    /* @128 written by the frontend */
    _Alignas(64) _Atomic uint64_t out_tail;
    _Atomic uint64_t out_base, out_used;
    _Atomic uint64_t in_head;
    _Atomic uint32_t out_blocked; /* 1: out ring was full; cleared by the backend: both */
    _Atomic uint32_t kick;        /* 1: send a packet if the in ring is not empty; cleared by the
                                     backend: both */
    _Atomic uint32_t error_taken; /* sequence of the last error handed to the program */
    _Atomic uint32_t armed;       /* the watcher that wants packets only while it sleeps, 0, or RF_ARMED_NEVER */
    _Atomic uint32_t heard;       /* packets read away */
    _Atomic uint32_t out_busy;    /* 1: the producer is at the ring, or was killed there */
    _Atomic uint64_t out_stamp;   /* when the first byte came into the empty out ring: a value of out_count */

    /* @192 initialised by whoever receives the slot's descriptor */
    _Alignas(64) struct rf_lock receive_lock;
    _Atomic uint32_t urgent_taken; /* what was done with the urgent byte of `in_urgent`: rf_urgent_is */
    _Atomic uint32_t urgent_wish;  /* enum rf_urgent_wish */
    _Atomic uint32_t returned;     /* generation whose lent descriptor was closed, and is nowhere else */
    _Atomic uint32_t kept;         /* generation whose lent descriptor may be in several places */
    _Atomic uint32_t blocking;     /* RF_LENT_BLOCKING, RF_LENT_NONBLOCKING, or 0 */
    _Atomic uint32_t interest;     /* generation whose descriptor was put into an epoll instance */
    _Alignas(64) struct rf_lock send_lock;
    _Atomic uint64_t out_urgent; /* the out ring's last urgent byte: rf_urgent */
    _Atomic uint64_t out_more;   /* the position up to which bytes may wait a moment for those that follow, or RF_MORE_*; 0: none */
    _Atomic uint64_t out_warm;   /* the frontend's own: rf_ring_warm */

    /* @320 written by the backend before the state or answer that makes them valid */
    _Alignas(64) struct rf_name local;
    struct rf_name peer;

    /* @384 written by the backend: the slot's last executed call, for recovery */
    _Alignas(64) _Atomic uint64_t last_call;
    int64_t last_result;
    int32_t last_error;
    uint32_t unused3;
    _Atomic uint64_t in_urgent; /* the in ring's last urgent byte: rf_urgent */
    _Atomic uint64_t in_stamp;  /* when the first byte came into the empty in ring: a value of in_count */
    uint8_t unused4[88];
};

/*
 * One datagram in a data ring: this header, then `length` bytes, padded so that the next record begins
 * at a multiple of RF_RECORD_UNIT from the start of the ring. A producer publishes whole records only.
 * Rings of datagram sockets have order RF_DATAGRAM_ORDER: the largest datagram fits, and another one.
 */
#define RF_RECORD_UNIT 128u
#define RF_DATAGRAM_ORDER 5u
#define RF_MAX_DATAGRAM 65535u
enum rf_record_flag {
    RF_RECORD_TRUNCATED = 1, /* the datagram was longer than `length` */
    RF_RECORD_PKTINFO = 2,   /* `via` and `interface_index` are valid: IP_PKTINFO, IPV6_PKTINFO */
    RF_RECORD_TTL = 4,       /* `ttl` is valid: IP_RECVTTL, IPV6_RECVHOPLIMIT */
    RF_RECORD_TOS = 8,       /* `tos` is valid: IP_RECVTOS, IPV6_RECVTCLASS */
    RF_RECORD_TIMESTAMP = 16, /* `seconds` and `nanoseconds` are valid: SO_TIMESTAMP, SO_TIMESTAMPNS */
};
struct rf_record {
    uint32_t length; /* bytes of the datagram in the ring, at most RF_MAX_DATAGRAM */
    uint32_t flags;  /* enum rf_record_flag */
    struct rf_name name; /* in: who sent it; out: whom it is for, length 0 for the connected peer */
    struct rf_name via;  /* in: the address it was sent to; out: the address to send it from */
    uint32_t interface_index;
    int32_t ttl;
    int32_t tos;
    uint32_t unused0;
    int64_t seconds; /* since the epoch, when it came */
    int64_t nanoseconds;
    uint8_t unused1[24];
};

/* Slots with news. The setter sets the leaf's bit, then the summary's; the taker clears the
 * summary first. Setting is idempotent: it cannot overflow. */
struct rf_pending {
    _Atomic uint64_t summary[RF_MAX_SLOTS / 64 / 64];
    _Atomic uint64_t leaf[RF_MAX_SLOTS / 64];
};

/* What the gateway sends with a descriptor over the pool socket (a fresh socket) or over a
 * listener's readiness pair (an accepted connection). A readiness packet is empty instead. */
struct rf_offer {
    uint32_t slot;
    uint32_t generation;
    struct rf_name local, peer; /* of the application's ABI; empty for a fresh socket */
};

/* Attaching: one SOCK_SEQPACKET packet each way over a unix socket of the gateway. */
#define RF_LAUNCH_LENGTH 64
#define RF_NAME_LENGTH 32
struct rf_hello {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t abi;
    uint32_t pid;
    uint32_t unused;
    char launch[RF_LAUNCH_LENGTH]; /* processes of one launch share a region; NUL-terminated */
    char name[RF_NAME_LENGTH];     /* for people; NUL-terminated */
};
/* With error 0 three descriptors follow as SCM_RIGHTS:
 *   application: region memfd, doorbell to the gateway (eventfd), receiving end of the pool socket
 *   INS:         region memfd, doorbell to the gateway (eventfd), doorbell from it (end of a socketpair) */
struct rf_welcome {
    uint64_t magic;
    uint32_t layout_version;
    int32_t error; /* Linux errno; EPROTO: layout versions differ */
    uint64_t region_bytes;
};

#define RF_AT(type, field, offset) \
    _Static_assert(offsetof(struct type, field) == (offset), #type "." #field)
RF_AT(rf_lock, next, 32);
_Static_assert(sizeof(struct rf_lock) == 40, "rf_lock");
RF_AT(rf_header, frontend_asleep, 128);
RF_AT(rf_header, out_count, 144);
RF_AT(rf_header, backend_asleep, 192);
RF_AT(rf_header, command_tail, 256);
RF_AT(rf_header, command_head, 320);
RF_AT(rf_header, in_count, 328);
RF_AT(rf_header, command_lock, 384);
RF_AT(rf_header, answered, 512);
_Static_assert(sizeof(struct rf_header) == 1024, "rf_header");
_Static_assert(sizeof(struct rf_command) == 128, "rf_command");
RF_AT(rf_cell, answered, 64);
RF_AT(rf_cell, payload, 128);
_Static_assert(sizeof(struct rf_cell) == 512, "rf_cell");
RF_AT(rf_slot, state, 64);
RF_AT(rf_slot, out_tail, 128);
RF_AT(rf_slot, receive_lock, 192);
RF_AT(rf_slot, send_lock, 256);
RF_AT(rf_slot, local, 320);
RF_AT(rf_slot, lent, 40);
RF_AT(rf_slot, urgent_taken, 232);
RF_AT(rf_slot, returned, 240);
RF_AT(rf_slot, kept, 244);
RF_AT(rf_slot, blocking, 248);
RF_AT(rf_slot, out_urgent, 296);
RF_AT(rf_slot, out_more, 304);
RF_AT(rf_slot, out_stamp, 184);
RF_AT(rf_slot, last_call, 384);
RF_AT(rf_slot, in_urgent, 408);
RF_AT(rf_slot, in_stamp, 416);
RF_AT(rf_record, via, 40);
RF_AT(rf_record, seconds, 88);
_Static_assert(sizeof(struct rf_record) == RF_RECORD_UNIT, "rf_record");
_Static_assert(sizeof(struct rf_slot) == 512, "rf_slot");
_Static_assert(sizeof(struct rf_pending) == 128 + 8192, "rf_pending");
_Static_assert(sizeof(struct rf_offer) == 72, "rf_offer");

#endif
