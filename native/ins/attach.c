/* The way to the gateway: connects to its socket, says hello, and maps the region it is given. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ins.h"

#define WELCOME_SECONDS 10

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        ins_die("socket '%s': %zu characters, but a socket's path has at most %zu: use a shorter state directory",
                path, strlen(path), sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int control = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (control < 0) ins_die("cannot make a unix socket: %s", strerror(errno));
    if (connect(control, (struct sockaddr *)&address, sizeof address) != 0)
        ins_die("cannot connect to the gateway at '%s': %s: is the gateway running, and this its state directory?",
                path, strerror(errno));
    return control;
}

static void say_hello(int control, const char *name, const struct rf_stack *stack) {
    struct rf_hello hello = {
        .magic = RF_MAGIC,
        .layout_version = RF_LAYOUT_VERSION,
        .abi = stack->abi,
        .pid = (uint32_t)getpid(),
    };
    strncpy(hello.name, name, sizeof hello.name - 1);
    if (send(control, &hello, sizeof hello, MSG_NOSIGNAL) != (ssize_t)sizeof hello)
        ins_die("cannot send the hello to the gateway: %s", strerror(errno));
}

/* Receives the welcome; the number of descriptors that came with it, at most 3. */
static int receive_welcome(int control, struct rf_welcome *welcome, int descriptors[3]) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(3 * sizeof(int))];
    } ancillary = {0};
    struct iovec piece = {welcome, sizeof *welcome};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &ancillary,
                             .msg_controllen = sizeof ancillary};
    struct timeval patience = {.tv_sec = WELCOME_SECONDS};
    setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t length = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    if (length < 0 && errno == EAGAIN)
        ins_die("no welcome from the gateway within %d seconds: is it stopped?", WELCOME_SECONDS);
    if (length < 0) ins_die("no welcome from the gateway: %s", strerror(errno));
    if (length == 0) ins_die("the gateway has closed the connection instead of a welcome: its log says why");
    if (length != (ssize_t)sizeof *welcome || welcome->magic != RF_MAGIC)
        ins_die("the welcome has %zd bytes and magic %#llx, not %zu and %#llx: is the socket a gateway's?", length,
                (unsigned long long)welcome->magic, sizeof *welcome, (unsigned long long)RF_MAGIC);
    int count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        if (count > 3) count = 3;
        memcpy(descriptors, CMSG_DATA(c), (size_t)count * sizeof(int));
    }
    return count;
}

static void check_versions(const struct rf_welcome *welcome) {
    if (welcome->layout_version != RF_LAYOUT_VERSION)
        ins_die("the gateway speaks layout version %u, this INS %u: build both from the same source",
                welcome->layout_version, RF_LAYOUT_VERSION);
    if (welcome->error != 0)
        ins_die("the gateway refuses this INS: %s (%d): its log says why", strerror(welcome->error), welcome->error);
}

void ins_attach(const char *path, const char *name, const struct rf_stack *stack, struct ins_peer *peer, struct rf_region *region) {
    struct rf_welcome welcome = {0};
    int descriptors[3];
    peer->control = connect_to(path);
    say_hello(peer->control, name, stack);
    int count = receive_welcome(peer->control, &welcome, descriptors);
    check_versions(&welcome);
    if (count != 3)
        ins_die("the welcome came with %d descriptors, not region, doorbell to the gateway and doorbell from it: "
                "build gateway and INS from the same source",
                count);
    peer->ring_gateway = descriptors[1];
    peer->doorbell = descriptors[2];
    struct stat memory;
    if (fstat(descriptors[0], &memory) != 0 || (uint64_t)memory.st_size < welcome.region_bytes)
        ins_die("the region has %lld bytes, the welcome says %llu: build gateway and INS from the same source",
                (long long)memory.st_size, (unsigned long long)welcome.region_bytes);
    int error = rf_region_map(descriptors[0], welcome.region_bytes, region);
    if (error == -EPROTO)
        ins_die("the region has another layout version than %u: build gateway and INS from the same source",
                RF_LAYOUT_VERSION);
    if (error != 0)
        ins_die("cannot map the region of %llu bytes: %s", (unsigned long long)welcome.region_bytes,
                strerror(-error));
    close(descriptors[0]);
    if (region->header->abi != stack->abi)
        ins_die("region %llu carries calls of ABI %u, stack '%s' executes ABI %u: start the INS with another stack",
                (unsigned long long)region->header->region_id, region->header->abi, stack->name, stack->abi);
}
