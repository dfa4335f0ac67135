/* The gateway's side of region B, as small as tests of an INS need it. */
#include "frontend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/un.h>

#define LARGE_BYTES (UINT64_C(4096) << RF_MAX_ORDER)
#define CELLS 64

/* build/ins/test/NAME -> build/ringfence-ins, or what RINGFENCE_INS names: a sanitized one, which needs
 * more system calls than the sandbox leaves. */
static const char *program(void) {
    static char path[4096];
    const char *chosen = getenv("RINGFENCE_INS");
    if (chosen != NULL) return chosen;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    check_need(length > 0, "/proc/self/exe");
    path[length] = '\0';
    for (int up = 0; up < 3; up++) *strrchr(path, '/') = '\0';
    return strcat(path, "/ringfence-ins");
}

static pid_t start_ins(const char *socket_path, const char *const *arguments, int standard_error) {
    const char *command[16] = {program(), "--socket", socket_path};
    int count = 3;
    if (getenv("RINGFENCE_INS") != NULL) command[count++] = "--no-sandbox";
    while (arguments != NULL && *arguments != NULL && count < 15) command[count++] = *arguments++;
    pid_t parent = getpid(), child = fork();
    check_need(child >= 0, "fork");
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(97);
    if (standard_error >= 0) dup2(standard_error, STDERR_FILENO);
    execv(command[0], (char *const *)command);
    perror(command[0]);
    _exit(96);
}

void frontend_start(struct frontend *f, const char *const *arguments) { frontend_start_logged(f, arguments, -1); }

void frontend_start_logged(struct frontend *f, const char *const *arguments, int standard_error) {
    if (f->abi == 0) f->abi = RF_ABI_LINUX;
    struct rf_geometry geometry = {
        .abi = f->abi,
        .slots = FRONTEND_SLOTS,
        .commands = 256,
        .cells = CELLS,
        .pool_bytes = 2 * FRONTEND_LARGE_SLOTS * LARGE_BYTES + 2 * FRONTEND_SLOTS * RF_PAGE,
        .region_id = 7,
    };
    uint64_t bytes = rf_region_bytes(&geometry);
    int memfd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING), ring[2];
    check_need(memfd >= 0 && ftruncate(memfd, (off_t)bytes) == 0, "a memfd");
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    check_need(memory != MAP_FAILED && rf_region_format(memory, &geometry) == 0 &&
                   rf_region_open(memory, bytes, &f->region) == 0,
               "a region");
    check_need(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0, "seals");
    f->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    check_need(f->doorbell >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ring) == 0, "doorbells");
    f->ring_ins = ring[1];

    char directory[] = "/tmp/ringfence-ins-test.XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    check_need(mkdtemp(directory) != NULL, "a directory");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/ins.sock", directory);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    check_need(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0,
               "ins.sock");
    f->ins = start_ins(address.sun_path, arguments, standard_error);
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    check_need(poll(&ready, 1, FRONTEND_PATIENCE) == 1, "the INS connects");
    f->control = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    unlink(address.sun_path);
    rmdir(directory);

    struct rf_hello hello;
    check_need(recv(f->control, &hello, sizeof hello, 0) == (ssize_t)sizeof hello && hello.magic == RF_MAGIC &&
                   hello.layout_version == RF_LAYOUT_VERSION && hello.abi == f->abi &&
                   hello.pid == (uint32_t)f->ins && strcmp(hello.name, "ins") == 0,
               "a correct hello");
    if (f->welcome.layout_version == 0) f->welcome.layout_version = RF_LAYOUT_VERSION;
    f->welcome.magic = RF_MAGIC;
    f->welcome.region_bytes = bytes;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(3 * sizeof(int))];
    } ancillary = {.header = {.cmsg_len = CMSG_LEN(3 * sizeof(int)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&ancillary.header), (int[3]){memfd, f->doorbell, ring[0]}, 3 * sizeof(int));
    struct iovec piece = {&f->welcome, sizeof f->welcome};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (f->welcome.error == 0) message.msg_control = &ancillary, message.msg_controllen = sizeof ancillary;
    check_need(sendmsg(f->control, &message, 0) == (ssize_t)sizeof f->welcome, "a welcome");
    close(memfd);
    close(ring[0]);
}

int frontend_stop(struct frontend *f) {
    close(f->control);
    int status = check_wait(f->ins, FRONTEND_PATIENCE);
    close(f->doorbell);
    close(f->ring_ins);
    munmap(f->region.header, f->region.bytes);
    return status;
}

/* ---- slots ---- */

struct rf_slot *frontend_slot(const struct frontend *f, uint32_t slot) { return rf_slot_at(&f->region, slot); }

uint32_t frontend_generation(const struct frontend *f, uint32_t slot) {
    return atomic_load(&frontend_slot(f, slot)->generation);
}

