/* fdopen(), freopen(), fclose(), and the three standard streams. Everything else that stdio does goes by way of a
 * stream's functions. A program without sockets on its streams has libc's own. */
#include "stream.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "entry.h"
#include "loan.h"
#include "real.h"
#include "table.h"

/* Of _flags, as glibc has had them ever since: libio.h. */
#define NO_READS 0x0004
#define NO_WRITES 0x0008
#define IS_APPENDING 0x1000
#define MODE_FLAGS (NO_READS | NO_WRITES | IS_APPENDING)
#define UNBUFFERED 0x0002
#define LINE_BUFFERED 0x0200

static int fd_of(void *cookie) { return (int)(intptr_t)cookie; }

static bool is_remote(int fd) {
    uint64_t entry = table_get(fd);
    return entry != RF_ENTRY_NONE && entry != RF_ENTRY_OWN;
}

/* ---- the functions of a stream ---- */

static ssize_t stream_read(void *cookie, char *buffer, size_t length) { return shim_read(fd_of(cookie), buffer, length); }

/* As libc does: until all is written, or an error. What is not written is the error. */
static ssize_t stream_write(void *cookie, const char *buffer, size_t length) {
    size_t written = 0;
    while (written < length) {
        ssize_t n = shim_write(fd_of(cookie), buffer + written, length - written);
        if (n < 0) break;
        written += (size_t)n;
    }
    return (ssize_t)written;
}

static int stream_seek(void *cookie, off64_t *offset, int whence) {
    if (is_remote(fd_of(cookie))) {
        errno = ESPIPE;
        return -1;
    }
    *offset = lseek64(fd_of(cookie), *offset, whence);
    return *offset < 0 ? -1 : 0;
}

static int stream_close(void *cookie) { return shim_close(fd_of(cookie)); }

/* What stands behind the FILE in a stream of fopencookie(). */
struct behind {
    const void *functions; /* the same for all of them, by which they are recognised */
    void *cookie;
};

static struct behind *behind(FILE *stream) { return (struct behind *)(stream + 1); }
static _Atomic(const void *) own_functions;

static bool is_own(FILE *stream) {
    const void *own = own_functions;
    return own != NULL && behind(stream)->functions == own;
}

static FILE *open_stream(int fd, const char *mode, cookie_read_function_t *reads) {
    cookie_io_functions_t functions = {reads, stream_write, stream_seek, stream_close};
    FILE *stream = fopencookie((void *)(intptr_t)fd, mode, functions);
    if (stream == NULL) return NULL;
    own_functions = behind(stream)->functions;
    stream->_fileno = fd;
    return stream;
}

/* ---- fdopen ---- */

/* What fopencookie() and the flags of a stream know of a mode; NULL if it is none. */
static const char *plain_mode(const char *mode) {
    bool both = memchr(mode, '+', strnlen(mode, 5)) != NULL;
    switch (*mode) {
    case 'r':
        return both ? "r+" : "r";
    case 'w':
        return both ? "w+" : "w";
    case 'a':
        return both ? "a+" : "a";
    default:
        return NULL;
    }
}

FILE *shim_fdopen(int fd, const char *mode) {
    struct ring_socket s;
    if (!table_find(fd, &s)) return real.fdopen(fd, mode);
    const char *plain = plain_mode(mode);
    if (plain == NULL) {
        errno = EINVAL;
        return NULL;
    }
    int flags = real.fcntl(fd, F_GETFL, 0L);
    if (*plain == 'a') loan_keep(fd);
    if (*plain == 'a' && (flags & O_APPEND) == 0) real.fcntl(fd, F_SETFL, (long)(flags | O_APPEND));
    return open_stream(fd, plain, stream_read);
}

/* ---- fclose, freopen ---- */

static void forget(int fd) {
    if (fd < 0 || !is_remote(fd) || process_is_borrowed()) return;
    loan_keep(fd);
    table_set(fd, RF_ENTRY_NONE);
}

int shim_fclose(FILE *stream) {
    /* Ours is flushed before it closes. */
    if (!is_own(stream)) forget(stream->_fileno);
    return real.fclose(stream);
}

/* libc's freopen() knows nothing of the streams of fopencookie(). The file takes the place of the socket, under the
 * descriptor's number, and the stream stays what it is. */
