/* The system calls that are left to an INS with a rump kernel in it: those of its loop, and those of the kernel's hypervisor, which
 * starts threads, maps memory and waits in ways of its own. By now it has its devices, and needs no other file, socket of the host,
 * or program. Any other is EPERM, in every thread: what a hypervisor calls that nobody has seen fails, and does not end the kernel.
 *
 * What the hypervisor (librumpuser, the parts of virtif and shmif that are the host's, and the C library below them) goes on to call:
 *
 *   devices    read, write, readv, writev and poll of the tap device; p- forms, lseek and fstat of a bus in a file
 *   time       clock_gettime, gettimeofday, nanosleep, clock_nanosleep
 *   threads    futex, clone, sched_yield and what a thread begins and ends with; prctl for its name
 *   memory     mmap, munmap, mremap, mprotect, madvise and brk, through malloc()
 *   entropy    read of /dev/urandom, getrandom
 *   a panic    write, rt_sigprocmask, rt_sigaction, tgkill through abort(), exit_group
 *
 * fcntl() is left for looking: F_SETOWN with F_SETSIG and O_ASYNC would send any signal to any process of the same user. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../ins.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Skips the next instruction unless the loaded word is `value`. */
#define IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define ALLOW(call) IF(SYS_##call), RETURN(SECCOMP_RET_ALLOW)
/* Leaves the call if the low half of its first argument compares like that, and else refuses it. */
#define LEAVE_IF(call, comparison, value)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4), LOAD(args[0]),                                              \
        BPF_JUMP(BPF_JMP | (comparison) | BPF_K, value, 0, 1), RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | EPERM)

/* What the process's own id is compared with in `program`. */
#define OWN UINT32_C(0x4f574e21)

static struct sock_filter program[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32's numbers */
    RETURN(SECCOMP_RET_KILL_PROCESS),
    /* Most frequent first: the filter is walked through at every call. */
    ALLOW(futex),
    ALLOW(read),
    ALLOW(writev),
    ALLOW(write),
    ALLOW(epoll_wait),
    ALLOW(epoll_pwait), /* how some C libraries call epoll_wait() */
    ALLOW(clock_nanosleep),
    ALLOW(poll),
    ALLOW(recvfrom), /* doorbell, control connection */
    ALLOW(clock_gettime),
    ALLOW(gettimeofday),
    ALLOW(clock_getres),
    ALLOW(nanosleep),
    ALLOW(readv),
    ALLOW(ppoll),
    ALLOW(pread64),
    ALLOW(pwrite64),
    ALLOW(preadv),
    ALLOW(pwritev),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(close),
    ALLOW(epoll_ctl),
    ALLOW(epoll_create1),
    ALLOW(eventfd2),
    ALLOW(sched_yield),
    ALLOW(mmap),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(mprotect),
    ALLOW(madvise),
    ALLOW(brk),
    ALLOW(getrandom),
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW(set_tid_address),
    ALLOW(gettid),
    ALLOW(getpid),
    ALLOW(getcpu),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigreturn),
    ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
    /* Threads, and no processes. What clone3() asks for lies in memory: without it libpthread takes clone(). */
    IF(SYS_clone3),
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    LEAVE_IF(clone, BPF_JSET, CLONE_THREAD),
    LEAVE_IF(tgkill, BPF_JEQ, OWN),
    LEAVE_IF(prlimit64, BPF_JEQ, 0),
    LEAVE_IF(sched_getaffinity, BPF_JEQ, 0), /* by malloc(), for the number of CPUs */
    LEAVE_IF(prctl, BPF_JEQ, PR_SET_NAME),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 5),
    LOAD(args[1]),
    IF(F_GETFD),
    RETURN(SECCOMP_RET_ALLOW),
    IF(F_GETFL),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_ERRNO | EPERM),
};

void ins_filter_system_calls(int host) {
    (void)host;
    for (size_t i = 0; i < sizeof program / sizeof program[0]; i++)
        if (program[i].code == (BPF_JMP | BPF_JEQ | BPF_K) && program[i].k == OWN) program[i].k = (uint32_t)getpid();
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
        ins_die("cannot filter system calls: %s: does the kernel have CONFIG_SECCOMP_FILTER? --no-sandbox goes without",
                strerror(errno));
}
