/* The filter of system calls of an INS with a rump kernel: what the kernel's hypervisor and its threads do goes on, in threads
 * that were there before and in later ones; processes, files, sockets and signals to others are refused in all of them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

static int device[2], random_device; /* a pair of datagrams for the tap device */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int stage; /* 1: the filter is there; 2: an older thread has looked */

static long refused(long number, long a, long b, long c) {
    errno = 0;
    return syscall(number, a, b, c, 0, 0, 0) == -1 && errno == EPERM;
}

static const struct {
    long number, a, b, c;
    const char *name;
} taken[] = {
    {SYS_execve, 0, 0, 0, "execve"},
    {SYS_fork, 0, 0, 0, "fork"},
    {SYS_vfork, 0, 0, 0, "vfork"},
    {SYS_clone, SIGCHLD, 0, 0, "clone of a process"},
    {SYS_open, 0, 0, 0, "open"},
    {SYS_openat, -1, 0, 0, "openat"},
    {SYS_socket, AF_INET, SOCK_STREAM, 0, "socket"},
    {SYS_connect, -1, 0, 0, "connect"},
    {SYS_sendmsg, -1, 0, 0, "sendmsg"},
    {SYS_recvmsg, -1, 0, 0, "recvmsg"},
    {SYS_ioctl, 0, 0, 0, "ioctl"},
    {SYS_kill, 1, 0, 0, "kill"},
    {SYS_tgkill, 1, 1, 0, "tgkill of another process"},
    {SYS_prlimit64, 1, 0, 0, "prlimit64 of another process"},
    {SYS_ptrace, 0, 0, 0, "ptrace"},
    {SYS_process_vm_readv, 1, 0, 0, "process_vm_readv"},
    {SYS_unshare, 0, 0, 0, "unshare"},
    {SYS_mount, 0, 0, 0, "mount"},
    {SYS_memfd_create, 0, 0, 0, "memfd_create"},
    {SYS_io_uring_setup, 0, 0, 0, "io_uring_setup"},
    {SYS_bpf, 0, 0, 0, "bpf"},
    {SYS_pidfd_open, 1, 0, 0, "pidfd_open"},
    {SYS_pidfd_getfd, -1, 0, 0, "pidfd_getfd"},
    /* A signal of choice to a process of choice, when something can be read. */
    {SYS_fcntl, 0, F_SETOWN, 1, "fcntl(F_SETOWN)"},
    {SYS_fcntl, 0, F_SETOWN_EX, 0, "fcntl(F_SETOWN_EX)"},
    {SYS_fcntl, 0, F_SETSIG, SIGKILL, "fcntl(F_SETSIG)"},
    {SYS_fcntl, 0, F_SETFL, O_ASYNC, "fcntl(F_SETFL, O_ASYNC)"},
    {SYS_fcntl, 0, F_SETLEASE, F_UNLCK, "fcntl(F_SETLEASE)"},
    {SYS_fcntl, 0, F_NOTIFY, 0, "fcntl(F_NOTIFY)"},
    {SYS_ioctl, 0, FIOASYNC, 0, "ioctl(FIOASYNC)"},
    {SYS_ioctl, 0, FIOSETOWN, 0, "ioctl(FIOSETOWN)"},
    {SYS_ioctl, 0, SIOCSPGRP, 0, "ioctl(SIOCSPGRP)"},
    {SYS_prlimit64, 1, RLIMIT_NOFILE, 0, "prlimit64 of another process"},
    {SYS_sched_getaffinity, 1, 0, 0, "sched_getaffinity of another process"},
    {SYS_prctl, PR_SET_DUMPABLE, 1, 0, "prctl(PR_SET_DUMPABLE)"},
};

/* ---- files ---- */

static char directory[] = "/tmp/ringfence-rump-filter-XXXXXX", file[sizeof directory + 8], other[sizeof directory + 8], inner[sizeof directory + 8];

