/* Every call of a surviving caller gets exactly its own answer, whoever else is killed meanwhile. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { PRODUCERS = 6, LATE = 48 };

/* What the processes tell the test. */
struct shared {
    _Atomic int stop;
    _Atomic long answered, wrong, hung, without_cell, claimed; /* callers' */
    _Atomic long taken, holes, backwards, unrung;              /* backend's */
};

static struct rf_region region;
static struct shared *shared;
static int doorbell;

static int64_t mix(const struct rf_command *c) {
    uint64_t sum = c->op * UINT64_C(31) + c->slot * UINT64_C(7) + c->generation;
    for (int i = 0; i < 4; i++) sum = (sum ^ (uint64_t)c->args[i]) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < c->payload_length; i++) sum = (sum ^ c->payload[i]) * 31;
    return (int64_t)(sum >> 1);
}

static void answer(const struct rf_command *c) {
    uint8_t payload[RF_CELL_PAYLOAD];
    uint32_t length = (uint32_t)((uint64_t)c->args[0] % (RF_CELL_PAYLOAD + 1));
    memset(payload, (int)(c->args[1] & 0xff), length);
    rf_reply(&region, c->cell, c->call_number, (int32_t)(c->args[2] & 0x7f), mix(c), payload, length);
}

/* Answers out of order, some late, sleeping by the doorbell whenever there is nothing to do. */
static int backend(void *argument) {
    (void)argument;
    struct rf_command late[LATE], command;
    int waiting = 0, taken;
    uint64_t seed = 5, last = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, doorbell, &event) != 0) return 1;
    bool timed_out = false;
    for (;;) {
        long batch = 0;
        while ((taken = rf_command_take(&region, &command)) == 1) {
            batch++;
            if (command.args[4] != mix(&command) || command.payload_length > RF_COMMAND_PAYLOAD)
                atomic_fetch_add(&shared->holes, 1);
            /* Numbers may be skipped (a caller killed in between), never repeated. */
            if (command.call_number <= last) atomic_fetch_add(&shared->backwards, 1);
            last = command.call_number;
            if (check_random(&seed) % 4 == 0 && waiting < LATE)
                late[waiting++] = command;
            else
                answer(&command);
        }
        if (taken < 0) return 2;
        atomic_fetch_add(&shared->taken, batch);
        if (timed_out && batch > 0) atomic_fetch_add(&shared->unrung, 1);
        timed_out = false;
        while (waiting > 0 && check_random(&seed) % 8 != 0) {
            int n = (int)(check_random(&seed) % (unsigned)waiting);
            answer(&late[n]);
            late[n] = late[--waiting];
        }
        if (waiting > 0 || batch > 0) continue;
        if (atomic_load(&shared->stop) == 2) return 0;
        rf_fall_asleep(&region.header->backend_asleep);
        if (atomic_load(&region.header->command_tail) == atomic_load(&region.header->command_head)) {
            /* The bound is part of the protocol: who clears the flag and is killed rings nobody. */
            timed_out = epoll_wait(epoll, &event, 1, 50) == 0;
        }
        rf_wake_up(&region.header->backend_asleep);
    }
}

static void call(uint64_t *seed) {
    uint32_t n;
    struct rf_cell *cell = rf_cell_claim(&region, &n);
    if (cell == NULL) {
        atomic_fetch_add(&shared->without_cell, 1);
        return;
    }
    struct rf_command c = {.op = (uint16_t)(1 + check_random(seed) % 11),
                           .slot = (uint32_t)check_random(seed),
                           .generation = (uint32_t)check_random(seed),
                           .cell = n};
    for (int i = 0; i < 4; i++) c.args[i] = (int64_t)check_random(seed);
    c.payload_length = (uint32_t)(check_random(seed) % (RF_COMMAND_PAYLOAD + 1));
    for (uint32_t i = 0; i < c.payload_length; i++) c.payload[i] = (uint8_t)check_random(seed);
    c.args[4] = mix(&c);
    uint64_t one = 1, number = rf_command_put(&region, &c, cell);
    if (rf_must_ring(&region.header->backend_asleep) && write(doorbell, &one, sizeof one) < 0)
        atomic_fetch_add(&shared->wrong, 1);
    if (!rf_cell_wait(cell, number, 3000)) {
        atomic_fetch_add(&shared->hung, 1);
    } else {
        uint32_t length = (uint32_t)((uint64_t)c.args[0] % (RF_CELL_PAYLOAD + 1));
        bool mine = cell->result == mix(&c) && cell->error == (int32_t)(c.args[2] & 0x7f) &&
                    cell->payload_length == length;
        for (uint32_t i = 0; mine && i < length; i++) mine = cell->payload[i] == (uint8_t)(c.args[1] & 0xff);
        atomic_fetch_add(mine ? &shared->answered : &shared->wrong, 1);
    }
    rf_unlock(&cell->lock);
}

