/* Calls after which the gateway's socket may be out of reach: its directory is its owner's alone. A program that has
 * not yet attached does so now; it may open its first socket much later. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "entry.h"
#include "privileges.h"
#include "real.h"
#include "sandbox.h"
#include "table.h"

void privileges_change(void) {
    if (attachment_configured() && !process_is_borrowed()) attachment_get(true);
}

bool privileges_have(unsigned capability) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (sandbox_confined) return true;
    int kept = errno;
    bool known = syscall(SYS_capget, &header, sets) == 0;
    errno = kept;
    return !known || (sets[0].effective & 1u << capability) != 0;
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
