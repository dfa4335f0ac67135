/* Network namespaces of the program's own. They are the thread's, and threads may differ: so once anybody has left, each socket() looks
 * where it is. */
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "entry.h"
#include "environment.h"
#include "real.h"

#define MINE "/proc/thread-self/ns/net"

static _Atomic uint64_t home; /* its inode; 0: nobody has left it */

/* 0 if it cannot be known. */
static uint64_t here(void) {
    struct stat status;
    int kept = errno;
    bool known = syscall(SYS_newfstatat, AT_FDCWD, MINE, &status, 0) == 0;
    errno = kept;
    return known ? status.st_ino : 0;
}

bool namespace_is_home(void) {
    uint64_t inode = atomic_load_explicit(&home, memory_order_acquire), now;
    return inode == 0 || (now = here()) == 0 || now == inode;
}

void namespace_leaving(int flags) {
    if ((flags & CLONE_NEWNET) == 0 || !attachment_configured() || atomic_load(&home) != 0) return;
    uint64_t now = here();
    if (now != 0) environment_leaving(now);
    atomic_store_explicit(&home, now, memory_order_release);
}

void namespace_inherit(const char *value) {
    if (value == NULL) return;
    atomic_store(&home, strtoull(value, NULL, 10));
    environment_leaving(atomic_load(&home));
}

int shim_unshare(int flags) {
    namespace_leaving(flags);
    return real.unshare(flags);
}

/* A type of 0 is any. */
int shim_setns(int fd, int type) {
    namespace_leaving(type == 0 ? CLONE_NEWNET : type);
    return real.setns(fd, type);
}
