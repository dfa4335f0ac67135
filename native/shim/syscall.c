/*
 * syscall.c - libc's syscall(), by which libuv closes and language runtimes and tests do everything else:
 * calls on sockets in a region go to the shim's own functions, all others to the kernel as they are.
 *
 * The shim itself, and the region library in it, calls kernel_call(): rules.mk renames their syscall(). In a process
 * that has confined itself that is sandbox_call().
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "critical.h"
#include "entry.h"
#include "kernel.h"
#include "loan.h"
#include "namespace.h"
#include "privileges.h"
#include "sandbox.h"
#include "shown.h"
#include "table.h"
#include "watch.h"

/* The numbers that C code below looks at; one bit each. */
#define NUMBERS(X, word)                                                                                        \
    X(word, socket) X(word, bind) X(word, listen) X(word, accept) X(word, accept4) X(word, connect)             \
    X(word, shutdown) X(word, getsockname) X(word, getpeername) X(word, getsockopt) X(word, setsockopt)         \
    X(word, read) X(word, readv) X(word, preadv2) X(word, recvfrom) X(word, recvmsg) X(word, recvmmsg)          \
    X(word, write) X(word, writev) X(word, pwritev2) X(word, sendto) X(word, sendmsg) X(word, sendmmsg)         \
    X(word, sendfile) X(word, splice) X(word, close) X(word, close_range) X(word, dup) X(word, dup2)            \
    X(word, dup3) X(word, fcntl) X(word, ioctl) X(word, execve) X(word, execveat) X(word, chroot)               \
    X(word, setuid) X(word, setreuid) X(word, setresuid) X(word, getrlimit) X(word, setrlimit) X(word, prlimit64) X(word, mlockall) X(word, rt_sigaction) X(word, io_uring_setup)                     \
    X(word, prctl) X(word, seccomp) X(word, unshare) X(word, setns) X(word, epoll_ctl) X(word, epoll_wait) X(word, epoll_pwait) X(word, epoll_pwait2)      \
    X(word, poll) X(word, ppoll) X(word, select) X(word, pselect6)
#define BIT(word, name) | (SYS_##name / 64 == (word) ? UINT64_C(1) << SYS_##name % 64 : 0)
#define WORD(word) 0 NUMBERS(BIT, word)
extern const uint64_t syscall_numbers[8];
__attribute__((used)) const uint64_t syscall_numbers[8] = {WORD(0), WORD(1), WORD(2), WORD(3),
                                                           WORD(4), WORD(5), WORD(6), WORD(7)};

/* The arguments of syscall() where the kernel expects them. */
#define KERNELS_REGISTERS                                                                                                  \
    "movq %rdi, %rax\nmovq %rsi, %rdi\nmovq %rdx, %rsi\nmovq %rcx, %rdx\nmovq %r8, %r10\nmovq %r9, %r8\nmovq 8(%rsp), %r9\n"

/* In assembly, so that a call that is not ours behaves exactly as libc's does: with all six arguments, without a frame
 * of its own (a child with a new stack returns from it), and nothing touched but errno. Before a call that makes a child
 * lent descriptors are kept. The arguments lie where C expects those of syscall_of_socket. */
