/* Waiting where the host's descriptors are the stack's, too: one kqueue for everything. */
#include "netbsd.h"

static int queue = -1;

int netbsd_wait_open(int kqueue) {
    queue = kqueue;
    return 0;
}

/* Without EV_CLEAR: as long as it is readable. */
int netbsd_watch_host(int descriptor, uint64_t token) {
    struct bsd_kevent what = {.identifier = (uintptr_t)descriptor,
                              .filter = BSD_EVFILT_READ,
                              .flags = BSD_EV_ADD,
                              .user = (intptr_t)token};
    return (int)bsd_result(bsd_kevent(queue, &what, 1, NULL, 0, NULL));
}

int netbsd_wait_events(struct bsd_kevent *events, int capacity, int milliseconds) {
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    return (int)bsd_result(bsd_kevent(queue, NULL, 0, events, (size_t)capacity, milliseconds < 0 ? NULL : &time));
}
