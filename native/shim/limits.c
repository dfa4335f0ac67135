/* The limits of descriptors and of the address space; the others are the kernel's alone. */
#include "limits.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "entry.h"
#include "kernel.h"
#include "memory.h"
#include "privileges.h"
#include "table.h"

_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "one structure by two names");

/* The limit of the address space has the shim's mappings on top. */
static _Atomic bool raised;

void limits_inherited(void) { atomic_store(&raised, true); }

static rlim_t with_own(rlim_t limit, rlim_t most) {
    if (limit == RLIM_INFINITY || limit >= most) return limit;
    return limit > most - memory_noted() ? most : limit + memory_noted();
}

static rlim_t without_own(rlim_t limit) {
    return limit == RLIM_INFINITY || limit < memory_noted() ? limit : limit - memory_noted();
}

/* By the kernel itself: sanitizers call this before anything of libc's was looked up. */
static int kernels_limit(pid_t pid, int resource, const struct rlimit *wanted, struct rlimit *old) {
    return (int)raw_call(SYS_prlimit64, pid, resource, wanted, old);
}

/* What to ask of the kernel. Attaches first: under the limit the region would have no place. */
static struct rlimit with_shim(const struct rlimit *limit) {
    struct rlimit now = {RLIM_INFINITY, RLIM_INFINITY};
    privileges_change();
    kernels_limit(0, RLIMIT_AS, NULL, &now);
    /* Beyond the hard limit: for the privileged as they say, for others more than the kernel allows. */
    rlim_t hard = atomic_load(&raised) ? without_own(now.rlim_max) : now.rlim_max;
    rlim_t most = limit->rlim_max > hard ? RLIM_INFINITY : now.rlim_max;
    return (struct rlimit){with_own(limit->rlim_cur, most), with_own(limit->rlim_max, most)};
}

static int limit(pid_t pid, int resource, const struct rlimit *wanted, struct rlimit *old) {
    if (resource != RLIMIT_AS && resource != RLIMIT_NOFILE) return kernels_limit(pid, resource, wanted, old);
    struct rlimit asked;
    if ((pid != 0 && pid != getpid()) || (wanted != NULL && !readable(wanted, sizeof *wanted)))
        return kernels_limit(pid, resource, wanted, old);
    /* The shim's descriptors stand where the limit allows: above a low one they must be before it is set, for below it
     * the program has use for every number. */
    if (wanted != NULL && resource == RLIMIT_NOFILE && wanted->rlim_cur < OWN_NUMBERS + 64) privileges_change();
    if (wanted != NULL && resource == RLIMIT_AS) {
        asked = with_shim(wanted);
        wanted = &asked;
    }
    if (kernels_limit(pid, resource, wanted, old) != 0) return -1;
    if (resource == RLIMIT_AS && old != NULL && atomic_load(&raised))
        *old = (struct rlimit){without_own(old->rlim_cur), without_own(old->rlim_max)};
    if (wanted == NULL || process_is_borrowed()) return 0;
    if (resource == RLIMIT_AS && memory_noted() != 0) atomic_store(&raised, true);
    if (resource == RLIMIT_NOFILE) accept_limit_changed();
    return 0;
}

int shim_getrlimit(__rlimit_resource_t resource, struct rlimit *old) { return limit(0, (int)resource, NULL, old); }

int shim_getrlimit64(__rlimit_resource_t resource, struct rlimit64 *old) {
    return limit(0, (int)resource, NULL, (struct rlimit *)old);
}

int shim_setrlimit(__rlimit_resource_t resource, const struct rlimit *wanted) {
    return limit(0, (int)resource, wanted, NULL);
}

int shim_setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *wanted) {
    return limit(0, (int)resource, (const struct rlimit *)wanted, NULL);
}

int shim_prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *wanted, struct rlimit *old) {
    return limit(pid, (int)resource, wanted, old);
}

int shim_prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *wanted, struct rlimit64 *old) {
    return limit(pid, (int)resource, (const struct rlimit *)wanted, (struct rlimit *)old);
}
