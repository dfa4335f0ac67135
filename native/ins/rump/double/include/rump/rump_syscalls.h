/* What the INS uses of <rump/rump_syscalls.h>: the same prototypes, and the same names of symbols behind them, those of NetBSD 7.99.34
 * and of 9.99 alike. */
#ifndef _RUMP_RUMP_SYSCALLS_H_
#define _RUMP_RUMP_SYSCALLS_H_

/* What <rump/rump_syscalls_compat.h> brings along: these headers of the host, and no others. */
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
typedef int32_t lwpid_t;
struct _cpuset;
typedef struct _cpuset cpuset_t;
#define RUMP_DOUBLE_TEXT(name) #name
#define __RENAME(name) __asm(RUMP_DOUBLE_TEXT(name))

/* Types of the prototypes that the INS does not use. */
struct rump_double_call_types {
    fd_set set;            /* rump_sys_select() */
    clockid_t clock;       /* rump_sys_timer_create() */
    timer_t timer;
    intptr_t semaphore;    /* rump_sys__ksem_init() */
    sigset_t signals;      /* rump_sys_pollts() */
    mode_t mode;           /* rump_sys_chmod() */
};

#ifndef RUMP_SYS_RENAME_CLOSE
#define RUMP_SYS_RENAME_CLOSE rump___sysimpl_close
#endif
#ifndef RUMP_SYS_RENAME_RECVMSG
#define RUMP_SYS_RENAME_RECVMSG rump___sysimpl_recvmsg
#endif
#ifndef RUMP_SYS_RENAME_SENDMSG
#define RUMP_SYS_RENAME_SENDMSG rump___sysimpl_sendmsg
#endif
#ifndef RUMP_SYS_RENAME_ACCEPT
#define RUMP_SYS_RENAME_ACCEPT rump___sysimpl_accept
#endif
#ifndef RUMP_SYS_RENAME_GETPEERNAME
#define RUMP_SYS_RENAME_GETPEERNAME rump___sysimpl_getpeername
#endif
#ifndef RUMP_SYS_RENAME_GETSOCKNAME
#define RUMP_SYS_RENAME_GETSOCKNAME rump___sysimpl_getsockname
#endif
#ifndef RUMP_SYS_RENAME_CONNECT
#define RUMP_SYS_RENAME_CONNECT rump___sysimpl_connect
#endif
#ifndef RUMP_SYS_RENAME_BIND
#define RUMP_SYS_RENAME_BIND rump___sysimpl_bind
#endif
#ifndef RUMP_SYS_RENAME_SETSOCKOPT
#define RUMP_SYS_RENAME_SETSOCKOPT rump___sysimpl_setsockopt
#endif
#ifndef RUMP_SYS_RENAME_LISTEN
#define RUMP_SYS_RENAME_LISTEN rump___sysimpl_listen
#endif
#ifndef RUMP_SYS_RENAME_GETSOCKOPT
#define RUMP_SYS_RENAME_GETSOCKOPT rump___sysimpl_getsockopt
#endif
#ifndef RUMP_SYS_RENAME_READV
#define RUMP_SYS_RENAME_READV rump___sysimpl_readv
#endif
#ifndef RUMP_SYS_RENAME_SHUTDOWN
#define RUMP_SYS_RENAME_SHUTDOWN rump___sysimpl_shutdown
#endif
#ifndef RUMP_SYS_RENAME_SETRLIMIT
#define RUMP_SYS_RENAME_SETRLIMIT rump___sysimpl_setrlimit
#endif
#ifndef RUMP_SYS_RENAME___SYSCTL
#define RUMP_SYS_RENAME___SYSCTL rump___sysimpl___sysctl
#endif
#ifndef RUMP_SYS_RENAME_DUP2
#define RUMP_SYS_RENAME_DUP2 rump___sysimpl_dup2
#endif
#ifndef RUMP_SYS_RENAME_IOCTL
#define RUMP_SYS_RENAME_IOCTL rump___sysimpl_ioctl
#endif
#ifndef RUMP_SYS_RENAME_KQUEUE
#define RUMP_SYS_RENAME_KQUEUE rump___sysimpl_kqueue
#endif
#ifndef RUMP_SYS_RENAME_KEVENT
#define RUMP_SYS_RENAME_KEVENT rump___sysimpl_kevent50
#endif
#ifndef RUMP_SYS_RENAME_SOCKET
#define RUMP_SYS_RENAME_SOCKET rump___sysimpl_socket30
#endif

struct msghdr;
struct sockaddr;
struct iovec;
struct rlimit;
struct timespec;
struct kevent;

int rump_sys_close(int) __RENAME(RUMP_SYS_RENAME_CLOSE);
ssize_t rump_sys_recvmsg(int, struct msghdr *, int) __RENAME(RUMP_SYS_RENAME_RECVMSG);
ssize_t rump_sys_sendmsg(int, const struct msghdr *, int) __RENAME(RUMP_SYS_RENAME_SENDMSG);
int rump_sys_accept(int, struct sockaddr *, socklen_t *) __RENAME(RUMP_SYS_RENAME_ACCEPT);
int rump_sys_getpeername(int, struct sockaddr *, socklen_t *) __RENAME(RUMP_SYS_RENAME_GETPEERNAME);
int rump_sys_getsockname(int, struct sockaddr *, socklen_t *) __RENAME(RUMP_SYS_RENAME_GETSOCKNAME);
int rump_sys_connect(int, const struct sockaddr *, socklen_t) __RENAME(RUMP_SYS_RENAME_CONNECT);
int rump_sys_bind(int, const struct sockaddr *, socklen_t) __RENAME(RUMP_SYS_RENAME_BIND);
int rump_sys_setsockopt(int, int, int, const void *, socklen_t) __RENAME(RUMP_SYS_RENAME_SETSOCKOPT);
int rump_sys_listen(int, int) __RENAME(RUMP_SYS_RENAME_LISTEN);
int rump_sys_getsockopt(int, int, int, void *, socklen_t *) __RENAME(RUMP_SYS_RENAME_GETSOCKOPT);
ssize_t rump_sys_readv(int, const struct iovec *, int) __RENAME(RUMP_SYS_RENAME_READV);
int rump_sys_shutdown(int, int) __RENAME(RUMP_SYS_RENAME_SHUTDOWN);
int rump_sys_setrlimit(int, const struct rlimit *) __RENAME(RUMP_SYS_RENAME_SETRLIMIT);
int rump_sys___sysctl(const int *, u_int, void *, size_t *, const void *, size_t) __RENAME(RUMP_SYS_RENAME___SYSCTL);
int rump_sys_dup2(int, int) __RENAME(RUMP_SYS_RENAME_DUP2);
int rump_sys_ioctl(int, u_long, ...) __RENAME(RUMP_SYS_RENAME_IOCTL);
int rump_sys_kqueue(void) __RENAME(RUMP_SYS_RENAME_KQUEUE);
int rump_sys_kevent(int, const struct kevent *, size_t, struct kevent *, size_t, const struct timespec *)
    __RENAME(RUMP_SYS_RENAME_KEVENT);
int rump_sys_socket(int, int, int) __RENAME(RUMP_SYS_RENAME_SOCKET);

#endif
