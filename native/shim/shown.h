/*
 * shown.h - what poll(), select() and epoll tell of a socket in a region. Its descriptor, the end of a pair, shows
 * bytes, room, ends and that it was hung up. The rest the slot knows: a pending error, and that a stream was never connected.
 */
#ifndef RINGFENCE_SHIM_SHOWN_H
#define RINGFENCE_SHIM_SHOWN_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "table.h"

/* Events are those of poll() and epoll alike: EPOLLIN is POLLIN, and so on. */
#define SHOWN_ALWAYS (EPOLLERR | EPOLLHUP)
#define SHOWN_READS (EPOLLIN | EPOLLRDNORM)
#define SHOWN_WRITES (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)

/* What of `asked`, and of SHOWN_ALWAYS, the slot says. */
uint32_t shown_beside(const struct ring_socket *s, uint32_t asked);
/* What is so, where the kernel has told `told`. */
uint32_t shown_instead(const struct ring_socket *s, uint32_t asked, uint32_t told);

/* ---- poll.c: what syscall() calls by number ---- */

int ppoll_by_number(struct pollfd *fds, nfds_t count, struct timespec *limit, const sigset_t *mask, size_t mask_bytes);
int pselect_by_number(int end, fd_set *reading, fd_set *writing, fd_set *other, struct timespec *limit, const void *mask);

/* ---- wait.c, likewise: epoll_wait() and its kin ---- */

int wait_by_number(long number, int epoll, struct epoll_event *events, int room, long limit, const sigset_t *mask, size_t mask_bytes);

/* ---- interest.c: which sockets epoll instances of this process watch ---- */

/* An instance has been made. */
void interest_created(int epoll);
/* Somebody waits for urgent bytes: a wait may have to look again. */
extern _Atomic bool interest_urgent;
/* What the kernel is to be asked for: with EPOLLIN where the program waits for urgent bytes alone, which come with a packet.
 * In `changed`, or the event itself. */
struct epoll_event *interest_asked(int fd, int operation, struct epoll_event *event, struct epoll_event *changed);
/* epoll_ctl() has added or modified a descriptor: this socket in a region, or, if that is NULL, another one. */
void interest_changed(int epoll, int fd, const struct ring_socket *s, const struct epoll_event *event);
/* Corrects what the kernel has told of an instance. The number of events that are left. */
int interest_correct(int epoll, struct epoll_event *events, int count);
/* Asks the kernel what else is so of sockets that the region has told bytes of. */
void interest_complete(int epoll, struct epoll_event *events, int count);

#endif
