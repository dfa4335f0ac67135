/*
 * netbsd.h - what the INS knows of NetBSD amd64: layouts, and the system calls its stack is made of.
 *
 * The stack (stack.c, messages.c, memory.c) is written once, on the calls below. Whose they are, the build decides:
 *
 *   emulation/          NetBSD's calls on the sockets of this Linux: the stand-in, STACK=netbsd-on-linux
 *   rump/               those of a rump kernel in the same process: STACK=rump
 *   rumprun/            those of the C library of a rumprun unikernel: STACK=rumprun
 *
 * Names that begin with NETBSD_ are generated from linux-netbsd-abi.tsv and options.tsv, and hold the declarations here to it. The names are
 * the INS's own, since <sys/socket.h> of the machine that compiles has the others.
 */
#ifndef RINGFENCE_INS_NETBSD_H
#define RINGFENCE_INS_NETBSD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "netbsd_numbers.h"
#include "option_numbers.h"
#include "../stack.h"

/* ---- layouts ---- */

struct bsd_sockaddr { /* the beginning of every address */
    uint8_t length, family;
    uint16_t port;
};

struct bsd_msghdr { /* sys/socket.h */
    void *name;
    uint32_t name_length;
    struct iovec *pieces;
    int32_t piece_count;
    void *control;
    uint32_t control_length;
    int32_t flags;
};

struct bsd_cmsghdr {
    uint32_t length;
    int32_t level, type;
};

struct bsd_kevent { /* sys/event.h; the kevent50 of NetBSD 5 to 10 */
    uintptr_t identifier;
    uint32_t filter, flags, filter_flags;
    int64_t data;
    intptr_t user;
};

struct bsd_timeval {
    int64_t seconds;
    int32_t microseconds;
    uint32_t padding;
};

struct bsd_rlimit { /* sys/resource.h */
    uint64_t soft, hard;
};

