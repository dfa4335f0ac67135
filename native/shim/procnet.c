/* /proc/net/dev, if_inet6 and route: proc(5), and the functions of Linux that are named below. */
#include "namespace.h"
#include "procnet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "entry.h"
#include "kernel.h"
#include "network.h"
#include "real.h"
#include "table.h"
#include "within.h"

#define MOST (RF_NETWORK_MOST * 160) /* more than the longest line, for each entry */

struct text {
    char *bytes;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void line(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->used, MOST - text->used, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < MOST - text->used) text->used += (size_t)length;
}

static const char *name_of(const struct network *network, uint32_t index) {
    const struct rf_network_entry *link = network_link(network, index, NULL);
    return link != NULL ? link->name : "*";
}

/* dev_seq_printf_stats(); nothing is counted. */
static void write_dev(struct text *text, const struct network *network) {
    line(text, "Inter-|   Receive                                                |  Transmit\n"
               " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
               "carrier compressed\n");
    for (unsigned i = 0; i < network->count; i++)
        if (network->entries[i].kind == RF_NETWORK_LINK)
            line(text, "%6s: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n",
                 network->entries[i].name, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* The scope that the file has: IPV6_ADDR_LOOPBACK, _LINKLOCAL, _SITELOCAL of Linux's net/ipv6.h; 0 is global. */
static unsigned scope_of(const uint8_t *address) {
    struct in6_addr in6;
    memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_LOOPBACK(&in6)) return 0x10;
    return IN6_IS_ADDR_LINKLOCAL(&in6) ? 0x20 : IN6_IS_ADDR_SITELOCAL(&in6) ? 0x40 : 0;
}

/* if6_seq_show() */
static void write_if_inet6(struct text *text, const struct network *network) {
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *e = &network->entries[i];
        if (e->kind != RF_NETWORK_ADDRESS || e->address.family != AF_INET6) continue;
        for (int byte = 0; byte < 16; byte++) line(text, "%02x", e->address.local[byte]);
        line(text, " %02x %02x %02x %02x %8s\n", e->index & 0xff, e->address.prefix, scope_of(e->address.local),
             e->address.flags & 0xff, name_of(network, e->index));
    }
}