static int producer(void *argument) {
    (void)argument;
    uint64_t seed = (uint64_t)getpid() * 2 + 1;
    while (atomic_load(&shared->stop) == 0) call(&seed);
    return 0;
}

static struct rf_region small_region(void) {
    /* A short command ring is often full; few cells are often taken over from the dead. */
    return check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = 64, .commands = 8, .cells = 64, .pool_bytes = RF_PAGE});
}

static bool all_claimable(void) {
    uint32_t n;
    struct rf_cell *cells[64];
    int claimed = 0;
    while (claimed < 64 && (cells[claimed] = rf_cell_claim(&region, &n)) != NULL) claimed++;
    for (int i = 0; i < claimed; i++) rf_unlock(&cells[i]->lock);
    return claimed == 64;
}

static void calls_under_kill(void) {
    region = small_region();
    shared = check_shared(sizeof *shared);
    doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pid_t server = check_spawn(backend, NULL), pids[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) pids[i] = check_spawn(producer, NULL);
    long target = check_rounds(150000), kills = 0;
    uint64_t seed = 9;
    while (atomic_load(&shared->answered) < target && atomic_load(&shared->hung) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(check_random(&seed) % 3000000)}, NULL);
        int victim = (int)(check_random(&seed) % PRODUCERS);
        check_kill(pids[victim]);
        pids[victim] = check_spawn(producer, NULL);
        kills++;
    }
    atomic_store(&shared->stop, 1);
    int unfinished = 0;
    for (int i = 0; i < PRODUCERS; i++) unfinished += check_wait(pids[i], 5000) != 0;
    atomic_store(&shared->stop, 2);
    int ended = check_wait(server, 5000);
    check_note(
        "%ld answers, %ld calls taken, %ld kills; the backend's bounded sleep found a call that nobody had "
        "rung for %ld times; no free cell %ld times",
        shared->answered, shared->taken, kills, shared->unrung, shared->without_cell);
    check(shared->wrong == 0 && shared->answered >= target, "every surviving caller gets its own answer",
          "%ld wrong, %ld right of %ld", shared->wrong, shared->answered, target);
    check(shared->hung == 0 && unfinished == 0, "no caller hangs", "%ld without answer, %d did not end",
          shared->hung, unfinished);
    check(shared->holes == 0 && shared->backwards == 0 && ended == 0 && shared->taken >= shared->answered,
          "killed callers leave no hole in the command ring",
          "%ld entries broken, %ld out of order, backend %d", shared->holes, shared->backwards, ended);
    check(kills > target / 5000, "callers really were killed", "%ld kills", kills);
    check(all_claimable(), "in the end every cell can be claimed", "some cannot");
    close(doorbell);
    munmap(shared, sizeof *shared);
    munmap(region.header, region.bytes);
}

/* A caller that dies after its call was published. */
static int die_waiting(void *argument) {
    struct rf_command *command = argument;
    struct rf_cell *cell = rf_cell_claim(&region, &command->cell);
    if (cell == NULL) return 1;
    rf_command_put(&region, command, cell);
    raise(SIGKILL);
    return 2;
}

static void late_answers_are_dropped(void) {
    region = small_region();
    struct rf_command *dead = check_shared(sizeof *dead), taken, mine = {.op = RF_OP_BIND};
    dead->op = RF_OP_SOCKET;
    check_need(check_wait(check_spawn(die_waiting, dead), 5000) == -1, "a caller that dies");
    check_need(rf_command_take(&region, &taken) == 1 && taken.call_number == dead->call_number, "its call");

    /* Another caller takes over the dead one's cell. */
    struct rf_cell *cells[64], *cell = NULL;
    int claimed = 0;
    for (uint32_t n; claimed < 64 && (cells[claimed] = rf_cell_claim(&region, &n)) != NULL; claimed++)
        if (n == dead->cell) cell = cells[claimed];
    check_need(claimed == 64 && cell != NULL, "the dead caller's cell");
    mine.cell = dead->cell;
    uint64_t number = rf_command_put(&region, &mine, cell);
    cell->result = -77;
    rf_reply(&region, taken.cell, taken.call_number, EIO, 1, "old", 3);
    bool dropped = !rf_cell_answered(cell, number) && cell->result == -77 && !rf_cell_wait(cell, number, 5);
    check(dropped, "a late answer to a dead caller is dropped", "it reached the next one in its cell");
    rf_reply(&region, mine.cell, number, 0, 2, "new", 3);
    check(rf_cell_wait(cell, number, 1000) && cell->result == 2 && memcmp(cell->payload, "new", 3) == 0,
          "and the next caller still gets its own", "it did not");

    rf_reply(&region, RF_NO_CELL, number, 0, 3, NULL, 0);
    rf_reply(&region, region.cell_count, number, 0, 3, NULL, 0);
    static const uint8_t long_payload[RF_CELL_PAYLOAD] = {1};
    rf_reply(&region, mine.cell, number, 0, 4, long_payload, UINT32_MAX);
    check(cell->payload_length == RF_CELL_PAYLOAD, "an answer never leaves its cell", "its length is %u",
          cell->payload_length);
    for (int i = 0; i < claimed; i++) rf_unlock(&cells[i]->lock);
    munmap(region.header, region.bytes);
    munmap(dead, sizeof *dead);
}

