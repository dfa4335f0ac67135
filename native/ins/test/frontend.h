/*
 * frontend.h - plays the gateway to an INS: makes region B, starts ringfence-ins, issues calls, and is
 * the other end of the data rings.
 *
 * It sleeps by the rules of docs/protocol.md, on the doorbell alone: a doorbell that the INS forgets
 * shows as a wait that fails although its condition holds.
 */
#ifndef RINGFENCE_INS_TEST_FRONTEND_H
#define RINGFENCE_INS_TEST_FRONTEND_H

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../region/region.h"
#include "../../region/test/check.h"

#define FRONTEND_SLOTS 4096u
#define FRONTEND_LARGE_SLOTS 8u /* the first slots can have rings of up to order 8, the others of order 0 */
#define FRONTEND_PATIENCE 10000 /* milliseconds until a wait fails */

struct frontend {
    struct rf_region region;
    pid_t ins;
    int control, doorbell, ring_ins;
    uint64_t calls[64]; /* by cell: the call it waits for, or 0 */
    struct rf_welcome welcome; /* what to send; tests of versions change it first */
    uint32_t abi;              /* of the region and of the hello; 0 for Linux's */
};

struct answer {
    int error;
    int64_t result;
    uint32_t length;
    uint8_t payload[RF_CELL_PAYLOAD];
};

/* Starts an INS with further arguments, at most 8, ended by NULL. */
void frontend_start(struct frontend *f, const char *const *arguments);
/* The same, standard error of the INS going to the descriptor. */
void frontend_start_logged(struct frontend *f, const char *const *arguments, int standard_error);
/* Closes the control connection and returns the exit status of the INS, -1 for none in time. */
int frontend_stop(struct frontend *f);

/* Gives slot `slot` its next generation, fresh words, and rings of this order. */
void frontend_grant(struct frontend *f, uint32_t slot, uint32_t order);
uint32_t frontend_generation(const struct frontend *f, uint32_t slot);
struct rf_slot *frontend_slot(const struct frontend *f, uint32_t slot);

/* Issues a call without waiting; the cell it will be answered in. */
uint32_t frontend_post(struct frontend *f, uint16_t op, uint32_t slot, int64_t a0, int64_t a1, int64_t a2,
                       const void *payload, uint32_t length);
bool frontend_answered(const struct frontend *f, uint32_t cell);
/* Waits for the answer and frees the cell. Error -1 if none comes. */
struct answer frontend_answer(struct frontend *f, uint32_t cell);
/* Issues a call and waits for its answer. */
struct answer frontend_call(struct frontend *f, uint16_t op, uint32_t slot, int64_t a0, int64_t a1, int64_t a2,
                            const void *payload, uint32_t length);
/* Posts an ACCEPT of `listener` for the freshly granted slot. */
uint32_t frontend_post_accept(struct frontend *f, uint32_t listener, uint32_t slot);
/* Calls that have to succeed: a socket in a fresh slot; one listening on loopback, giving its port; one
 * connected to a port on loopback. */
void frontend_socket(struct frontend *f, uint32_t slot, uint32_t order, int family);
uint16_t frontend_listen(struct frontend *f, uint32_t slot, int family, int backlog);
void frontend_connect(struct frontend *f, uint32_t slot, uint32_t order, int family, uint16_t port);
/* CLOSE behind all bytes, or with a reset. */
struct answer frontend_close(struct frontend *f, uint32_t slot, bool reset);

/* Tells the INS that the slot has news. */
void frontend_tell(struct frontend *f, uint32_t slot);
/* Sends all, or receives as many bytes as there are room for, fewer at an end. Number of bytes. */
size_t frontend_send(struct frontend *f, uint32_t slot, const void *bytes, size_t length);
size_t frontend_receive(struct frontend *f, uint32_t slot, void *bytes, size_t room);
/* Puts into the out ring what fits at once. */
size_t frontend_try_send(struct frontend *f, uint32_t slot, const void *bytes, size_t length);
static inline uint32_t frontend_state(const struct frontend *f, uint32_t slot) {
    return atomic_load_explicit(&frontend_slot(f, slot)->state, memory_order_acquire);
}
static inline uint32_t frontend_marks(const struct frontend *f, uint32_t slot) {
    return atomic_load_explicit(&frontend_slot(f, slot)->marks, memory_order_acquire);
}

/* Waits until the condition holds. True if it does in time. */
#define FRONTEND_WAIT(f, condition)                                                   \
    ({                                                                                \
        double until_ = check_now() + FRONTEND_PATIENCE / 1e3;                        \
        bool holds_ = false;                                                          \
        while (!(holds_ = (condition))) {                                             \
            rf_fall_asleep(&(f)->region.header->frontend_asleep);                     \
            if ((holds_ = (condition))) break;                                        \
            if (!frontend_sleep((f), until_)) break;                                  \
        }                                                                             \
        rf_wake_up(&(f)->region.header->frontend_asleep);                             \
        holds_;                                                                       \
    })
/* One sleep on the doorbell; false when it is too late. */
bool frontend_sleep(struct frontend *f, double until);

/* Waits until a condition holds that the frontend is not told of, such as a ring that is full or empty: asks the INS for
 * the slot's name meanwhile. True if it does in time. */
#define FRONTEND_ASK_UNTIL(f, slot, condition)                                        \
    ({                                                                                \
        double until_ = check_now() + FRONTEND_PATIENCE / 1e3;                        \
        bool holds_;                                                                  \
        while (!(holds_ = (condition)) && check_now() < until_)                       \
            frontend_call((f), RF_OP_GETSOCKNAME, (slot), 0, 0, 0, NULL, 0);          \
        holds_;                                                                       \
    })

/* Plain sockets, the far end on loopback: any port listening, or connected to a port. */
struct sockaddr_storage plain_address(int family, uint16_t port, socklen_t *length);
int plain_listen(int family, uint16_t *port);
int plain_connect(int family, uint16_t port);
/* A thread that runs a plain peer. */
pthread_t plain_thread(void *(*run)(void *), void *argument);

#endif
