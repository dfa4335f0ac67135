/*
 * gateway.h - the parts of the gateway's double: gateway.c attaches programs and takes their calls,
 * connections.c executes them on sockets of its own, urgent.c and datagrams.c do what is different for urgent bytes and datagrams.
 */
#ifndef RINGFENCE_SHIM_DOUBLE_H
#define RINGFENCE_SHIM_DOUBLE_H

#include <sys/socket.h>

#include "../../../region/region.h"

#define SLOTS 512
#define PAGES_PER_SLOT 64 /* in and out ring of order 0, then of order BIG at 16 and 32; datagrams: 0 and 32 */
#define BIG 4

struct connection {
    int real, pair, app; /* app: the end of the pair that could not be offered yet, or -1 */
    int listener;
    bool used, closing /* the last reference to the application's end is gone */, out_ended, shut_wanted, in_shut, reset, awaited, awaits_more;
    uint32_t errors;
    uint64_t packet_head, shut_at;
};

extern struct rf_region region;
extern struct connection connections[SLOTS];
extern uint32_t vacant[SLOTS], vacancies; /* free slots, last in first out */
extern uint32_t pooled;                   /* sockets in the pool that no program has taken */

/* gateway.c */
void die(const char *what);
void watch(int fd, uint64_t tag);
bool send_with_descriptors(int to, const void *bytes, size_t length, const int *fds, unsigned count);

/* connections.c */
/* A slot with a pair whose application end is still here. -1 if there is none left. */
int open_slot(void);
bool offer(int to, uint32_t n);
/* errno of the call, 0 for success. */
int execute(const struct rf_command *call, uint8_t *payload, socklen_t *length, int64_t *result);
/* The last reference to the application's end is gone. */
void hung_up(uint32_t n);
/* Looks after one slot; says what to wait for on its real socket. */
short serve(uint32_t n);
/* Makes the application's end readable. */
void tell(uint32_t n);
/* Ends the direction to the application. The packets stay unread, and so tell a close that follows. */
void end_in(struct connection *c);
void read_away(struct connection *c);
void name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *), struct rf_name *name);

/* urgent.c */
/* Cuts what is to be sent: to the bytes in front of an urgent one, or to that alone: true. */
bool is_urgent(const struct rf_slot *s, struct iovec span[2]);
/* Tells the program of an urgent byte that has come. */
void look_for_urgent(const struct connection *c, struct rf_slot *s);

/* datagrams.c */
bool is_datagram(uint32_t n);
void open_datagrams(uint32_t n);
int connect_datagrams(uint32_t n, const void *address, socklen_t length);
int shut_datagrams(uint32_t n, int how);
short serve_datagrams(uint32_t n);

#endif