#define CWD AT_FDCWD
#define AT(pointer) ((long)(pointer))
static const char mark[] = "user.mark";
/* Each would change the file, or make another. */
static const struct {
    long number, arguments[6];
    const char *name;
} changes[] = {
    {SYS_rename, {AT(file), AT(other)}, "rename"},
    {SYS_renameat, {CWD, AT(file), CWD, AT(other)}, "renameat"},
    {SYS_renameat2, {CWD, AT(file), CWD, AT(other), 0}, "renameat2"},
    {SYS_link, {AT(file), AT(other)}, "link"},
    {SYS_linkat, {CWD, AT(file), CWD, AT(other), 0}, "linkat"},
    {SYS_symlink, {AT(file), AT(other)}, "symlink"},
    {SYS_symlinkat, {AT(file), CWD, AT(other)}, "symlinkat"},
    {SYS_mkdir, {AT(other), 0700}, "mkdir"},
    {SYS_mkdirat, {CWD, AT(other), 0700}, "mkdirat"},
    {SYS_mknod, {AT(other), S_IFIFO | 0600, 0}, "mknod"},
    {SYS_mknodat, {CWD, AT(other), S_IFIFO | 0600, 0}, "mknodat"},
    {SYS_truncate, {AT(file), 1}, "truncate"},
    {SYS_chmod, {AT(file), 0400}, "chmod"},
    {SYS_fchmodat, {CWD, AT(file), 0400}, "fchmodat"},
    {SYS_chown, {AT(file), -1, -1}, "chown"},
    {SYS_lchown, {AT(file), -1, -1}, "lchown"},
    {SYS_fchownat, {CWD, AT(file), -1, -1, 0}, "fchownat"},
    {SYS_utime, {AT(file), 0}, "utime"},
    {SYS_utimes, {AT(file), 0}, "utimes"},
    {SYS_utimensat, {CWD, AT(file), 0, 0}, "utimensat"},
    {SYS_futimesat, {CWD, AT(file), 0}, "futimesat"},
    {SYS_setxattr, {AT(file), AT(mark), AT(mark), 1, 0}, "setxattr"},
    {SYS_lsetxattr, {AT(file), AT(mark), AT(mark), 1, 0}, "lsetxattr"},
    {SYS_removexattr, {AT(file), AT(mark)}, "removexattr"},
    {SYS_lremovexattr, {AT(file), AT(mark)}, "lremovexattr"},
    {452, {CWD, AT(file), 0400, 0}, "fchmodat2"},
    {463, {CWD, AT(file), 0, AT(mark), 0, 0}, "setxattrat"},
    {466, {CWD, AT(file), 0, AT(mark)}, "removexattrat"},
    {SYS_unlinkat, {CWD, AT(file), 0}, "unlinkat"},
    {SYS_unlink, {AT(file)}, "unlink"},
    {SYS_rmdir, {AT(inner)}, "rmdir"},
};

/* Number from 1 of the first that is not refused, or 0. */
static int change_files(void *unused) {
    (void)unused;
    ins_filter_system_calls(-1);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const long *a = changes[i].arguments;
        errno = 0;
        if (syscall(changes[i].number, a[0], a[1], a[2], a[3], a[4], a[5]) != -1 || errno != EPERM) return (int)i + 1;
    }
    return 0;
}

/* In a process of its own: this one has to remove the file. */
static void files(void) {
    struct stat before, after;
    check_need(mkdtemp(directory) != NULL, "a directory");
    sprintf(file, "%s/file", directory), sprintf(other, "%s/other", directory), sprintf(inner, "%s/inner", directory);
    int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check_need(fd >= 0 && write(fd, "bytes", 5) == 5 && mkdir(inner, 0700) == 0 && stat(file, &before) == 0, "a file");
    close(fd);
    int left = check_wait(check_spawn(change_files, NULL), 5000);
    check(left == 0, "files are not renamed, removed, made or changed by their path", "%s is left", left > 0 ? changes[left - 1].name : "none");
    check(stat(file, &after) == 0 && after.st_size == 5 && after.st_mode == before.st_mode && after.st_nlink == 1 &&
              after.st_ctim.tv_nsec == before.st_ctim.tv_nsec && access(inner, F_OK) == 0 && access(other, F_OK) != 0,
          "and are what they were", "they are not");
    unlink(file), unlink(other), rmdir(other), rmdir(inner), rmdir(directory);
}

/* ---- the others ---- */

/* What is left in any case, or by its arguments. */
static const short left_over[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek, SYS_fstat, SYS_close, SYS_poll,
    SYS_ppoll, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_epoll_create1, SYS_eventfd2, SYS_recvfrom, SYS_futex, SYS_clone, SYS_clone3,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_getrandom,
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_set_robust_list, SYS_rseq,
    SYS_set_tid_address, SYS_gettid, SYS_getpid, SYS_getcpu, SYS_prctl, SYS_prlimit64, SYS_tgkill, SYS_fcntl, SYS_rt_sigprocmask,
    SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_exit, SYS_exit_group};

static bool is_left_over(long number) {
    for (size_t i = 0; i < sizeof left_over / sizeof left_over[0]; i++)
        if (left_over[i] == number) return true;
    return false;
}

#define NUMBERS 600 /* more than Linux has */
/* uretprobe and uprobe, which end whoever calls them from elsewhere than the kernel's own pages, filter or not. */
#define PROBES 335
#define PROBES_END 337

/* In a process of its own: one that is not refused may do anything. */
static int call_all(void *unused) {
    (void)unused;
    ins_filter_system_calls(-1);
    for (int number = 0; number < NUMBERS; number++)
        if ((number < PROBES || number >= PROBES_END) && !is_left_over(number) && !refused(number, -1, 0, 0)) {
            printf("# system call %d is left\n", number);
            fflush(stdout);
            return 1;
        }
    return 0;
}