__asm__(".pushsection .text\n"
        ".globl syscall\n.type syscall, @function\nsyscall:\n"
        ".cfi_startproc\n"
        "cmpq $511, %rdi\nja raw_call\n"
        "cmpq $56, %rdi\nje 2f\n"  /* SYS_clone */
        "cmpq $57, %rdi\nje 2f\n"  /* SYS_fork */
        "cmpq $58, %rdi\nje 2f\n"  /* SYS_vfork */
        "cmpq $435, %rdi\nje 2f\n" /* SYS_clone3 */
        "leaq syscall_numbers(%rip), %rax\n"
        "btq %rdi, (%rax)\njc syscall_of_socket\n"
        "jmp raw_call\n"
        "2: pushq %rdi\n.cfi_adjust_cfa_offset 8\npushq %rsi\n.cfi_adjust_cfa_offset 8\npushq %rdx\n.cfi_adjust_cfa_offset 8\n"
        "pushq %rcx\n.cfi_adjust_cfa_offset 8\npushq %r8\n.cfi_adjust_cfa_offset 8\npushq %r9\n.cfi_adjust_cfa_offset 8\n"
        "subq $8, %rsp\n.cfi_adjust_cfa_offset 8\n"
        "call process_cloning\n" /* the child has what its parent may close at once */
        "addq $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "popq %r9\n.cfi_adjust_cfa_offset -8\npopq %r8\n.cfi_adjust_cfa_offset -8\npopq %rcx\n.cfi_adjust_cfa_offset -8\n"
        "popq %rdx\n.cfi_adjust_cfa_offset -8\npopq %rsi\n.cfi_adjust_cfa_offset -8\npopq %rdi\n.cfi_adjust_cfa_offset -8\n"
        KERNELS_REGISTERS
        "syscall\n"
        "testq %rax, %rax\nje 3f\n"
        "lock decl loan_suspended(%rip)\n"
        "cmpq $-4095, %rax\njae 1f\n"
        "3: ret\n"
        ".globl raw_call\n.hidden raw_call\n.type raw_call, @function\nraw_call:\n"
        KERNELS_REGISTERS
        "syscall\n"
        "cmpq $-4095, %rax\njae 1f\nret\n"
        "1: movq %rax, %rdi\njmp syscall_failed\n"
        ".cfi_endproc\n.size raw_call, .-raw_call\n.size syscall, .-syscall\n"
        ".globl kernel_call\n.hidden kernel_call\n.type kernel_call, @function\nkernel_call:\n"
        ".cfi_startproc\n"
        "cmpb $0, sandbox_confined(%rip)\nje raw_call\njmp sandbox_call\n"
        ".cfi_endproc\n.size kernel_call, .-kernel_call\n"
        ".popsection\n");

long syscall_failed(long result);
__attribute__((used)) long syscall_failed(long result) {
    errno = (int)-result;
    return -1;
}

static bool has_entry(long fd) { return table_get((int)fd) != RF_ENTRY_NONE; }

