/* What happens when something attaches: memory, channels, the listening sockets, descriptors sent. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../region/region.h"
#include "loop.h"

static int result_of(int outcome) { return outcome < 0 ? -errno : outcome; }

/* docs/decisions/0031 */
int rf_loop_wait_its_turn(void) {
    if (sched_getscheduler(0) != SCHED_OTHER) return 0;
    return result_of(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}));
}

int rf_loop_epoll(void) { return result_of(epoll_create1(EPOLL_CLOEXEC)); }

int rf_loop_eventfd(void) { return result_of(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int rf_loop_signal(int eventfd) { return result_of((int)write(eventfd, &(uint64_t){1}, sizeof(uint64_t))); }

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* asm-generic/socket.h of Linux 6.16 */
#endif

void rf_loop_take_no_descriptors(int fd) {
    setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &(int){0}, sizeof(int));
}

static int pair(int type, int ends[2]) {
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    rf_loop_take_no_descriptors(ends[0]);
    return 0;
}

int rf_loop_channel(int ends[2]) { return pair(SOCK_SEQPACKET, ends); }

int rf_loop_bell(int ends[2]) { return pair(SOCK_STREAM, ends); }

int rf_loop_close(int fd) { return result_of(close(fd)); }

int rf_loop_memory(const char *name, int64_t bytes) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -errno;
    if (ftruncate(fd, bytes) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int64_t rf_loop_map(int memfd, int64_t bytes) {
    void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    return memory == MAP_FAILED ? -errno : (int64_t)(intptr_t)memory;
}

int rf_loop_unmap(int64_t address, int64_t bytes) {
    return result_of(munmap((void *)(intptr_t)address, (size_t)bytes));
}

int rf_loop_punch(int memfd, int64_t offset, int64_t bytes) {
    return result_of(fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes));
}

int rf_loop_populate(int64_t address, int64_t bytes, int32_t written) {
    return rf_populate((void *)(intptr_t)address, (size_t)bytes, written != 0);
}

static struct rf_geometry geometry(int32_t abi, int32_t slots, int32_t commands, int32_t cells,
                                   int64_t pool_bytes, int64_t region_id) {
    return (struct rf_geometry){(uint32_t)abi,   (uint32_t)slots,      (uint32_t)commands,
                                (uint32_t)cells, (uint64_t)pool_bytes, (uint64_t)region_id};
}

int64_t rf_loop_region_bytes(int32_t slots, int32_t commands, int32_t cells, int64_t pool_bytes) {
    struct rf_geometry g = geometry(RF_ABI_LINUX, slots, commands, cells, pool_bytes, 0);
    uint64_t bytes = rf_region_bytes(&g);
    return bytes == 0 ? -EINVAL : (int64_t)bytes;
}

int rf_loop_format(int64_t address, int32_t abi, int32_t slots, int32_t commands, int32_t cells,
                   int64_t pool_bytes, int64_t region_id) {
    struct rf_geometry g = geometry(abi, slots, commands, cells, pool_bytes, region_id);
    return rf_region_format((void *)(intptr_t)address, &g);
}

int rf_loop_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    unlink(path);
    /* The directory is 0700; the mode of the file is a second fence. */
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0600) < 0 ||
        listen(fd, 1024) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int rf_loop_accept(int listener, int32_t *pid) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return -errno;
    rf_loop_take_no_descriptors(fd);
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    *pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? 0 : peer.pid;
    return fd;
}

int rf_loop_receive(int fd, void *buffer, int32_t length) {
    return result_of((int)recv(fd, buffer, (size_t)length, MSG_DONTWAIT));
}

int rf_loop_send(int fd, const void *packet, int32_t length, const int32_t *descriptors, int32_t count) {
    union {
        char bytes[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    if (count < 0 || count > 4) return -EINVAL;
    struct iovec io = {(void *)packet, (size_t)length};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
    }
    return result_of((int)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}
