/* The system calls that are left to the INS: those of its loop on sockets it has. Any other ends the
 * process: it is then no longer running this program. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "ins.h"
#include "option_numbers.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Skips the next instruction unless the loaded word is `value`. */
#define IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define ALLOW(call) IF(SYS_##call), RETURN(SECCOMP_RET_ALLOW)

#define LOAD_DESCRIPTOR LOAD(args[0]) /* its low half: what the kernel looks at */

/* What the highest descriptor of the host's is compared with in `program`. */
#define HOST UINT32_C(0x484f5354)
/* Leaves the call on descriptors above it. */
#define DESCRIPTOR_ABOVE_HOST(call)                                                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4), LOAD_DESCRIPTOR,                                            \
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, HOST, 0, 1), RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS)

/* Level and name of an option in one word. */
#define OPTION_BITS 8
#define OPTION_MOST ((1 << OPTION_BITS) - 1)
#define ALLOW_OPTION(level, name, set, get) IF((level) << OPTION_BITS | (name)), RETURN(SECCOMP_RET_ALLOW),

static const struct sock_filter program[] = {
    /* System calls of another ABI have other numbers. (x32's numbers are none of those below.) */
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    /* Most frequent first: the filter is walked through at every call. */
    ALLOW(readv),
    /* sendmsg(): not on the gateway's descriptors, where it would hand it others. */
    DESCRIPTOR_ABOVE_HOST(sendmsg),
    ALLOW(epoll_wait),
    ALLOW(epoll_pwait), /* how some C libraries call epoll_wait() */
    ALLOW(recvfrom), /* doorbell, control connection */
    ALLOW(write),    /* doorbell, standard error */
    ALLOW(accept4),
    ALLOW(epoll_ctl),
    ALLOW(close),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(connect),
    ALLOW(shutdown),
    ALLOW(bind),
    ALLOW(listen),
    ALLOW(preadv), /* the stack's counters, open from the start */
    ALLOW(futex),         /* rf_reply, for a frontend that waits on its cells */
    ALLOW(clock_gettime), /* where the vDSO has no clock */
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(exit_group),
    /* recvmsg(): nor there, where it would take others in. */
    DESCRIPTOR_ABOVE_HOST(recvmsg),
    /* dup3(), by which the stand-in for NetBSD replaces a socket: not from or over descriptors of the host's. */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup3, 0, 6),
    LOAD_DESCRIPTOR,
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, HOST, 0, 3),
    LOAD(args[1]),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, HOST, 0, 1),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    /* ioctl(): for urgent bytes. */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
    LOAD(args[1]),
    IF(SIOCATMARK),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    /* madvise(): to have pages mapped, which takes none away. */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 6),
    LOAD(args[2]),
    IF(MADV_POPULATE_READ),
    RETURN(SECCOMP_RET_ALLOW),
    IF(MADV_POPULATE_WRITE),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    /* socket(): TCP and UDP of the internet only. The kernel has other protocols, whose code nobody here has looked at. */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 23),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
    RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    LOAD(args[1]),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf), /* SOCK_TYPE_MASK of linux/net.h */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 0, 6),
    LOAD(args[2]),
    IF(0),
    RETURN(SECCOMP_RET_ALLOW),
    IF(IPPROTO_TCP),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_DGRAM, 0, 8),
    LOAD(args[2]),
    IF(0),
    RETURN(SECCOMP_RET_ALLOW),
    IF(IPPROTO_UDP),
    RETURN(SECCOMP_RET_ALLOW),
    IF(IPPROTO_UDPLITE),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
    RETURN(SECCOMP_RET_ERRNO | ESOCKTNOSUPPORT),
    /* setsockopt(), getsockopt(): the options that pass, which the stack asks for itself before. Behind it are some that write
     * further than they are told to, or run programs in the kernel. */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(args[1]),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, OPTION_MOST, 0, 1),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, OPTION_BITS),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, OPTION_MOST, 0, 1),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
    LINUX_OPTIONS(ALLOW_OPTION)
    RETURN(SECCOMP_RET_KILL_PROCESS),
};

void ins_filter_system_calls(int host) {
    struct sock_filter with_host[sizeof program / sizeof program[0]];
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = with_host};
    memcpy(with_host, program, sizeof program);
    for (size_t i = 0; i < filter.len; i++)
        if (with_host[i].k == HOST) with_host[i].k = (uint32_t)host;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        ins_die("cannot filter system calls: %s: does the kernel have CONFIG_SECCOMP_FILTER? --no-sandbox goes "
                "without",
                strerror(errno));
}