/* A caller that dies after it has taken it upon itself to ring. */
static int die_before_ringing(void *argument) {
    struct rf_command *command = argument;
    rf_command_put(&region, command, NULL);
    if (!rf_must_ring(&region.header->backend_asleep)) return 1;
    raise(SIGKILL);
    return 2;
}

static void an_unrung_call_is_found(void) {
    region = small_region();
    doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct rf_command *dead = check_shared(sizeof *dead), taken;
    dead->op = RF_OP_SOCKET;
    dead->cell = RF_NO_CELL;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    check_need(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, doorbell, &event) == 0, "a doorbell");
    rf_fall_asleep(&region.header->backend_asleep);
    check_need(check_wait(check_spawn(die_before_ringing, dead), 5000) == -1, "a caller that dies");
    bool others_ring = rf_must_ring(&region.header->backend_asleep);
    int rung = epoll_wait(epoll, &event, 1, 50);
    rf_wake_up(&region.header->backend_asleep);
    check(!others_ring && rung == 0 && rf_command_take(&region, &taken) == 1 && taken.call_number == 1,
          "a caller that is killed before it rings leaves its call to the backend's bounded sleep",
          "others ring %d, rung %d", others_ring, rung);
    close(epoll);
    close(doorbell);
    munmap(dead, sizeof *dead);
    munmap(region.header, region.bytes);
}

/* The same calls by threads: what ThreadSanitizer can see. */
static void *thread_of_calls(void *argument) {
    uint64_t seed = (uintptr_t)argument + 101;
    for (long left = check_rounds(20000); left > 0; left--) call(&seed);
    return NULL;
}

static void *thread_of_answers(void *argument) { return (void *)(intptr_t)backend(argument); }

static void calls_of_threads(void) {
    pthread_t server, callers[4];
    void *result;
    region = small_region();
    shared = check_shared(sizeof *shared);
    doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    check_need(pthread_create(&server, NULL, thread_of_answers, NULL) == 0, "a thread");
    for (uintptr_t i = 0; i < 4; i++)
        check_need(pthread_create(&callers[i], NULL, thread_of_calls, (void *)i) == 0, "a thread");
    for (int i = 0; i < 4; i++) pthread_join(callers[i], NULL);
    atomic_store(&shared->stop, 2);
    pthread_join(server, &result);
    long calls = 4 * check_rounds(20000);
    check(shared->answered == calls && shared->taken == calls && shared->holes == 0 &&
              shared->backwards == 0 && shared->unrung == 0 && result == NULL,
          "threads share the command ring: each gets its answer, and every call is rung for",
          "%ld of %ld answered, %ld wrong, %ld unrung", shared->answered, calls, shared->wrong,
          shared->unrung);
    close(doorbell);
    munmap(shared, sizeof *shared);
    munmap(region.header, region.bytes);
}

static void impossible_counters_are_refused(void) {
    region = small_region();
    struct rf_command command;
    atomic_store(&region.header->command_tail, 9);
    int beyond = rf_command_take(&region, &command);
    atomic_store(&region.header->command_tail, UINT64_MAX);
    int backwards = rf_command_take(&region, &command);
    atomic_store(&region.header->command_tail, 8);
    int full = rf_command_take(&region, &command);
    check(beyond == -EPROTO && backwards == -EPROTO && full == 1,
          "a command counter that claims more than the ring holds is a violation", "%d, %d, %d", beyond,
          backwards, full);
    munmap(region.header, region.bytes);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 120);
    late_answers_are_dropped();
    impossible_counters_are_refused();
    an_unrung_call_is_found();
    calls_of_threads();
    calls_under_kill();
    return check_end();
}
