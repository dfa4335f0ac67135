/* What the INS uses of a rump kernel's <rump/rump.h>, declared as NetBSD 7 declares it, for the tests' double. */
#ifndef _RUMP_RUMP_H_
#define _RUMP_RUMP_H_

enum rump_sigmodel {
    RUMP_SIGMODEL_PANIC,
    RUMP_SIGMODEL_IGNORE,
    RUMP_SIGMODEL__HOST_NOTANYMORE,
    RUMP_SIGMODEL_RAISE,
    RUMP_SIGMODEL_RECORD
};

void rump_boot_setsigmodel(enum rump_sigmodel);
int rump_init(void);
int rump_pub_lwproc_newlwp(pid_t);

#endif