/* The name of one that is not refused, or NULL. */
static const char *left(void) {
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (!refused(taken[i].number, taken[i].a, taken[i].b, taken[i].c)) return taken[i].name;
    return NULL;
}

/* What a thread of the kernel does: the name of what fails, or NULL. */
static const char *goes_on(void) {
    char bytes[64] = "frame", seed[16];
    struct iovec pieces[2] = {{bytes, 3}, {bytes + 3, 3}};
    struct pollfd ready = {.fd = device[1], .events = POLLIN};
    struct timespec moment = {.tv_nsec = 1000000}, until;
    if (writev(device[0], pieces, 2) != 6 || poll(&ready, 1, 5000) != 1 || read(device[1], bytes, sizeof bytes) != 6)
        return "a frame through the device";
    if (ppoll(&ready, 1, &moment, NULL) != 0) return "ppoll";
    if (read(random_device, seed, sizeof seed) != sizeof seed || getrandom(seed, sizeof seed, 0) != sizeof seed)
        return "random bytes";
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec += 1000000) / 1000000000, until.tv_nsec %= 1000000000;
    if (nanosleep(&moment, NULL) != 0 || clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) return "a sleep";
    void *large = malloc(8 << 20), *pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (large == NULL || pages == MAP_FAILED || mprotect(pages, 4096, PROT_READ) != 0 || madvise(pages, 1 << 20, MADV_DONTNEED) != 0)
        return "memory";
    memset(large, 1, 8 << 20);
    free(large);
    munmap(pages, 1 << 20);
    if (sched_yield() != 0 || prctl(PR_SET_NAME, "kernel") != 0) return "a thread's name";
    int event = eventfd(0, EFD_CLOEXEC), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event found = {.events = EPOLLIN};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, event, &found) != 0 || write(event, &(uint64_t){1}, 8) != 8 ||
        epoll_wait(epoll, &found, 1, 5000) != 1)
        return "waiting for a doorbell";
    close(event), close(epoll);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return "getrlimit";
    if (fcntl(device[0], F_GETFL) < 0 || fcntl(device[0], F_GETFD) < 0) return "fcntl for looking";
    if (lseek(device[0], 0, SEEK_CUR) != -1 || errno != ESPIPE || pread(device[0], bytes, 1, 0) != -1 || errno != ESPIPE) return "a bus in a file";
    return NULL;
}

static void await(int wanted) {
    pthread_mutex_lock(&mutex);
    while (stage < wanted) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void reach(int next) {
    pthread_mutex_lock(&mutex);
    stage = next;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static const char *older_left, *older_fails, *later_left, *later_fails;

static void *older(void *unused) {
    await(1);
    older_left = left(), older_fails = goes_on();
    reach(2);
    return unused;
}

static void *later(void *unused) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (until.tv_nsec += 1000000) / 1000000000, until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&changed, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    later_left = left(), later_fails = goes_on();
    pthread_exit(unused);
}

static void *first_end(void *unused) { pthread_exit(unused); }

static const char *none(const char *name) { return name == NULL ? "none" : name; }

int main(int argc, char **argv) {
    pthread_t thread;
    check_start(argc, argv, 20);
    files();
    check(check_wait(check_spawn(call_all, NULL), 5000) == 0, "what is not on the list is EPERM", "a call is left");
    random_device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    check_need(random_device >= 0 && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, device) == 0, "devices");
    check_need(pthread_create(&thread, NULL, older, NULL) == 0, "a thread of the kernel");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core file below */
    pthread_t first; /* as rump/boot.c: what the C library loads for the end of a thread is there then */
    check_need(pthread_create(&first, NULL, first_end, NULL) == 0 && pthread_join(first, NULL) == 0, "a thread that ends");
    ins_filter_system_calls(-1);
    reach(1);
    pthread_join(thread, NULL);
    check(older_left == NULL, "a thread that was there before the filter is under it", "%s is left", none(older_left));
    check(older_fails == NULL, "and goes on with what a kernel does", "%s fails", none(older_fails));
    bool made = pthread_create(&thread, NULL, later, NULL) == 0;
    check(made, "a rump kernel can start threads", "%s", strerror(errno));
    if (made) pthread_join(thread, NULL);
    check(made && later_left == NULL, "which are under the filter", "%s is left", none(later_left));
    check(made && later_fails == NULL, "and can do what a kernel does", "%s fails", none(later_fails));
    const char *own = left();
    check(own == NULL, "what is taken away is EPERM", "%s is left", none(own));
    check(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0) == 0, "a kernel that panics can still end itself by abort()", "%s",
          strerror(errno));
    return check_end();
}
