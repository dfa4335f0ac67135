/* splice() between a pipe and a stream: by way of the ring, in pieces that a pipe takes or gives at once. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entry.h"
#include "real.h"
#include "socket.h"

static bool is_pipe(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* Waits until the pipe is ready. 0 or an errno. */
static int await_pipe(int fd, short events, bool waits) {
    struct pollfd p = {.fd = fd, .events = events};
    struct timespec none = {0};
    long ready = syscall(SYS_ppoll, &p, 1, waits && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ? NULL : &none, NULL, 0);
    return ready < 0 ? errno : ready == 0 ? EAGAIN : 0;
}

/* A pipe that poll calls writable takes PIPE_BUF bytes; so nothing is taken that cannot be given. */
static ssize_t from_socket(int in, int out, size_t count, unsigned flags) {
    char bytes[PIPE_BUF];
    size_t moved = 0;
    int error = 0;
    while (moved < count) {
        size_t piece = count - moved < sizeof bytes ? count - moved : sizeof bytes;
        bool waits = moved == 0 && (flags & SPLICE_F_NONBLOCK) == 0;
        if ((error = await_pipe(out, POLLOUT, waits)) != 0) break;
        ssize_t got = shim_recv(in, bytes, piece, moved == 0 ? 0 : MSG_DONTWAIT);
        if (got <= 0) {
            error = got < 0 ? errno : 0;
            break;
        }
        ssize_t given = real.write(out, bytes, (size_t)got);
        if (given < 0) {
            error = errno;
            break;
        }
        moved += (size_t)given;
        if (given < got) break;
    }
    if (moved > 0 || error == 0) return (ssize_t)moved;
    errno = error;
    return -1;
}

/* What the pipe holds is counted, and no more than the socket has taken is read from it. */
static ssize_t to_socket(int in, int out, size_t count, unsigned flags, bool datagrams) {
    char bytes[PIPE_BUF];
    size_t moved = 0;
    int error = 0, send_flags = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
    while (moved < count) {
        size_t piece = count - moved < sizeof bytes ? count - moved : sizeof bytes;
        if ((error = await_pipe(in, POLLIN, moved == 0 && (flags & SPLICE_F_NONBLOCK) == 0)) != 0) break;
        /* A socket that cannot send takes nothing from the pipe. */
        if (!datagrams && shim_send(out, NULL, 0, 0) < 0 && errno != EAGAIN) {
            error = errno;
            break;
        }
        /* Room first: what has been read from the pipe does not go back into it. */
        struct pollfd room = {.fd = out, .events = POLLOUT};
        if (syscall(SYS_ppoll, &room, 1, &(struct timespec){0}, NULL, 0) == 0) {
            if (moved > 0) break;
            if (send_flags != 0 || (fcntl(out, F_GETFL) & O_NONBLOCK) != 0) error = EAGAIN;
            else if (syscall(SYS_ppoll, &room, 1, NULL, NULL, 0) < 0) error = errno;
            if (error != 0) break;
        }
        ssize_t got = real.read(in, bytes, piece);
        if (got <= 0) {
            error = got < 0 ? errno : 0;
            break;
        }
        size_t sent = 0;
        while (sent < (size_t)got) {
            ssize_t n = shim_send(out, bytes + sent, (size_t)got - sent, 0);
            if (n > 0) sent += (size_t)n;
            else if (n < 0 && errno != EAGAIN && errno != EINTR) break;
            else if (syscall(SYS_ppoll, &room, 1, NULL, NULL, 0) < 0 && errno != EINTR) break;
        }
        moved += sent;
        if (sent < (size_t)got) {
            error = errno;
            break;
        }
    }
    if (moved > 0 || error == 0) return (ssize_t)moved;
    errno = error;
    return -1;
}

ssize_t shim_splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t count, unsigned flags) {
    struct ring_socket s;
    bool from = table_find(in, &s), to = table_find(out, &s);
    if (!from && !to) return real.splice(in, in_offset, out, out_offset, count, flags);
    if (count != 0 && (flags & ~(unsigned)(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)) != 0) {
        errno = EINVAL;
        return -1;
    }
    int kept = errno;
    if (count == 0) return 0;
    int reads = fcntl(in, F_GETFL), writes = fcntl(out, F_GETFL);
    errno = EBADF;
    if (reads < 0 || writes < 0 || (reads & O_ACCMODE) == O_WRONLY || (writes & O_ACCMODE) == O_RDONLY) return -1;
    errno = EINVAL;
    if ((from && to) || !is_pipe(from ? out : in)) return -1;
    if ((from ? in_offset : out_offset) != NULL) return -1;
    errno = ESPIPE;
    if (in_offset != NULL || out_offset != NULL) return -1;
    ssize_t moved = from ? from_socket(in, out, count, flags) : to_socket(in, out, count, flags, socket_is_datagram(&s));
    if (moved >= 0) errno = kept;
    return moved;
}
