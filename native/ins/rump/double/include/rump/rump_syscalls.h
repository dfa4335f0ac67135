/* What the INS uses of <rump/rump_syscalls.h>: the same prototypes, and the same names of symbols behind them. */
#ifndef _RUMP_RUMP_SYSCALLS_H_
#define _RUMP_RUMP_SYSCALLS_H_

#define RUMP_DOUBLE_NAME(name) __asm(#name)

struct msghdr;
struct sockaddr;
struct iovec;
struct rlimit;
struct timespec;
struct kevent;

int rump_sys_close(int) RUMP_DOUBLE_NAME(rump___sysimpl_close);
ssize_t rump_sys_recvmsg(int, struct msghdr *, int) RUMP_DOUBLE_NAME(rump___sysimpl_recvmsg);
ssize_t rump_sys_sendmsg(int, const struct msghdr *, int) RUMP_DOUBLE_NAME(rump___sysimpl_sendmsg);
int rump_sys_accept(int, struct sockaddr *, socklen_t *) RUMP_DOUBLE_NAME(rump___sysimpl_accept);
int rump_sys_getpeername(int, struct sockaddr *, socklen_t *) RUMP_DOUBLE_NAME(rump___sysimpl_getpeername);
int rump_sys_getsockname(int, struct sockaddr *, socklen_t *) RUMP_DOUBLE_NAME(rump___sysimpl_getsockname);
int rump_sys_connect(int, const struct sockaddr *, socklen_t) RUMP_DOUBLE_NAME(rump___sysimpl_connect);
int rump_sys_bind(int, const struct sockaddr *, socklen_t) RUMP_DOUBLE_NAME(rump___sysimpl_bind);
int rump_sys_setsockopt(int, int, int, const void *, socklen_t) RUMP_DOUBLE_NAME(rump___sysimpl_setsockopt);
int rump_sys_listen(int, int) RUMP_DOUBLE_NAME(rump___sysimpl_listen);
int rump_sys_getsockopt(int, int, int, void *, socklen_t *) RUMP_DOUBLE_NAME(rump___sysimpl_getsockopt);
ssize_t rump_sys_readv(int, const struct iovec *, int) RUMP_DOUBLE_NAME(rump___sysimpl_readv);
int rump_sys_shutdown(int, int) RUMP_DOUBLE_NAME(rump___sysimpl_shutdown);
int rump_sys_setrlimit(int, const struct rlimit *) RUMP_DOUBLE_NAME(rump___sysimpl_setrlimit);
int rump_sys___sysctl(const int *, u_int, void *, size_t *, const void *, size_t) RUMP_DOUBLE_NAME(rump___sysimpl___sysctl);
int rump_sys_dup2(int, int) RUMP_DOUBLE_NAME(rump___sysimpl_dup2);
int rump_sys_kqueue(void) RUMP_DOUBLE_NAME(rump___sysimpl_kqueue);
int rump_sys_kevent(int, const struct kevent *, size_t, struct kevent *, size_t, const struct timespec *)
    RUMP_DOUBLE_NAME(rump___sysimpl_kevent50);
int rump_sys_socket(int, int, int) RUMP_DOUBLE_NAME(rump___sysimpl_socket30);

#endif