static FILE *reopen(FILE *stream, FILE *file, const char *mode) {
    const char *plain = plain_mode(mode);
    int fd = stream->_fileno, error = errno;
    fflush(stream);
    __fpurge(stream);
    if (file == NULL || plain == NULL) {
        /* Closed, but still there: it may be stderr. */
        if (file != NULL) real.fclose(file);
        shim_close(fd);
        behind(stream)->cookie = (void *)(intptr_t)(stream->_fileno = -1);
        errno = error;
        return NULL;
    }
    int flags = fcntl(fileno_unlocked(file), F_GETFD) & FD_CLOEXEC;
    int moved = shim_dup3(fileno_unlocked(file), fd, flags != 0 ? O_CLOEXEC : 0);
    real.fclose(file);
    if (moved < 0) return NULL;
    flockfile(stream);
    stream->_flags &= ~(MODE_FLAGS | _IO_EOF_SEEN | _IO_ERR_SEEN);
    if (plain[1] != '+') stream->_flags |= *plain == 'r' ? NO_WRITES : NO_READS;
    if (*plain == 'a') stream->_flags |= IS_APPENDING;
    stream->_offset = -1;
    funlockfile(stream);
    return stream;
}

FILE *shim_freopen(const char *path, const char *mode, FILE *stream) {
    int fd = stream->_fileno;
    /* A socket cannot be opened by its name in /proc, which is what a NULL path comes to. */
    if (is_own(stream) && path == NULL) errno = ENXIO;
    if (is_own(stream)) return reopen(stream, path != NULL ? fopen(path, mode) : NULL, mode);
    FILE *reopened = real.freopen(path, mode, stream);
    forget(fd);
    return reopened;
}

FILE *shim_freopen64(const char *path, const char *mode, FILE *stream) { return shim_freopen(path, mode, stream); }

/* ---- the standard streams ---- */

static FILE *former[STDERR_FILENO + 1];

/* What the former stdin has read and nobody has taken comes first. */
static ssize_t standard_read(void *cookie, char *buffer, size_t length) {
    FILE *from = former[STDIN_FILENO];
    size_t left = (size_t)(from->_IO_read_end - from->_IO_read_ptr);
    if (left == 0) return stream_read(cookie, buffer, length);
    if (left > length) left = length;
    memcpy(buffer, from->_IO_read_ptr, left);
    from->_IO_read_ptr += left;
    return (ssize_t)left;
}

/* The streams of C++ that go by way of stdio remember the FILE: in a stdio_sync_filebuf, behind the streambuf
 * (libstdc++, ext/stdio_sync_filebuf.h; its streambuf is eight words). */
static void tell_cpp(const char *name, FILE *from, FILE *to) {
    void **stream = dlsym(RTLD_DEFAULT, name);
    void *(*buffer_of)(void *) = (void *(*)(void *))dlsym(RTLD_DEFAULT, "_ZNKSt9basic_iosIcSt11char_traitsIcEE5rdbufEv");
    void **functions = dlsym(RTLD_DEFAULT, "_ZTVN9__gnu_cxx18stdio_sync_filebufIcSt11char_traitsIcEEE");
    if (stream == NULL || *stream == NULL || buffer_of == NULL || functions == NULL) return;
    /* Its basic_ios is a virtual base: the place of it stands before the functions. */
    ptrdiff_t base = ((ptrdiff_t *)*stream)[-3];
    void **buffer = buffer_of((char *)stream + base);
    if (buffer != NULL && buffer[0] == functions + 2 && buffer[8] == from) buffer[8] = to;
}

static void hand_over(FILE *from, FILE *to) {
    if ((from->_flags & UNBUFFERED) != 0) setvbuf(to, NULL, _IONBF, 0);
    else if ((from->_flags & LINE_BUFFERED) != 0) setvbuf(to, NULL, _IOLBF, 0);
    size_t pending = (size_t)(from->_IO_write_ptr - from->_IO_write_base);
    if (pending == 0) return;
    fwrite_unlocked(from->_IO_write_base, 1, pending, to);
    from->_IO_write_ptr = from->_IO_write_base;
}

void stream_standard(int fd) {
    static const char *const cpp_streams[] = {"_ZSt3cin", "_ZSt4cout", "_ZSt4cerr", "_ZSt4clog"};
    FILE **standard[] = {&stdin, &stdout, &stderr};
    if (fd < STDIN_FILENO || fd > STDERR_FILENO || process_is_borrowed()) return;
    FILE *from = *standard[fd];
    /* The program may have a stream of its own there, or have closed it. */
    if (from == NULL || is_own(from) || from->_fileno != fd) return;
    int kept = errno;
    FILE *to = open_stream(fd, fd == STDIN_FILENO ? "r" : "w", fd == STDIN_FILENO ? standard_read : stream_read);
    if (to != NULL) {
        former[fd] = from;
        if (fd != STDIN_FILENO) hand_over(from, to);
        *standard[fd] = to;
        for (int i = 0; i < 4; i++) tell_cpp(cpp_streams[i], from, to);
    }
    errno = kept;
}
