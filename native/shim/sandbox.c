/* Seccomp. sshd's child before authentication may read, write and poll, and is killed for a recvfrom. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "kernel.h"
#include "real.h"
#include "table.h"
#include "watch.h"

#define KNOWN 1024 /* descriptors whose flags are noted; others count as blocking */

__attribute__((used)) bool sandbox_confined;
static uint64_t nonblocking[KNOWN / 64];

void sandbox_enter(void) {
    if (!attachment_configured() || sandbox_confined || process_is_borrowed()) return;
    int kept = errno;
    /* The filter may not allow fcntl. */
    for (int fd = 0; fd < KNOWN && (unsigned)fd < table_end(); fd++)
        if (table_get(fd) != RF_ENTRY_NONE && (raw_call(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK) != 0)
            nonblocking[fd / 64] |= UINT64_C(1) << fd % 64;
    watch_break_all(); /* from now on packets wake, which takes no other calls */
    sandbox_confined = true;
    errno = kept;
}

/* Waits for the event as the call would. 1, 0 with EAGAIN in errno, or -1. */
static int await(int fd, short event, int flags) {
    bool noted = (unsigned)fd < KNOWN && (nonblocking[fd / 64] >> fd % 64 & 1) != 0;
    struct pollfd p = {.fd = fd, .events = event};
    long ready = raw_call(SYS_poll, &p, 1, (flags & MSG_DONTWAIT) != 0 || noted ? 0 : -1);
    if (ready == 0) errno = EAGAIN;
    if (ready > 0 && event == POLLOUT && (p.revents & (POLLERR | POLLHUP)) != 0) {
        errno = EPIPE;
        return -1;
    }
    return (int)ready;
}

/* The shim's own calls in a confined process; the arguments are those of the call that it stands for. */
long sandbox_call(long number, long a, long b, long c, long d, long e, long f);
__attribute__((used)) long sandbox_call(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_recvfrom) {
        if (await((int)a, POLLIN, (int)d) <= 0) return -1;
        return (d & MSG_PEEK) != 0 ? 0 : raw_call(SYS_read, a, b, c);
    }
    if (number == SYS_sendto) {
        if (await((int)a, POLLOUT, (int)d) <= 0) return -1;
        return raw_call(SYS_write, a, b, c);
    }
    return raw_call(number, a, b, c, d, e, f);
}

__attribute__((visibility("default"), used)) int exported_prctl(int option, ...) __asm__("prctl");
int exported_prctl(int option, ...) {
    va_list rest;
    va_start(rest, option);
    unsigned long a = va_arg(rest, unsigned long), b = va_arg(rest, unsigned long);
    unsigned long c = va_arg(rest, unsigned long), d = va_arg(rest, unsigned long);
    va_end(rest);
    if (option == PR_SET_SECCOMP) sandbox_enter();
    /* libc's is the system call and nothing more. */
    return (int)raw_call(SYS_prctl, (long)option, a, b, c, d);
}
