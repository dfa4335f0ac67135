/*
 * watch.h - epoll instances of this process whose sockets need no readiness packet while their program is awake
 * (docs/readiness.md, "Awake").
 *
 * A socket is *armed* while exactly one such instance watches it and nobody has looked at it in another way. Whatever
 * the shim is not sure of ends that: then the gateway sends packets, and the kernel does the rest.
 */
#ifndef RINGFENCE_SHIM_WATCH_H
#define RINGFENCE_SHIM_WATCH_H

#include <sys/epoll.h>

#include "table.h"

#define WATCH_CLOSED 0x80000000u

/* One epoll instance. The bitmaps have a bit for each slot of the first attachment. */
struct watch {
    _Atomic int name;        /* one more than its descriptor; 0: free; -1: not yet, or no more */
    _Atomic uint32_t number; /* of its word in the region, 0 before the first socket */
    _Atomic bool broken;     /* watched by more than one thread or process, or through another descriptor */
    _Atomic uint32_t inside; /* the thread that is in epoll_wait(), and WATCH_CLOSED: it frees the place when it leaves */
    _Atomic uint32_t end;    /* words of the bitmaps in use */
    _Atomic uint64_t mine[RF_MAX_SLOTS / 64];
    _Atomic uint64_t again[RF_MAX_SLOTS / 64]; /* to be looked at again: level-triggered, or no room for its event */
    int64_t keys[RF_MAX_SLOTS]; /* of the thread that is inside, as is: */
    uint64_t turns;             /* events told */
};

/* What an instance watches of a slot. */
struct watched {
    int fd;
    uint32_t generation;
    uint32_t events;
    epoll_data_t data;
    uint64_t told, turn;   /* when its last event was told: the count of stamps, and of the instance's events */
    _Atomic uint64_t tail; /* what had come by then, or was there when the instance began to watch it */
};

/* The trusted instance of this descriptor, or NULL. */
struct watch *watch_find(int epoll);
struct watched *watch_of(uint32_t slot);
/* The region in which sockets are armed; NULL before the first. */
const struct rf_region *watch_region(void);

/* The calling thread goes into epoll_wait(), and leaves it. False if another is there, or the instance was closed: then it has nothing to
 * do with the place. */
bool watch_enter(struct watch *watch, int epoll);
void watch_exit(struct watch *watch);

/* A fresh epoll instance. */
void watch_created(int epoll);
/* A descriptor is about to be closed, or to become something else. */
void watch_closed(int fd);
/* Takes a socket out of the instance that it is armed in. True if it is in none now; false if nobody knows. May change errno. */
bool watch_leave(const struct ring_socket *socket);
/* A descriptor has been, or may be, watched in a way that the shim does not follow: a socket in a region, or an epoll instance. */
void watch_unsure(int fd);
/* The descriptor, if it is a socket in a region, gets packets from now on, whoever is to watch it. */
void watch_never(int fd);
void watch_socket_unsure(const struct ring_socket *socket);
void watch_break(struct watch *watch);
/* This process is about to become another program. */
void watch_break_all(void);
/* It is about to be forked. loan_resume follows in the parent. */
void watch_before_fork(void);
/* In the child of a fork. */
void watch_after_fork(void);
/* For the constructor. */
void watch_prepare(void);

#endif