__attribute__((used)) long syscall_of_socket(long number, long a, long b, long c, long d, long e, long f) {
    struct ring_socket s;
    struct epoll_event event;
    int fd = (int)a;
    switch (number) {
    /* What watches by number is the kernel's alone, and woken by packets. */
    case SYS_epoll_ctl:
        if (b != EPOLL_CTL_DEL && table_find((int)c, &s)) loan_watched(&s, false);
        watch_unsure((int)c);
        watch_unsure(fd);
        if (raw_call(number, a, b, c, interest_asked((int)c, (int)b, (struct epoll_event *)d, &event)) != 0) return -1;
        if (b != EPOLL_CTL_DEL && !process_is_borrowed())
            interest_changed(fd, (int)c, table_find((int)c, &s) ? &s : NULL, (struct epoll_event *)d);
        return 0;
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
        watch_unsure(fd);
        return wait_by_number(number, fd, (struct epoll_event *)b, (int)c, d, (sigset_t *)e, (size_t)f);
    case SYS_poll:
        return shim_poll((struct pollfd *)a, (nfds_t)b, (int)c);
    case SYS_ppoll:
        return ppoll_by_number((struct pollfd *)a, (nfds_t)b, (struct timespec *)c, (sigset_t *)d, (size_t)e);
    case SYS_select:
        return shim_select(fd, (fd_set *)b, (fd_set *)c, (fd_set *)d, (struct timeval *)e);
    case SYS_pselect6:
        return pselect_by_number(fd, (fd_set *)b, (fd_set *)c, (fd_set *)d, (struct timespec *)e, (void *)f);
    /* What opens or closes a descriptor or names two: the shim's functions leave no stale entry behind. */
    case SYS_socket:
        return shim_socket((int)a, (int)b, (int)c);
    case SYS_close_range:
        return shim_close_range((unsigned)a, (unsigned)b, (int)c);
    case SYS_dup:
        return shim_dup(fd);
    case SYS_dup2:
        return shim_dup2(fd, (int)b);
    case SYS_dup3:
        return shim_dup3(fd, (int)b, (int)c);
    /* Interfaces may be asked for on any socket. */
    case SYS_ioctl:
        return shim_ioctl(fd, (unsigned long)b, c);
    case SYS_fcntl:
        return shim_fcntl(fd, (int)b, c);
    case SYS_recvmsg:
        return shim_recvmsg(fd, (struct msghdr *)b, (int)c);
    case SYS_sendmsg:
        return shim_sendmsg(fd, (struct msghdr *)b, (int)c);
    case SYS_sendmmsg:
        return shim_sendmmsg(fd, (struct mmsghdr *)b, (unsigned)c, (int)d);
    case SYS_sendfile:
        if (has_entry(a) || has_entry(b)) return shim_sendfile(fd, (int)b, (off_t *)c, (size_t)d);
        break;
    case SYS_splice:
        if (has_entry(a) || has_entry(c))
            return shim_splice(fd, (off_t *)b, (int)c, (off_t *)d, (size_t)e, (unsigned)f);
        break;
    /* libuv takes this for a kernel without it, and works with epoll. */
    case SYS_io_uring_setup:
        if (!attachment_configured()) break;
        errno = ENOSYS;
        return -1;
    case SYS_execve:
        return shim_execve((char *)a, (char **)b, (char **)c);
    case SYS_execveat:
        return shim_execveat(fd, (char *)b, (char **)c, (char **)d, (int)e);
    /* For one thread, and libc does it for all. */
    case SYS_chroot:
    case SYS_setuid:
    case SYS_setreuid:
    case SYS_setresuid:
        privileges_change();
        break;
    case SYS_setrlimit:
        return shim_setrlimit((__rlimit_resource_t)a, (struct rlimit *)b);
    case SYS_getrlimit:
        return shim_getrlimit((__rlimit_resource_t)a, (struct rlimit *)b);
    case SYS_mlockall:
        return shim_mlockall((int)a);
    case SYS_prlimit64:
        return shim_prlimit64((pid_t)a, (__rlimit_resource_t)b, (struct rlimit64 *)c, (struct rlimit64 *)d);
    case SYS_unshare:
        namespace_leaving((int)a);
        break;
    case SYS_setns:
        namespace_leaving(b == 0 ? CLONE_NEWNET : (int)b);
        break;
    case SYS_prctl:
        if (a == PR_SET_SECCOMP) sandbox_enter();
        break;
    case SYS_seccomp:
        if (a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER) sandbox_enter();
        break;
    case SYS_rt_sigaction:
        if (b != 0 && readable((void *)b, sizeof(void *))) critical_note(*(void (**)(int))b);
        break;
    default:
        if (!has_entry(a)) break;
        switch (number) {
        case SYS_bind:
            return shim_bind(fd, (struct sockaddr *)b, (socklen_t)c);
        case SYS_listen:
            return shim_listen(fd, (int)b);
        case SYS_accept:
            return shim_accept(fd, (struct sockaddr *)b, (socklen_t *)c);
        case SYS_accept4:
            return shim_accept4(fd, (struct sockaddr *)b, (socklen_t *)c, (int)d);
        case SYS_connect:
            return shim_connect(fd, (struct sockaddr *)b, (socklen_t)c);
        case SYS_shutdown:
            return shim_shutdown(fd, (int)b);
        case SYS_getsockname:
            return shim_getsockname(fd, (struct sockaddr *)b, (socklen_t *)c);
        case SYS_getpeername:
            return shim_getpeername(fd, (struct sockaddr *)b, (socklen_t *)c);
        case SYS_getsockopt:
            return shim_getsockopt(fd, (int)b, (int)c, (void *)d, (socklen_t *)e);
        case SYS_setsockopt:
            return shim_setsockopt(fd, (int)b, (int)c, (void *)d, (socklen_t)e);
        case SYS_read:
            return shim_read(fd, (void *)b, (size_t)c);
        case SYS_readv:
            return shim_readv(fd, (struct iovec *)b, (int)c);
        case SYS_recvfrom:
            return shim_recvfrom(fd, (void *)b, (size_t)c, (int)d, (struct sockaddr *)e, (socklen_t *)f);
        case SYS_write:
            return shim_write(fd, (void *)b, (size_t)c);
        case SYS_writev:
            return shim_writev(fd, (struct iovec *)b, (int)c);
        case SYS_sendto:
            return shim_sendto(fd, (void *)b, (size_t)c, (int)d, (struct sockaddr *)e, (socklen_t)f);
        /* Of a place in a file the kernel takes two halves. */
        case SYS_preadv2:
            return shim_preadv2(fd, (struct iovec *)b, (int)c, (off_t)d, (int)f);
        case SYS_pwritev2:
            return shim_pwritev2(fd, (struct iovec *)b, (int)c, (off_t)d, (int)f);
        case SYS_recvmmsg:
            return shim_recvmmsg(fd, (struct mmsghdr *)b, (unsigned)c, (int)d, (struct timespec *)e);
        case SYS_close:
            return shim_close(fd);
        }
    }
    return raw_call(number, a, b, c, d, e, f);
}