void frontend_grant(struct frontend *f, uint32_t slot, uint32_t order) {
    struct rf_slot *s = frontend_slot(f, slot);
    uint64_t large = LARGE_BYTES / RF_PAGE;
    bool is_large = slot < FRONTEND_LARGE_SLOTS;
    check_need(is_large || order == 0, "a large ring only for the first slots");
    uint64_t page = is_large ? 2 * slot * large : 2 * FRONTEND_LARGE_SLOTS * large + 2 * (uint64_t)slot;
    uint32_t generation = atomic_load(&s->generation);
    atomic_store(&s->out_tail, 0);
    atomic_store(&s->out_base, 0);
    atomic_store(&s->out_used, 0);
    atomic_store(&s->in_head, 0);
    atomic_store(&s->out_blocked, 0);
    atomic_store(&s->error_taken, 0);
    atomic_store(&s->in_grant, rf_grant((uint32_t)page, order, (uint16_t)generation));
    atomic_store(&s->out_grant, rf_grant((uint32_t)(page + (is_large ? large : 1)), order, (uint16_t)generation));
    atomic_store(&s->generation, generation + (generation % 2 == 1 ? 2 : 1));
}

/* ---- doorbells ---- */

static void ring_ins(struct frontend *f) {
    if (rf_must_ring(&f->region.header->backend_asleep)) {
        ssize_t sent = send(f->ring_ins, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent;
    }
}

void frontend_tell(struct frontend *f, uint32_t slot) {
    rf_pending_set(f->region.to_backend, slot);
    ring_ins(f);
}

bool frontend_sleep(struct frontend *f, double until) {
    double left = until - check_now();
    struct pollfd rung = {.fd = f->doorbell, .events = POLLIN};
    uint64_t rings;
    if (left < 0 || poll(&rung, 1, (int)(left * 1e3) + 1) != 1) return false;
    return read(f->doorbell, &rings, sizeof rings) == (ssize_t)sizeof rings;
}

/* ---- calls ---- */

uint32_t frontend_post(struct frontend *f, uint16_t op, uint32_t slot, int64_t a0, int64_t a1, int64_t a2,
                       const void *payload, uint32_t length) {
    uint32_t cell = 0;
    while (cell < CELLS && f->calls[cell] != 0) cell++;
    check_need(cell < CELLS, "a free cell");
    struct rf_command command = {.op = op,
                                 .slot = slot,
                                 .generation = slot < FRONTEND_SLOTS ? frontend_generation(f, slot) : 1,
                                 .cell = cell,
                                 .args = {a0, a1, a2},
                                 .payload_length = length};
    if (length != 0) memcpy(command.payload, payload, length < RF_COMMAND_PAYLOAD ? length : RF_COMMAND_PAYLOAD);
    f->calls[cell] = rf_command_put(&f->region, &command, &f->region.cells[cell]);
    ring_ins(f);
    return cell;
}

bool frontend_answered(const struct frontend *f, uint32_t cell) {
    return (atomic_load(&f->region.header->answered[cell / 64]) >> cell % 64 & 1) != 0 &&
           rf_cell_answered(&f->region.cells[cell], f->calls[cell]);
}

struct answer frontend_answer(struct frontend *f, uint32_t cell) {
    struct answer answer = {.error = -1};
    const struct rf_cell *c = &f->region.cells[cell];
    /* One that is there is not waited for: the end of a wait says that the frontend is awake, and the caller may just
     * have said that it is not. */
    if (frontend_answered(f, cell) || FRONTEND_WAIT(f, frontend_answered(f, cell))) {
        answer.error = c->error;
        answer.result = c->result;
        answer.length = c->payload_length;
        memcpy(answer.payload, c->payload, sizeof answer.payload);
    }
    atomic_fetch_and(&f->region.header->answered[cell / 64], ~(UINT64_C(1) << cell % 64));
    f->calls[cell] = 0;
    return answer;
}

struct answer frontend_call(struct frontend *f, uint16_t op, uint32_t slot, int64_t a0, int64_t a1, int64_t a2,
                            const void *payload, uint32_t length) {
    return frontend_answer(f, frontend_post(f, op, slot, a0, a1, a2, payload, length));
}

uint32_t frontend_post_accept(struct frontend *f, uint32_t listener, uint32_t slot) {
    return frontend_post(f, RF_OP_ACCEPT, listener, slot, frontend_generation(f, slot), 0, NULL, 0);
}

static void need(struct answer answer, const char *what) {
    errno = answer.error;
    check_need(answer.error == 0, what);
}

void frontend_socket(struct frontend *f, uint32_t slot, uint32_t order, int family) {
    frontend_grant(f, slot, order);
    need(frontend_call(f, RF_OP_SOCKET, slot, family, SOCK_STREAM, 0, NULL, 0), "SOCKET");
}

uint16_t frontend_listen(struct frontend *f, uint32_t slot, int family, int backlog) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, 0, &length);
    frontend_socket(f, slot, 0, family);
    struct answer bound = frontend_call(f, RF_OP_BIND, slot, 0, 0, 0, &address, length);
    need(bound, "BIND");
    need(frontend_call(f, RF_OP_LISTEN, slot, backlog, 0, 0, NULL, 0), "LISTEN");
    struct sockaddr_in in; /* the port lies at the same place in a sockaddr_in6 */
    memcpy(&in, bound.payload, sizeof in);
    return ntohs(in.sin_port);
}

