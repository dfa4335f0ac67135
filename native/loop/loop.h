/*
 * loop.h - the system calls of the gateway's event loop, in one library for JNA.
 *
 * rf_loop_turn is the only function on the hot path: it carries out a batch of actions, then waits
 * for events. The others are called when something attaches. Descriptors an application or an INS
 * shares with the gateway may have any flags at any time: every call on one says MSG_DONTWAIT or is
 * one that cannot block.
 *
 * Functions return -errno on error. None keeps state: a caller may use them from any thread, and
 * the gateway uses rf_loop_turn from the event loop's only.
 */
#ifndef RINGFENCE_LOOP_H
#define RINGFENCE_LOOP_H

#include <stdint.h>

struct epoll_event;

enum rf_action_code {
    RF_ACT_PACKET = 1,    /* rf_readable_tell for the slot at address argument              */
    RF_ACT_DRAIN = 2,     /* read all packets away from fd; of the slot at address argument, if it is
                             not 0, only until that waits for room anew                     */
    RF_ACT_SHUTDOWN = 3,  /* shutdown(fd, argument)                                         */
    RF_ACT_CLOSE = 4,     /* close(fd)                                                      */
    RF_ACT_RING = 5,      /* send one byte over the stream socket fd                        */
    RF_ACT_WAKE = 6,      /* futex wake of one waiter on the word at address argument        */
    RF_ACT_OFFER = 7,     /* make a readiness pair, send its far end over fd with payload; argument: 1
                             sends an empty packet first; key: of the near end in epoll. result: the
                             near end; argument: the far end's SO_COOKIE                     */
    RF_ACT_WATCH = 8,     /* add fd to epoll with key and events in argument                */
    RF_ACT_REWATCH = 9,   /* change fd's events                                             */
    RF_ACT_END = 10,      /* three empty packets, then shutdown(fd, SHUT_WR); result < 0: nobody holds
                             the far end                                                    */
    RF_ACT_LEND = 11,     /* make a readiness pair as RF_ACT_OFFER does, but keep the far end, too, and watch
                             neither. result: the near end; argument: SO_COOKIE; key: the far end   */
    RF_ACT_LEND_AGAIN = 12, /* send the far end `key` over fd with payload; argument: the near end if an
                             empty packet is to be sent from it first, or -1                */
    RF_ACT_REMIND = 13,   /* as RF_ACT_PACKET, unless one lies there (rf_packet_lies)           */
};

#define RF_ACTION_PAYLOAD 96
struct rf_action {
    int32_t code, fd;
    int64_t argument;
    uint64_t key;
    int32_t result; /* >= 0, or -errno */
    uint32_t payload_length;
    uint8_t payload[RF_ACTION_PAYLOAD];
};

/* Carries out `count` actions in order, then harvests up to `capacity` events, waiting at most
 * `milliseconds` (-1: without end). Returns the number of events. */
int rf_loop_turn(int epoll, struct rf_action *actions, int count, struct epoll_event *events, int capacity,
                 int milliseconds);

/* Lets whoever wakes the calling thread finish its own turn first (SCHED_BATCH, sched(7)); a policy that
 * somebody chose for it stays. */
int rf_loop_wait_its_turn(void);

int rf_loop_epoll(void);
int rf_loop_eventfd(void);
int rf_loop_signal(int eventfd); /* adds 1 to the gateway's own eventfd */
/* A packet socket pair; near: [0], far: [1]. */
int rf_loop_channel(int ends[2]);
/* A doorbell to be rung by the gateway, a stream socket pair; near: [0], far: [1]. */
int rf_loop_bell(int ends[2]);
int rf_loop_close(int fd);

/* A sealed memfd of `bytes` zero bytes. */
int rf_loop_memory(const char *name, int64_t bytes);
/* Address of its mapping, or -errno. */
int64_t rf_loop_map(int memfd, int64_t bytes);
int rf_loop_unmap(int64_t address, int64_t bytes);
/* Gives the pages of a part of the memory back to the kernel; they read as zeros again. */
int rf_loop_punch(int memfd, int64_t offset, int64_t bytes);
/* rf_populate. */
int rf_loop_populate(int64_t address, int64_t bytes, int32_t written);
/* rf_region_bytes and rf_region_format. */
int64_t rf_loop_region_bytes(int32_t slots, int32_t commands, int32_t cells, int64_t pool_bytes);
int rf_loop_format(int64_t address, int32_t abi, int32_t slots, int32_t commands, int32_t cells,
                   int64_t pool_bytes, int64_t region_id);

/* A listening SOCK_SEQPACKET unix socket at `path`, mode 0600; an old file there is replaced. */
int rf_loop_listen(const char *path);
/* Accepts a connection; the peer's pid goes to `pid`. */
int rf_loop_accept(int listener, int32_t *pid);
/* Receives one packet. Its length, 0 at the end, or -errno (-EAGAIN: nothing there). */
int rf_loop_receive(int fd, void *buffer, int32_t length);
/* Refuses descriptors sent to a socket: the close of one that its sender has prepared (SO_LINGER) could
 * block the receiver. Without effect on kernels before 6.16, which have no SO_PASSRIGHTS. */
void rf_loop_take_no_descriptors(int fd);
/* Sends one packet with `count` (at most 4) descriptors. */
int rf_loop_send(int fd, const void *packet, int32_t length, const int32_t *descriptors, int32_t count);

#endif
