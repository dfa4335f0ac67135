/* Locks the process down before it speaks to the network: no files, no privileges but binding ports
 * below 1024, no other users' processes. What is left of the kernel, filter.c decides. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ins.h"

#define DEFAULT_USER "nobody"
#define DEFAULT_NUMBER 65534

/* No descriptor of whoever started the process stays open, save standard error. */
void ins_close_inherited(void) {
    int null;
    do null = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (null >= 0 && null <= STDERR_FILENO);
    if (null < 0) ins_die("cannot open /dev/null: %s", strerror(errno));
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0) ins_die("cannot close descriptors: %s", strerror(errno));
}

/* Takes every descriptor below the highest of the gateway's, so that all that the stack opens is above it. */
int ins_fill_descriptors(const struct ins_peer *peer) {
    int highest = peer->control > peer->doorbell ? peer->control : peer->doorbell, next;
    if (peer->ring_gateway > highest) highest = peer->ring_gateway;
    do next = dup(STDIN_FILENO);
    while (next >= 0 && next < highest);
    if (next < 0) ins_die("no descriptor is left: raise the limit (ulimit -n)");
    close(next);
    return highest;
}

struct ins_identity ins_find_user(const char *user) {
    struct ins_identity identity = {.change = geteuid() == 0, .insist = user != NULL};
    if (user == NULL) {
        user = DEFAULT_USER;
    } else if (!identity.change) {
        ins_die("--user '%s': only root can run as another user: drop the option", user);
    }
    char *end;
    errno = 0;
    unsigned long number = strtoul(user, &end, 10);
    bool numeric = *user >= '0' && *user <= '9' && *end == '\0';
    if (numeric && (errno != 0 || number >= UINT32_MAX)) ins_die("--user '%s': no user has this number", user);
    struct passwd *entry = numeric ? getpwuid((uid_t)number) : getpwnam(user);
    if (entry != NULL) {
        identity.uid = entry->pw_uid;
        identity.gid = entry->pw_gid;
    } else if (numeric) {
        identity.uid = identity.gid = (unsigned)number;
    } else if (!identity.insist) {
        identity.uid = identity.gid = DEFAULT_NUMBER;
    } else {
        ins_die("--user '%s': no such user: give another name, or a number", user);
    }
    if (identity.change && identity.uid == 0)
        ins_die("--user '%s' is root: give an unprivileged user, or --no-sandbox for debugging", user);
    return identity;
}

/* As many descriptors as there may be sockets; as root also beyond the hard limit, if the kernel lets us. */
void ins_raise_descriptors(const struct ins *ins) {
    rlim_t wanted = ins->region.slot_count + 16;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted) setrlimit(RLIMIT_NOFILE, &(struct rlimit){wanted, wanted});
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted)
        ins_say("region %llu has %u slots, but only %llu descriptors are allowed: further connections wait; raise "
                "the hard limit (ulimit -Hn)",
                (unsigned long long)ins->region.header->region_id, ins->region.slot_count,
                (unsigned long long)limit.rlim_max);
}

/* What one turn wakes, it is going to have more for: woken at once, the INS would take each request by itself
 * (docs/decisions/0031). A policy that somebody chose stays. */
void ins_wait_its_turn(void) {
    if (sched_getscheduler(0) == SCHED_OTHER) sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

/* The new root is a directory that is removed before it is entered for good: it is empty, and nobody,
 * not even root, can put anything into it. */
static void leave_file_system(void) {
    static const char *const places[] = {"/run", "/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/ringfence-ins.XXXXXX", places[i]);
        if (mkdtemp(path) == NULL) continue;
        bool inside = chdir(path) == 0;
        int error = rmdir(path) == 0 && inside && chroot(".") == 0 && chdir("/") == 0 ? 0 : errno;
        if (error != 0) ins_die("cannot leave the file system for an empty directory: %s", strerror(error));
        return;
    }
    ins_die("cannot make an empty directory in /run, /tmp, /var/tmp or /dev/shm: %s", strerror(errno));
}

/* From root to the user, with the one capability that servers on low ports need. */
static void become_user(const struct ins_identity *identity) {
    for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
        if (c != CAP_NET_BIND_SERVICE) prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    bool changed = setgroups(0, NULL) == 0 && setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
                   setresuid(identity->uid, identity->uid, identity->uid) == 0;
    /* In a user namespace with a single user there is nobody to become. That is how the gateway runs
     * without root: its "root" is an ordinary user outside, and loses the capabilities below. */
    if (!changed && (identity->insist || (errno != EINVAL && errno != EPERM)))
        ins_die("cannot become user %u, group %u: %s: give another --user", identity->uid, identity->gid,
                strerror(errno));
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct kept[2] = {0};
    kept[0].permitted = kept[0].effective = UINT32_C(1) << CAP_NET_BIND_SERVICE;
    if (syscall(SYS_capset, &header, kept) != 0) ins_die("cannot drop capabilities: %s", strerror(errno));
}

void ins_lock_down(const struct ins_identity *identity, bool threads) {
    if (identity->change) {
        leave_file_system();
        become_user(identity);
    }
    /* No way up again, no process to start, no core file, no debugger of the same user. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (!threads && setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) != 0) ||
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        ins_die("cannot give up privileges: %s", strerror(errno));
}

/* A second net below the control connection; behind a change of user, which takes it away. */
void ins_die_with_parent(int parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent) ins_die("the parent process has ended: exiting");
}
