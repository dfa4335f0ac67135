/* What the INS uses of a rump kernel's <rump/rump.h>, declared as NetBSD 7.99.34 declares it, for the tests' double.
 *
 * The real header declares much more, with types that it leaves to whoever includes it: it includes nothing of the host. So does this
 * one: what compiles here has to know them as well. */
#ifndef _RUMP_RUMP_H_
#define _RUMP_RUMP_H_

/* On every host since 2017; before that where the host has none. */
typedef long register_t;

struct rump_double_types {
    uint64_t size;       /* struct rump_boot_etfs */
    uint32_t operation;  /* rump_pub_namei() */
    u_long flags;        /* rump_pub_makecn() */
    size_t length;
    off_t offset;
    uid_t user;
    gid_t group;
    mode_t mode;
    dev_t device;
};

enum rump_sigmodel {
    RUMP_SIGMODEL_PANIC,
    RUMP_SIGMODEL_IGNORE,
    RUMP_SIGMODEL__HOST_NOTANYMORE,
    RUMP_SIGMODEL_RAISE,
    RUMP_SIGMODEL_RECORD
};

void rump_boot_setsigmodel(enum rump_sigmodel);
int rump_init(void);
int rump_pub_lwproc_newlwp(pid_t); /* <rump/rumpkern_if_pub.h> */

#endif
