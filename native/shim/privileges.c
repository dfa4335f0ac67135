/* Calls after which the gateway's socket may be out of reach: its directory is its owner's alone. A program that has
 * not yet attached does so now; it may open its first socket much later. */
#include <unistd.h>

#include "attach.h"
#include "entry.h"
#include "privileges.h"
#include "real.h"
#include "table.h"

void privileges_change(void) {
    if (attachment_configured() && !process_is_borrowed()) attachment_get(true);
}

int shim_chroot(const char *path) {
    privileges_change();
    return real.chroot(path);
}

int shim_setuid(uid_t user) {
    privileges_change();
    return real.setuid(user);
}

int shim_seteuid(uid_t user) {
    privileges_change();
    return real.seteuid(user);
}

int shim_setreuid(uid_t user, uid_t effective) {
    privileges_change();
    return real.setreuid(user, effective);
}

int shim_setresuid(uid_t user, uid_t effective, uid_t saved) {
    privileges_change();
    return real.setresuid(user, effective, saved);
}

/* The shim's descriptors stand where the limit allows: above a low one they must be before it is set, for below it the
 * program has use for every number. */
static void limit_change(pid_t pid, int resource, const struct rlimit *limit) {
    if (resource != RLIMIT_NOFILE || limit == NULL || (pid != 0 && pid != getpid()) || process_is_borrowed()) return;
    if (limit->rlim_cur < OWN_NUMBERS + 64) privileges_change();
}

/* Afterwards. */
static int limit_changed(int resource, int result) {
    if (resource == RLIMIT_NOFILE && !process_is_borrowed()) accept_limit_changed();
    return result;
}

int shim_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    limit_change(0, (int)resource, limit);
    return limit_changed((int)resource, real.setrlimit(resource, limit));
}

int shim_setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) {
    limit_change(0, (int)resource, (const struct rlimit *)limit);
    return limit_changed((int)resource, real.setrlimit64(resource, limit));
}

int shim_prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *limit, struct rlimit *old) {
    limit_change(pid, (int)resource, limit);
    return limit_changed((int)resource, real.prlimit(pid, resource, limit, old));
}

int shim_prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *limit, struct rlimit64 *old) {
    limit_change(pid, (int)resource, (const struct rlimit *)limit);
    return limit_changed((int)resource, real.prlimit64(pid, resource, limit, old));
}