static uint32_t word(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* fib_route_seq_show(): addresses as they lie in memory, lines of 127 characters. */
static void write_route(struct text *text, const struct network *network) {
    line(text, "%-127s\n", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    for (unsigned i = 0; i < network->count; i++) {
        const struct rf_network_entry *e = &network->entries[i];
        if (e->kind != RF_NETWORK_ROUTE || e->route.family != AF_INET || e->route.type != RTN_UNICAST) continue;
        char shown[128];
        uint32_t mask = e->route.prefix == 0 ? 0 : htonl(UINT32_MAX << (32 - e->route.prefix));
        unsigned flags = RTF_UP | (word(e->route.gateway) != 0 ? RTF_GATEWAY : 0) | (e->route.prefix == 32 ? RTF_HOST : 0);
        snprintf(shown, sizeof shown, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u", name_of(network, e->index),
                 word(e->route.destination), word(e->route.gateway), flags, 0, 0, e->route.priority, mask, 0, 0, 0);
        line(text, "%-127s\n", shown);
    }
}

static const struct {
    const char *name;
    void (*write)(struct text *, const struct network *);
} files[] = {{"dev", write_dev}, {"if_inet6", write_if_inet6}, {"route", write_route}};

/* The index in `files`, or -1. */
static int file_at(const char *path) {
    static const char *const directories[] = {"/proc/net/", "/proc/self/net/", "/proc/thread-self/net/"};
    for (size_t d = 0; d < sizeof directories / sizeof directories[0]; d++) {
        size_t length = strlen(directories[d]);
        if (strncmp(path, directories[d], length) != 0) continue;
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
            if (strcmp(path + length, files[i].name) == 0) return (int)i;
    }
    return -1;
}

static int fill(int fd, int file, const struct network *network) {
    struct text text = {.bytes = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    if (text.bytes == MAP_FAILED) return ENOMEM;
    files[file].write(&text, network);
    ssize_t written = pwrite(fd, text.bytes, text.used, 0);
    munmap(text.bytes, MOST);
    return written == (ssize_t)text.used ? 0 : ENOSPC;
}

/* As the kernel's files are: nobody writes them, and the descriptor is for reading. Without /proc, or a number to open it by once more,
 * it is one for both, and writing is refused. */
static void make_constant(int fd, int flags) {
    char path[sizeof "/proc/thread-self/fd/" + 10];
    raw_call(SYS_fchmod, fd, 0444L);
    raw_call(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    long again = raw_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | (flags & O_NONBLOCK));
    if (again >= 0) {
        raw_call(SYS_dup3, again, fd, flags & O_CLOEXEC);
        raw_call(SYS_close, again);
    } else if ((flags & O_CLOEXEC) == 0) {
        raw_call(SYS_fcntl, fd, F_SETFD, 0L);
    }
}

bool procnet_open(const char *path, int flags, int *fd) {
    struct network network;
    int kept = errno;
    if ((flags & O_ACCMODE) != O_RDONLY || !attachment_configured() || process_is_borrowed() || !namespace_is_home()) return false;
    int file = readable(path, 1) ? file_at(path) : -1;
    errno = kept;
    if (file < 0) return false;
    /* Without an answer the kernel's own file tells of the empty namespace. */
    if (network_load(&network) != 0) return false;
    *fd = memfd_create(files[file].name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error = *fd < 0 ? errno : fill(*fd, file, &network);
    network_unload(&network);
    if (error == 0) make_constant(*fd, flags);
    if (error != 0 && *fd >= 0) raw_call(SYS_close, *fd);
    errno = error != 0 ? error : kept;
    if (error != 0) *fd = -1;
    return true;
}

/* ---- open() and its kin: libc's declarations are variadic ---- */

#define EXPORTED __attribute__((visibility("default"), used))

typedef int (*opener)(const char *, int, ...);
typedef int (*opener_at)(int, const char *, int, ...);
static opener real_open;
static opener_at real_openat;

/* Allocators open files before anything else runs; looking libc's functions up then would allocate. */
__attribute__((constructor)) static void resolve(void) {
    real_open = (opener)real_find("open64");
    real_openat = (opener_at)real_find("openat64");
}

static int open_at(int directory, const char *path, int flags, long mode) {
    int fd;
    WITHIN_PAUSED;
    if (procnet_open(path, flags, &fd)) return fd;
    if (real_open == NULL || real_openat == NULL) return (int)raw_call(SYS_openat, directory, path, flags, mode);
    return directory == AT_FDCWD ? real_open(path, flags, mode) : real_openat(directory, path, flags, mode);
}

#define OPEN(name)                                                                        \
    EXPORTED int exported_##name(const char *path, int flags, ...) __asm__(#name);        \
    int exported_##name(const char *path, int flags, ...) {                               \
        va_list rest;                                                                     \
        va_start(rest, flags);                                                            \
        long mode = va_arg(rest, long);                                                   \
        va_end(rest);                                                                     \
        return open_at(AT_FDCWD, path, flags, mode);                                      \
    }
#define OPENAT(name)                                                                            \
    EXPORTED int exported_##name(int directory, const char *path, int flags, ...) __asm__(#name); \
    int exported_##name(int directory, const char *path, int flags, ...) {                      \
        va_list rest;                                                                           \
        va_start(rest, flags);                                                                  \
        long mode = va_arg(rest, long);                                                         \
        va_end(rest);                                                                           \
        return open_at(directory, path, flags, mode);                                           \
    }
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(openat)
OPENAT(openat64)

/* Streams: libc opens by itself. Nobody writes to these files. */
static FILE *open_stream(const char *path, const char *mode, FILE *(*real_fopen)(const char *, const char *)) {
    int fd;
    if (!readable(mode, 1) || mode[0] != 'r' || strchr(mode, '+') != NULL ||
        !procnet_open(path, strchr(mode, 'e') != NULL ? O_CLOEXEC : 0, &fd))
        return real_fopen(path, mode);
    return fd < 0 ? NULL : fdopen(fd, "r");
}
FILE *shim_fopen(const char *path, const char *mode) { return open_stream(path, mode, real.fopen); }
FILE *shim_fopen64(const char *path, const char *mode) { return open_stream(path, mode, real.fopen64); }