void frontend_connect(struct frontend *f, uint32_t slot, uint32_t order, int family, uint16_t port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, port, &length);
    frontend_socket(f, slot, order, family);
    struct answer connecting = frontend_call(f, RF_OP_CONNECT, slot, 0, 0, 0, &address, length);
    errno = connecting.error;
    check_need(connecting.error == 0 || connecting.error == EINPROGRESS, "CONNECT");
    check_need(FRONTEND_WAIT(f, frontend_state(f, slot) == RF_STATE_CONNECTED), "a connection");
}

struct answer frontend_close(struct frontend *f, uint32_t slot, bool reset) {
    uint64_t position = atomic_load(&frontend_slot(f, slot)->out_tail);
    return frontend_call(f, RF_OP_CLOSE, slot, (int64_t)position, reset, 0, NULL, 0);
}

/* ---- bytes ---- */

static size_t copy(const struct iovec span[2], void *bytes, size_t length, bool in) {
    size_t done = 0;
    for (int i = 0; i < 2 && done < length; i++) {
        size_t part = span[i].iov_len < length - done ? span[i].iov_len : length - done;
        if (part == 0) continue;
        if (in) memcpy((char *)bytes + done, span[i].iov_base, part);
        else memcpy(span[i].iov_base, (char *)bytes + done, part);
        done += part;
    }
    return done;
}

size_t frontend_try_send(struct frontend *f, uint32_t slot, const void *bytes, size_t length) {
    struct iovec span[2];
    struct rf_ring ring_out = rf_out_ring(frontend_slot(f, slot));
    if (rf_produce_span(&f->region, &ring_out, span) == 0) return 0;
    size_t part = copy(span, (void *)bytes, length, false);
    rf_produce(&ring_out, part);
    frontend_tell(f, slot);
    return part;
}

size_t frontend_send(struct frontend *f, uint32_t slot, const void *bytes, size_t length) {
    struct rf_slot *s = frontend_slot(f, slot);
    struct rf_ring ring_out = rf_out_ring(s);
    size_t done = 0;
    while (done < length && (frontend_marks(f, slot) & RF_MARK_OUT_SHUT) == 0) {
        size_t part = frontend_try_send(f, slot, (const char *)bytes + done, length - done);
        done += part;
        if (part != 0 || !rf_produce_block(&f->region, &ring_out, &s->out_blocked)) continue;
        if (!FRONTEND_WAIT(f, atomic_load(&s->out_blocked) == 0 || (frontend_marks(f, slot) & RF_MARK_OUT_SHUT) != 0))
            break;
    }
    return done;
}

size_t frontend_receive(struct frontend *f, uint32_t slot, void *bytes, size_t room) {
    struct rf_slot *s = frontend_slot(f, slot);
    struct rf_ring ring_in = rf_in_ring(s);
    size_t done = 0;
    while (done < room) {
        struct iovec span[2];
        uint32_t ends = frontend_marks(f, slot) & (RF_MARK_IN_EOF | RF_MARK_RESET);
        int64_t filled = rf_consume_span(&f->region, &ring_in, span);
        check_need(filled >= 0, "a possible in ring");
        if (filled == 0) {
            if (ends != 0 || !FRONTEND_WAIT(f, rf_available(&ring_in) != 0 ||
                                                   (frontend_marks(f, slot) & (RF_MARK_IN_EOF | RF_MARK_RESET)) != 0))
                break;
            continue;
        }
        size_t part = copy(span, (char *)bytes + done, room - done, true);
        rf_consume(&ring_in, part);
        done += part;
        if (rf_unblock(&s->in_blocked)) frontend_tell(f, slot);
    }
    return done;
}

/* ---- plain sockets ---- */

struct sockaddr_storage plain_address(int family, uint16_t port, socklen_t *length) {
    struct sockaddr_storage address = {0};
    if (family == AF_INET) {
        struct sockaddr_in *in = (void *)&address;
        *in = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        *length = sizeof *in;
    } else {
        struct sockaddr_in6 *in6 = (void *)&address;
        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                     .sin6_port = htons(port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        *length = sizeof *in6;
    }
    return address;
}

int plain_listen(int family, uint16_t *port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, 0, &length);
    int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_need(s >= 0 && bind(s, (struct sockaddr *)&address, length) == 0 && listen(s, 128) == 0 &&
                   getsockname(s, (struct sockaddr *)&address, &length) == 0,
               "a plain listener");
    *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return s;
}

int plain_connect(int family, uint16_t port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, port, &length);
    int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_need(s >= 0 && connect(s, (struct sockaddr *)&address, length) == 0, "a plain connection");
    return s;
}

pthread_t plain_thread(void *(*run)(void *), void *argument) {
    pthread_t thread;
    check_need(pthread_create(&thread, NULL, run, argument) == 0, "a thread");
    return thread;
}
