/* Attaching to the gateway: at the first internet socket, or at start in a process that inherited an
 * attachment or sockets across exec. The descriptors go on to every program that this one starts, which may
 * not be able to reach the gateway's socket any more. Nothing here allocates. */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "critical.h"
#include "environment.h"
#include "limits.h"
#include "memory.h"
#include "real.h"
#include "settings.h"
#include "table.h"

#define ANSWER_SECONDS 5

static struct attachment attachments[RF_ATTACHMENTS];
static _Atomic unsigned attached; /* number of attachments, the last one being the current one */
static _Atomic pid_t attaching;   /* the thread that attaches: a lock that fork can reset */
static _Atomic bool said;         /* the line on stderr */

static struct {
    char path[sizeof ((struct sockaddr_un *)0)->sun_path];
    char launch[RF_LAUNCH_LENGTH], name[RF_NAME_LENGTH];
    bool too_long;
} configuration;

/* Programs change their environment, so it is read once, before main. */
void attachment_configure(void) {
    struct settings settings = settings_read();
    const char *path = settings.attach, *launch = settings.launch, *name = settings.name;
    if (path == NULL) return;
    configuration.too_long = strlen(path) >= sizeof configuration.path;
    snprintf(configuration.path, sizeof configuration.path, "%s", path);
    if (launch != NULL) snprintf(configuration.launch, sizeof configuration.launch, "%s", launch);
    else snprintf(configuration.launch, sizeof configuration.launch, "pid %d", (int)getpid());
    snprintf(configuration.name, sizeof configuration.name, "%s",
             name != NULL ? name : program_invocation_short_name);
    environment_record(configuration.path, configuration.launch, configuration.name);
}

bool attachment_configured(void) { return configuration.path[0] != '\0'; }

struct attachment *attachment_at(unsigned index) { return &attachments[index % RF_ATTACHMENTS]; }

unsigned attachment_index(const struct attachment *attachment) {
    return (unsigned)(attachment - attachments);
}

bool attachment_alive(struct attachment *attachment) {
    char byte;
    if (attachment_dead(attachment)) return false;
    int kept = errno;
    long got = syscall(SYS_recvfrom, attachment->connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
    bool alive = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (!alive) atomic_store(&attachment->dead, true);
    errno = kept;
    return alive;
}

bool attachment_outlives(struct attachment *attachment) {
    struct pollfd end = {.fd = attachment->connection, .events = POLLIN};
    int kept = errno;
    syscall(SYS_ppoll, &end, 1, &(struct timespec){.tv_nsec = 100000000}, NULL, 0);
    errno = kept;
    return attachment_alive(attachment);
}

void attachment_ring(const struct attachment *attachment) {
    int kept = errno;
    uint64_t one = 1;
    while (syscall(SYS_write, attachment->doorbell, &one, sizeof one) < 0 && errno == EINTR) continue;
    errno = kept;
}

void attachment_after_fork(void) { atomic_store(&attaching, 0); }

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char line[512];
    if (atomic_exchange(&said, true)) return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 1) length = sizeof line - 1;
    syscall(SYS_write, STDERR_FILENO, line, length);
}

/* Moves a descriptor away from the numbers that programs use, and past exec. */
static int move_high(int fd) {
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t from = limit.rlim_cur > OWN_NUMBERS + 64 ? OWN_NUMBERS : limit.rlim_cur / 2;
    int moved = (int)syscall(SYS_fcntl, fd, F_DUPFD, from);
    if (moved < 0) return fd;
    syscall(SYS_close, fd);
    return moved;
}

static void close_all(const int *fds, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0) syscall(SYS_close, fds[i]);
}

/* Takes the welcome and its three descriptors. 0 or an errno; EPROTO with `welcome` filled. */
static int receive_welcome(int connection, struct rf_welcome *welcome, int fds[3]) {
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec vector = {welcome, sizeof *welcome};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do got = real.recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
    if (got == 0) return ECONNRESET;
    unsigned count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), (count < 3 ? count : 3) * sizeof(int));
    }
    if (got < (ssize_t)sizeof *welcome || welcome->magic != RF_MAGIC) return EBADMSG;
    if (welcome->error != 0) return welcome->error;
    return count == 3 ? 0 : (message.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : EBADMSG;
}

