/* The system calls that are taken away from an INS with a rump kernel in it. The kernel starts threads, maps memory and waits
 * in ways of its own, so that the rest cannot be listed as for the Linux stack (../filter.c); but it has its devices by now, and
 * needs no other file, socket of the host, or program. What is taken away is EPERM, in every thread. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../ins.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define REFUSE(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), RETURN(SECCOMP_RET_ERRNO | EPERM)

static struct sock_filter program[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32's numbers */
    RETURN(SECCOMP_RET_KILL_PROCESS),
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
    REFUSE(pidfd_open),
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
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
        ins_die("cannot filter system calls: %s: does the kernel have CONFIG_SECCOMP_FILTER? --no-sandbox goes without",
                strerror(errno));
}
