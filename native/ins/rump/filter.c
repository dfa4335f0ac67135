/* The system calls that are taken away from an INS with a rump kernel in it. The kernel starts threads, maps memory and waits
 * in ways of its own, so that the rest cannot be listed as for the Linux stack (../filter.c); but it has its devices by now, and
 * needs no other file, socket of the host, or program. What is taken away is EPERM, in every thread.
 *
 * What a kernel's hypervisor (librumpuser, and the tap device's virtif_user.c) goes on to call: read, write, readv, writev and
 * poll on the device, read of /dev/urandom, clock_gettime, nanosleep, clock_nanosleep, futex and clone through libpthread, mmap,
 * munmap, madvise and brk through malloc(), prctl for a thread's name, tgkill through abort(). */
#include <errno.h>
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

/* Of Linux 6.6 and 6.13, which headers may not know. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define REFUSE(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), RETURN(SECCOMP_RET_ERRNO | EPERM)
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
    /* Threads, and no processes. What clone3() asks for lies in memory: without it libpthread takes clone(). */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    LEAVE_IF(clone, BPF_JSET, CLONE_THREAD),
    LEAVE_IF(tgkill, BPF_JEQ, OWN),
    LEAVE_IF(prlimit64, BPF_JEQ, 0),
    /* On the tap device, which it could make into another one. */
    REFUSE(ioctl),
    REFUSE(execve),
    REFUSE(execveat),
    REFUSE(fork),
    REFUSE(vfork),
    REFUSE(ptrace),
    REFUSE(process_vm_readv),
    REFUSE(process_vm_writev),
    REFUSE(open),
    REFUSE(openat),
    REFUSE(openat2),
    REFUSE(creat),
    REFUSE(open_by_handle_at),
    /* By a path: files that there are without them being opened. */
    REFUSE(unlink),
    REFUSE(unlinkat),
    REFUSE(rename),
    REFUSE(renameat),
    REFUSE(renameat2),
    REFUSE(rmdir),
    REFUSE(mkdir),
    REFUSE(mkdirat),
    REFUSE(mknod),
    REFUSE(mknodat),
    REFUSE(link),
    REFUSE(linkat),
    REFUSE(symlink),
    REFUSE(symlinkat),
    REFUSE(truncate),
    REFUSE(chmod),
    REFUSE(fchmodat),
    REFUSE(chown),
    REFUSE(lchown),
    REFUSE(fchownat),
    REFUSE(utime),
    REFUSE(utimes),
    REFUSE(utimensat),
    REFUSE(futimesat),
    REFUSE(setxattr),
    REFUSE(lsetxattr),
    REFUSE(removexattr),
    REFUSE(lremovexattr),
    REFUSE(fchmodat2),
    REFUSE(setxattrat),
    REFUSE(removexattrat),
    REFUSE(socket),
    REFUSE(socketpair),
    REFUSE(connect),
    REFUSE(bind),
    REFUSE(listen),
    REFUSE(accept),
    REFUSE(accept4),
    REFUSE(recvmsg),
    REFUSE(recvmmsg),
    REFUSE(sendmsg),
    REFUSE(sendmmsg),
    REFUSE(kill),
    REFUSE(tkill),
    REFUSE(rt_sigqueueinfo),
    REFUSE(rt_tgsigqueueinfo),
    REFUSE(pidfd_open),
    REFUSE(pidfd_getfd),
    REFUSE(pidfd_send_signal),
    REFUSE(process_madvise),
    REFUSE(kcmp),
    REFUSE(name_to_handle_at),
    REFUSE(shmget),
    REFUSE(mq_open),
    REFUSE(inotify_init),
    REFUSE(inotify_init1),
    REFUSE(mount),
    REFUSE(umount2),
    REFUSE(chroot),
    REFUSE(pivot_root),
    REFUSE(unshare),
    REFUSE(setns),
    REFUSE(bpf),
    REFUSE(perf_event_open),
    REFUSE(userfaultfd),
    REFUSE(io_uring_setup),
    REFUSE(io_setup),
    REFUSE(keyctl),
    REFUSE(add_key),
    REFUSE(request_key),
    REFUSE(memfd_create),
    REFUSE(init_module),
    REFUSE(finit_module),
    REFUSE(kexec_load),
    RETURN(SECCOMP_RET_ALLOW),
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
