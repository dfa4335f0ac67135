/* The filter of system calls: what it leaves, and that anything else ends the process. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../region/test/check.h"
#include "../ins.h"

void ins_die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    _exit(95);
}

/* The highest descriptor that is no socket of the stack. */
#define HOST 2

/* How a filtered child ends that makes this system call: its exit status is the error, 0 for success;
 * or the negated signal that ended it. */
static int filtered(long number, long a, long b, long c) {
    fflush(stdout);
    pid_t child = fork();
    check_need(child >= 0, "fork");
    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core file */
        ins_filter_system_calls(HOST);
        long value = syscall(number, a, b, c, 0, 0, 0);
        syscall(SYS_exit_group, value < 0 ? errno : 0);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 20);
    static const struct {
        long number;
        const char *sentence;
    } forbidden[] = {
        {SYS_execve, "execve ends the process"},         {SYS_fork, "fork ends the process"},
        {SYS_clone3, "clone3 ends the process"},         {SYS_openat, "openat ends the process"},
        {SYS_mmap, "mmap ends the process"},             {SYS_mprotect, "mprotect ends the process"},
        {SYS_brk, "brk ends the process"},               {SYS_ptrace, "ptrace ends the process"},
        {SYS_kill, "kill ends the process"},             {SYS_socketpair, "socketpair ends the process"},
        {SYS_io_uring_setup, "io_uring_setup ends the process"},
        {SYS_epoll_wait | 0x40000000, "a system call of the x32 ABI ends the process"},
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        int end = filtered(forbidden[i].number, 0, 0, 0);
        check(end == -SIGSYS, forbidden[i].sentence, "it ended with %d", end);
    }
    int end = filtered(SYS_recvmsg, HOST, 0, 0);
    check(end == -SIGSYS, "recvmsg on the gateway's descriptors, and with it others from there, ends the process",
          "it ended with %d", end);
    end = filtered(SYS_recvmsg, -1, 0, 0);
    check(end == EBADF, "recvmsg on descriptors above them can be called", "%d", end);
    end = filtered(SYS_sendmsg, HOST, 0, 0);
    check(end == -SIGSYS, "sendmsg on them, and with it others to the gateway, ends the process", "it ended with %d", end);
    end = filtered(SYS_sendmsg, -1, 0, 0);
    check(end == EBADF, "sendmsg on descriptors above them can be called", "%d", end);
    end = filtered(SYS_sendmmsg, 77, 0, 0);
    check(end == -SIGSYS, "sendmmsg on any ends the process", "it ended with %d", end);
    end = filtered(SYS_dup3, HOST, 77, 0);
    check(end == -SIGSYS, "dup3 of one of the gateway's descriptors ends the process", "it ended with %d", end);
    end = filtered(SYS_dup3, 77, HOST, 0);
    check(end == -SIGSYS, "and dup3 over one", "it ended with %d", end);
    end = filtered(SYS_dup3, 77, 78, 0);
    check(end == EBADF, "dup3 among those above them can be called", "%d", end);
    end = filtered(SYS_socket, AF_INET, SOCK_STREAM, 0);
    check(end == 0, "a socket of the internet can be made", "error %d", end);
    end = filtered(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    check(end == EAFNOSUPPORT, "a socket of another family is EAFNOSUPPORT", "%d", end);
    end = filtered(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
    check(end == EAFNOSUPPORT, "a netlink socket, too", "%d", end);
    end = filtered(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    check(end == 0 || end == EAFNOSUPPORT, "so can one of datagrams", "error %d", end);
    end = filtered(SYS_socket, AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
    check(end == EPROTONOSUPPORT && filtered(SYS_socket, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_SCTP) == EPROTONOSUPPORT &&
              filtered(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP) == EPROTONOSUPPORT,
          "one of another protocol than TCP and UDP is EPROTONOSUPPORT", "%d", end);
    end = filtered(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_TCP);
    check(end == ESOCKTNOSUPPORT, "a raw socket is ESOCKTNOSUPPORT", "%d", end);
    static const int optional[][2] = {{SOL_SOCKET, SO_ERROR}, {IPPROTO_TCP, TCP_INFO}, {IPPROTO_IPV6, IPV6_LEAVE_GROUP}};
    static const int forbidden_options[][2] = {{SOL_SOCKET, SO_ATTACH_FILTER}, {SOL_SOCKET, SO_DETACH_FILTER}, {SOL_SOCKET, SO_ATTACH_BPF},
                                               {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF}, {SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF},
                                               {IPPROTO_TCP, TCP_ULP}, {IPPROTO_IP, IP_MSFILTER}, {IPPROTO_UDP, SO_ERROR},
                                               {SOL_SOCKET | 0x100, SO_ERROR}, {SOL_SOCKET, SO_ERROR | 0x100}};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        end = filtered(SYS_setsockopt, -1, optional[i][0], optional[i][1]);
        int reading = filtered(SYS_getsockopt, -1, optional[i][0], optional[i][1]);
        check(end == EBADF && reading == EBADF, "an option that passes can be set and read", "%d, %d", end, reading);
    }
    for (size_t i = 0; i < sizeof forbidden_options / sizeof forbidden_options[0]; i++) {
        end = filtered(SYS_setsockopt, 77, forbidden_options[i][0], forbidden_options[i][1]);
        int reading = filtered(SYS_getsockopt, 77, forbidden_options[i][0], forbidden_options[i][1]);
        check(end == -SIGSYS && reading == -SIGSYS, "another option ends the process", "option %zu: %d, %d", i, end, reading);
    }
    end = filtered(SYS_ioctl, -1, SIOCATMARK, 0);
    check(end == EBADF, "an ioctl that asks for an urgent byte can be called", "%d", end);
    end = filtered(SYS_ioctl, -1, FIONBIO, 0);
    check(end == -SIGSYS, "any other ends the process", "it ended with %d", end);
    end = filtered(SYS_madvise, 0, 0, MADV_POPULATE_READ);
    check(end == 0 || end == EINVAL, "madvise that has pages mapped can be called", "error %d", end);
    end = filtered(SYS_madvise, 0, 0, MADV_DONTNEED);
    check(end == -SIGSYS, "any other madvise ends the process", "it ended with %d", end);
    return check_end();
}
