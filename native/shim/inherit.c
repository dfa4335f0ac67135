/* Recognising inherited sockets: a descriptor of a pair has a cookie, unique since boot, that the gateway
 * wrote into its slot; one of rtnetlink has netlink.c's mark. */
#include "inherit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "loan.h"
#include "netlink.h"
#include "real.h"
#include "stream.h"
#include "table.h"
#include "watch.h"

#define SETTLE_TRIES 400 /* times 500 us */
#define SLOTS_PER_PAGE (RF_PAGE / sizeof(struct rf_slot))

/* The cookie of a descriptor that may be an end of a readiness pair, else 0. */
static uint64_t cookie_of(int fd) {
    int domain, type;
    uint64_t cookie;
    socklen_t length = sizeof domain;
    if (real.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_UNIX) return 0;
    length = sizeof type;
    if (real.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) return 0;
    length = sizeof cookie;
    return real.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

/* Looks for the cookie among the slots, of which only those in memory can be in use: looking at the others
 * would fill them in. `*unsettled` if there are sockets whose cookies are still to be written. */
static bool find_slot(const struct rf_region *region, uint64_t cookie, uint32_t *number, bool *unsettled) {
    unsigned char resident[RF_MAX_SLOTS / SLOTS_PER_PAGE];
    *unsettled = false;
    if (mincore(region->slots, region->slot_count * sizeof *region->slots, resident) != 0)
        memset(resident, 1, sizeof resident);
    for (uint32_t first = 0; first < region->slot_count; first += SLOTS_PER_PAGE) {
        if ((resident[first / SLOTS_PER_PAGE] & 1) == 0) continue;
        for (uint32_t n = first; n < first + SLOTS_PER_PAGE && n < region->slot_count; n++) {
            struct rf_slot *slot = &region->slots[n];
            uint64_t found = atomic_load_explicit(&slot->cookie, memory_order_acquire);
            bool used = (atomic_load(&slot->generation) & 1) != 0;
            if (found == 0 && used) *unsettled = true;
            if (found != cookie || !used) continue;
            *number = n;
            return true;
        }
    }
    return false;
}

/* The gateway writes a cookie a moment after it has sent the descriptor, which may be here already. */
static bool await_slot(const struct attachment *attachment, uint64_t cookie, uint32_t *number) {
    bool unsettled;
    for (int tries = 0; tries < SETTLE_TRIES; tries++) {
        if (find_slot(&attachment->region, cookie, number, &unsettled)) return true;
        if (!unsettled || attachment_dead(attachment)) return false;
        attachment_ring(attachment);
        syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return false;
}

static void recognise(int fd) {
    if (table_get(fd) != RF_ENTRY_NONE) return;
    if (netlink_inherited(fd)) {
        if (attachment_get(true) != NULL) table_set(fd, RF_ENTRY_NETLINK);
        return;
    }
    uint64_t cookie = cookie_of(fd);
    if (cookie == 0) return;
    struct attachment *attachment = attachment_get(true);
    uint32_t number;
    /* Attaching has opened descriptors of its own. */
    if (attachment == NULL || table_get(fd) == RF_ENTRY_OWN || !await_slot(attachment, cookie, &number)) return;
    uint32_t generation = atomic_load(&attachment->region.slots[number].generation);
    table_set(fd, table_entry(attachment_index(attachment), number, generation));
    stream_standard(fd);
    struct ring_socket s;
    if (!table_find(fd, &s)) return;
    loan_keep_socket(&s); /* another program, or process, may have it, and watch it */
    watch_socket_unsure(&s);
}

void inherit_across_exec(void) {
    _Alignas(struct dirent64) char entries[2048];
    if (!attachment_configured()) return;
    int kept = errno;
    int directory = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        /* No /proc: the low numbers have to do. */
        for (int fd = 0; fd < 1024; fd++) recognise(fd);
        errno = kept;
        return;
    }
    long got;
    while ((got = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0) {
        for (long at = 0; at < got;) {
            struct dirent64 *entry = (void *)(entries + at);
            if (entry->d_name[0] != '.') recognise(atoi(entry->d_name));
            at += entry->d_reclen;
        }
    }
    syscall(SYS_close, directory);
    errno = kept;
}

void inherit_from_message(struct msghdr *message) {
    if (!attachment_configured() || process_is_borrowed()) return;
    int kept = errno;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            /* A new descriptor: whatever the table says of its number is out of date. */
            table_set(fd, RF_ENTRY_NONE);
            recognise(fd);
        }
    }
    errno = kept;
}