static int shake_hands(int connection, struct rf_welcome *welcome, int fds[3]) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    if (configuration.too_long) return ENAMETOOLONG;
    memcpy(address.sun_path, configuration.path, sizeof address.sun_path);
    real.setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    real.setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (real.connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return errno;
    struct rf_hello hello = {
        .magic = RF_MAGIC, .layout_version = RF_LAYOUT_VERSION, .abi = RF_ABI_LINUX, .pid = (uint32_t)getpid()};
    memcpy(hello.launch, configuration.launch, sizeof hello.launch);
    memcpy(hello.name, configuration.name, sizeof hello.name);
    if (real.send(connection, &hello, sizeof hello, MSG_NOSIGNAL) < 0) return errno;
    return receive_welcome(connection, welcome, fds);
}

/* Maps the region and takes the descriptors into the attachment's care. 0 or an errno. */
static int take_over(struct attachment *attachment, const int fds[OWN_DESCRIPTORS], uint64_t region_bytes) {
    int error = -rf_region_map(fds[OWN_MEMORY], region_bytes, &attachment->region);
    if (error == 0 && !table_create()) error = ENOMEM;
    if (error != 0) return error;
    memory_note(attachment->region.header, attachment->region.bytes);
    attachment->connection = fds[OWN_CONNECTION];
    attachment->doorbell = fds[OWN_DOORBELL];
    attachment->pool = fds[OWN_POOL];
    attachment->memory = fds[OWN_MEMORY];
    for (int i = 0; i < OWN_DESCRIPTORS; i++) table_set(fds[i], RF_ENTRY_OWN);
    environment_bequeath(fds, region_bytes);
    process_record();
    return 0;
}

/* 0 or an errno. `welcome` is for the error message. */
static int attach(struct attachment *attachment, struct rf_welcome *welcome) {
    int connection = real.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connection < 0) return errno;
    int fds[3] = {-1, -1, -1};
    int error = shake_hands(connection, welcome, fds);
    int own[OWN_DESCRIPTORS] = {connection, fds[1], fds[2], fds[0]};
    if (error == 0) {
        for (int i = 0; i < OWN_DESCRIPTORS; i++) own[i] = move_high(own[i]);
        error = take_over(attachment, own, welcome->region_bytes);
    }
    if (error != 0) close_all(own, OWN_DESCRIPTORS);
    return error;
}

/* The next programs have no use for the descriptors of a gateway that is gone. */
static void disinherit(const struct attachment *attachment) {
    const int fds[] = {attachment->connection, attachment->doorbell, attachment->pool, attachment->memory};
    for (int i = 0; i < OWN_DESCRIPTORS; i++) syscall(SYS_fcntl, fds[i], F_SETFD, FD_CLOEXEC);
}

void attachment_inherit(void) {
    int fds[OWN_DESCRIPTORS];
    uint64_t region_bytes;
    int kept = errno;
    if (environment_inherited(fds, &region_bytes)) {
        if (take_over(&attachments[0], fds, region_bytes) == 0) {
            atomic_store(&attached, 1);
            limits_inherited();
        } else close_all(fds, OWN_DESCRIPTORS);
    }
    errno = kept;
}

static struct attachment *current(void) {
    unsigned count = atomic_load_explicit(&attached, memory_order_acquire);
    if (count == 0 || !attachment_alive(&attachments[count - 1])) return NULL;
    return &attachments[count - 1];
}

struct attachment *attachment_get(bool quiet) {
    struct attachment *found = current();
    if (found != NULL) return found;
    struct critical section = critical_enter_always();
    pid_t nobody = 0, self = gettid();
    while (!atomic_compare_exchange_weak(&attaching, &nobody, self)) {
        nobody = 0;
        sched_yield();
    }
    found = current();
    unsigned count = atomic_load(&attached);
    struct rf_welcome welcome = {0};
    int error = 0;
    if (found == NULL && count < RF_ATTACHMENTS) {
        error = attach(&attachments[count], &welcome);
        if (error == 0) {
            found = &attachments[count];
            if (count > 0) disinherit(&attachments[count - 1]);
            atomic_store_explicit(&attached, count + 1, memory_order_release);
        }
    }
    atomic_store(&attaching, 0);
    critical_leave(section);
    if (found != NULL || quiet) return found;
    if (error == EPROTO)
        say("ringfence: gateway at %s speaks version %u of the region protocol, this program's libringfence.so "
            "version %u; install both from one build and start the program again\n",
            configuration.path, welcome.layout_version, RF_LAYOUT_VERSION);
    else
        say("ringfence: cannot attach to gateway at %s: %s; start it with 'ringfence up'\n", configuration.path,
            error == 0 ? "attached to too many gateways before" : strerrordesc_np(error));
    return NULL;
}
