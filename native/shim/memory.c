/* Locks on all of the program's memory. mlockall(2) would fill the region: hundreds of megabytes, of which a page that is
 * locked cannot be given back. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "entry.h"
#include "privileges.h"
#include "real.h"
#include "table.h"

#define MOST_MAPPINGS (RF_ATTACHMENTS + 1)

static struct mapping {
    uintptr_t start;
    size_t bytes;
} mappings[MOST_MAPPINGS];
static _Atomic unsigned noted; /* entries that are filled */
static _Atomic uint64_t total;

void memory_note(void *start, size_t bytes) {
    unsigned at = atomic_load(&noted);
    if (at >= MOST_MAPPINGS) return;
    mappings[at] = (struct mapping){(uintptr_t)start, bytes};
    /* Last: a child that is forked here has nothing to wait for, and notes its own in its place. */
    atomic_store(&noted, at + 1);
    atomic_fetch_add(&total, bytes);
}

uint64_t memory_noted(void) { return atomic_load(&total); }

static bool is_own(uintptr_t start) {
    for (unsigned i = 0; i < atomic_load(&noted); i++)
        if (start - mappings[i].start < mappings[i].bytes) return true;
    return false;
}

/* A line of /proc/self/maps: "start-end ...". What cannot be filled, as a guard page, is locked all the same, and
 * mlockall() says nothing of it either. */
static void fill(const char *line) {
    uintptr_t bound[2] = {0, 0};
    for (int i = 0; i < 2; i++, line++)
        for (; (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'); line++)
            bound[i] = bound[i] << 4 | (uintptr_t)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
    if (bound[1] > bound[0] && !is_own(bound[0])) mlock((const void *)bound[0], bound[1] - bound[0]);
}

/* Fills all that is mapped but the shim's own. Nothing here allocates. */
static void fill_all(void) {
    char text[1024];
    size_t held = 0;
    bool whole = true; /* `text` begins where a line does */
    int maps = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return;
    for (ssize_t got; (got = syscall(SYS_read, maps, text + held, sizeof text - held)) > 0;) {
        held += (size_t)got;
        for (char *end; (end = memchr(text, '\n', held)) != NULL; whole = true) {
            if (whole) fill(text);
            size_t length = (size_t)(end + 1 - text);
            memmove(text, end + 1, held -= length);
        }
        if (held < sizeof text) continue;
        if (whole) fill(text); /* a path too long for it */
        whole = false, held = 0;
    }
    syscall(SYS_close, maps);
}

int shim_mlockall(int flags) {
    /* A region that came later would be filled. */
    if ((flags & MCL_FUTURE) != 0) privileges_change();
    if ((flags & MCL_CURRENT) == 0 || (flags & MCL_ONFAULT) != 0 || memory_noted() == 0 || process_is_borrowed())
        return real.mlockall(flags);
    int kept = errno;
    if (real.mlockall(flags | MCL_ONFAULT) != 0) return -1;
    for (unsigned i = 0; i < atomic_load(&noted); i++) munlock((void *)mappings[i].start, mappings[i].bytes);
    fill_all();
    if ((flags & MCL_FUTURE) != 0) real.mlockall(MCL_FUTURE);
    errno = kept;
    return 0;
}