#define BSD_SAME(type, field, of) \
    _Static_assert(offsetof(struct bsd_##type, field) == NETBSD_AT_##of, "the field is where NetBSD has it")
BSD_SAME(sockaddr, length, sockaddr_in_sin_len);
BSD_SAME(sockaddr, family, sockaddr_in6_sin6_family);
BSD_SAME(sockaddr, port, sockaddr_in6_sin6_port);
BSD_SAME(msghdr, name_length, msghdr_msg_namelen);
BSD_SAME(msghdr, pieces, msghdr_msg_iov);
BSD_SAME(msghdr, piece_count, msghdr_msg_iovlen);
BSD_SAME(msghdr, control, msghdr_msg_control);
BSD_SAME(msghdr, control_length, msghdr_msg_controllen);
BSD_SAME(msghdr, flags, msghdr_msg_flags);
BSD_SAME(cmsghdr, level, cmsghdr_cmsg_level);
BSD_SAME(cmsghdr, type, cmsghdr_cmsg_type);
BSD_SAME(timeval, microseconds, timeval_tv_usec);
#undef BSD_SAME
_Static_assert(sizeof(struct bsd_msghdr) == NETBSD_SIZE_msghdr, "struct msghdr");
_Static_assert(sizeof(struct bsd_cmsghdr) == NETBSD_SIZE_cmsghdr, "struct cmsghdr");
_Static_assert(sizeof(struct bsd_timeval) == NETBSD_SIZE_timeval, "struct timeval");
_Static_assert(sizeof(struct iovec) == NETBSD_SIZE_iovec && sizeof(struct timespec) == NETBSD_SIZE_timespec,
               "iovec and timespec are the same here");
_Static_assert(sizeof(struct bsd_kevent) == 48 - 8 && offsetof(struct bsd_kevent, data) == 24, "struct kevent");

/* CMSG_LEN() and CMSG_SPACE(): header and data begin at multiples of 8. */
#define BSD_ALIGN(length) (((length) + 7u) & ~7u)
#define BSD_CMSG_LEN(length) (BSD_ALIGN(sizeof(struct bsd_cmsghdr)) + (length))
#define BSD_CMSG_SPACE(length) (BSD_ALIGN(sizeof(struct bsd_cmsghdr)) + BSD_ALIGN(length))

/* sys/event.h */
enum { BSD_EVFILT_READ = 0, BSD_EVFILT_WRITE = 1 };
enum { BSD_EV_ADD = 0x1, BSD_EV_DELETE = 0x2, BSD_EV_CLEAR = 0x20, BSD_EV_ERROR = 0x4000, BSD_EV_EOF = 0x8000 };
#define BSD_SIOCATMARK 0x40047307u           /* sys/sockio.h */
enum { BSD_RLIMIT_NOFILE = 8 };              /* sys/resource.h */
enum { BSD_CTL_KERN = 1, BSD_KERN_MAXFILES = 7 }; /* sys/sysctl.h */
enum { BSD_SOCK_STREAM = 1, BSD_SOCK_DGRAM = 2 };

/* ---- system calls: as in NetBSD's section 2; -1 and the error in errno, in NetBSD's numbers ---- */

int bsd_socket(int domain, int type, int protocol);
int bsd_bind(int socket, const void *address, uint32_t length);
int bsd_listen(int socket, int backlog);
int bsd_accept(int socket, void *address, uint32_t *length);
int bsd_connect(int socket, const void *address, uint32_t length);
int bsd_shutdown(int socket, int how);
int bsd_close(int descriptor);
int bsd_dup2(int descriptor, int to);
int bsd_at_mark(int socket, int *is); /* ioctl(SIOCATMARK) */
int bsd_getsockname(int socket, void *address, uint32_t *length);
int bsd_getpeername(int socket, void *address, uint32_t *length);
int bsd_setsockopt(int socket, int level, int name, const void *value, uint32_t length);
int bsd_getsockopt(int socket, int level, int name, void *value, uint32_t *length);
ssize_t bsd_readv(int socket, const struct iovec *pieces, int count);
ssize_t bsd_recvmsg(int socket, struct bsd_msghdr *message, int flags);
ssize_t bsd_sendmsg(int socket, const struct bsd_msghdr *message, int flags);
int bsd_kqueue(void);
int bsd_kevent(int kqueue, const struct bsd_kevent *changes, size_t change_count, struct bsd_kevent *events,
               size_t capacity, const struct timespec *timeout);
int bsd_setrlimit(int resource, const struct bsd_rlimit *limit);
int bsd_sysctl(const int *name, unsigned name_length, void *old, size_t *old_length, const void *new_value,
               size_t new_length);

/* ---- what a build brings with it, beside the calls ---- */

/* Starts the kernel, if it has to be started, and brings its interfaces up. 0 or the negated error. */
int netbsd_boot(const struct rf_setup *setup);
/* As in struct rf_stack. netbsd/network.c tells what `setup` says, for a kernel that has nothing else. */
int netbsd_network(struct rf_network_entry *entries);
void netbsd_network_open(const struct rf_setup *setup);
/* Waiting for sockets and the host's descriptors together; as in struct rf_stack. */
int netbsd_wait_open(int kqueue);
int netbsd_watch_host(int descriptor, uint64_t token);
/* Fills in events as kevent() does; the host's descriptors come as EVFILT_READ with their token, too. */
int netbsd_wait_events(struct bsd_kevent *events, int capacity, int milliseconds);

/* ---- the stack's parts ---- */

/* 0 or a count, or the negated error. ERESTART (-3), which a call inside the process can return, is EINTR. */
static inline ssize_t bsd_result(ssize_t value) {
    return value >= 0 ? value : errno > 0 ? -errno : -NETBSD_EINTR;
}

/* memory.c: what the stack keeps of each socket, by its descriptor. */
enum netbsd_remembered { NETBSD_NODELAY, NETBSD_IDLE, NETBSD_INTERVAL, NETBSD_COUNT, NETBSD_SEND, NETBSD_RECEIVE, NETBSD_IN_LINE,
                         NETBSD_LOW_MARK, NETBSD_REMEMBERED };
struct netbsd_socket {
    uint64_t token;
    bool datagram, listening, connecting, ipv6;
    bool watched, room; /* registered for reading, and for writing */
    bool spent;         /* good for nothing, and could not be renewed yet; watched and room say what it is to be then */
    int32_t set[NETBSD_REMEMBERED]; /* the options' values; 0 before they are set */
    char congestion[16];
    /* What another socket in its place is given, beside the options of level SOL_SOCKET. */
    struct rf_name bound;
    struct {
        int32_t level, name, value;
    } protocol[NETBSD_PROTOCOL_OPTIONS]; /* level 0 and name 0: none */
};
int netbsd_memory_open(uint32_t sockets);
/* NULL beyond what was opened: too many descriptors. */
struct netbsd_socket *netbsd_socket_of(int socket);

int netbsd_set_option(int socket, uint32_t *kept, int level, int name, const void *value, uint32_t length);
int netbsd_get_option(int socket, const uint32_t *kept, int level, int name, void *value, uint32_t *length);
/* What the socket really gets where that is not what the program asks for. */
int netbsd_in_fact(const struct netbsd_socket *memory, enum netbsd_remembered index, int value);
/* The options every new socket gets. */
void netbsd_settle(int socket, int domain, bool datagram);

/* renew.c: a stream whose connect() has failed is good for nothing on NetBSD, and a socket of datagrams that has had a peer has lost the
 * address it was bound to. Puts a fresh one, with what the program had asked for, under its descriptor. The filters of a kqueue are gone
 * with the old one, and so are datagrams that nobody has read, and memberships. 0, or the negated error: then it is to be tried again. */
int netbsd_renew(int socket);
/* A socket of this one's kind, with its options and no name: the descriptor, or the negated error. */
int netbsd_twin(int socket);
/* An int that setting has taken: kept if it is one of a protocol's. */
void netbsd_keep(int socket, int level, int name, int value);

/* messages.c. Before all others: learns what the kernel takes. */
void netbsd_messages_open(void);
ssize_t netbsd_receive_datagram(int socket, struct rf_record *record, const struct iovec *pieces, int count);
ssize_t netbsd_next_datagram(int socket);
ssize_t netbsd_send_datagram(int socket, const struct rf_record *record, const struct iovec *pieces, int count);

#endif
