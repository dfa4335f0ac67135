/* Command ring and reply cells. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "region.h"

/* Times 50 us: some 200 ms. */
#define RF_FULL_TRIES 4000

uint64_t rf_command_put(struct rf_region *region, struct rf_command *command, struct rf_cell *cell) {
    struct rf_header *h = region->header;
    for (int tries = 0; tries < RF_FULL_TRIES; tries++) {
        rf_lock(&h->command_lock);
        uint64_t tail = atomic_load_explicit(&h->command_tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&h->command_head, memory_order_acquire);
        if (tail - head < region->command_count) {
            uint64_t number = atomic_load_explicit(&h->call_number, memory_order_relaxed) + 1;
            atomic_store_explicit(&h->call_number, number, memory_order_relaxed);
            command->call_number = number;
            command->args[RF_CALL_STAMP] = (int64_t)atomic_load(&h->out_count);
            if (cell != NULL) atomic_store_explicit(&cell->expected, number, memory_order_relaxed);
            memcpy(&region->commands[tail & (region->command_count - 1)], command, sizeof *command);
            /* Last: a producer killed before this store leaves no hole behind. */
            atomic_store_explicit(&h->command_tail, tail + 1, memory_order_release);
            rf_unlock(&h->command_lock);
            return number;
        }
        rf_unlock(&h->command_lock);
        /* The backend takes calls in batches and never waits for anybody: a full ring is brief. */
        rf_pause(50000);
    }
    return 0;
}

int rf_command_take(struct rf_region *region, struct rf_command *command) {
    struct rf_header *h = region->header;
    uint64_t head = atomic_load_explicit(&h->command_head, memory_order_relaxed);
    uint64_t filled = atomic_load_explicit(&h->command_tail, memory_order_acquire) - head;
    if (filled == 0) return 0;
    if (filled > region->command_count) return -EPROTO;
    memcpy(command, &region->commands[head & (region->command_count - 1)], sizeof *command);
    atomic_store_explicit(&h->command_head, head + 1, memory_order_release);
    return 1;
}

bool rf_command_peek(const struct rf_region *region, uint32_t n, struct rf_command *command) {
    const struct rf_header *h = region->header;
    uint64_t head = atomic_load_explicit(&h->command_head, memory_order_relaxed);
    uint64_t filled = atomic_load_explicit(&h->command_tail, memory_order_acquire) - head;
    if (n >= filled || filled > region->command_count) return false;
    memcpy(command, &region->commands[(head + n) & (region->command_count - 1)], sizeof *command);
    return true;
}

struct rf_cell *rf_cell_claim(struct rf_region *region, uint32_t *cell) {
    /* Threads start at different places, so that they rarely meet. */
    static _Thread_local uint32_t last;
    if (last == 0) last = (uint32_t)gettid();
    for (uint32_t i = 0; i < region->cell_count; i++) {
        uint32_t n = (last + i) % region->cell_count;
        if (rf_trylock(&region->cells[n].lock) != 0) continue;
        last = n + region->cell_count; /* never 0 */
        *cell = n;
        return &region->cells[n];
    }
    return NULL;
}

static long futex(void *word, int operation, uint32_t value, const struct timespec *timeout) {
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

bool rf_cell_wait(struct rf_cell *cell, uint64_t call_number, int milliseconds) {
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000L) end.tv_sec++, end.tv_nsec -= 1000000000L;
    while (!rf_cell_answered(cell, call_number)) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        struct timespec left = {end.tv_sec - now.tv_sec, end.tv_nsec - now.tv_nsec};
        if (left.tv_nsec < 0) left.tv_sec--, left.tv_nsec += 1000000000L;
        if (left.tv_sec < 0) return false;
        uint64_t seen = atomic_load_explicit(&cell->answered, memory_order_relaxed);
        atomic_store_explicit(&cell->waiting, 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        if (rf_cell_answered(cell, call_number)) break;
        futex(&cell->answered, FUTEX_WAIT, (uint32_t)seen, &left);
    }
    atomic_store_explicit(&cell->waiting, 0, memory_order_relaxed);
    return true;
}

/* False if nobody is to hear of it. */
static bool answer(struct rf_region *region, uint32_t cell, uint64_t call_number, int32_t error, int64_t result,
                   const void *payload, uint32_t payload_length) {
    if (cell >= region->cell_count) return false;
    struct rf_cell *c = &region->cells[cell];
    /* Its caller died and another one took the cell over. */
    if (atomic_load_explicit(&c->expected, memory_order_acquire) != call_number) return false;
    if (payload_length > RF_CELL_PAYLOAD) payload_length = RF_CELL_PAYLOAD;
    if (payload_length != 0) memcpy(c->payload, payload, payload_length);
    c->payload_length = payload_length;
    c->error = error;
    c->result = result;
    atomic_store_explicit(&c->answered, call_number, memory_order_release);
    return true;
}

static void wake(struct rf_cell *c) {
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&c->waiting, memory_order_relaxed) != 0)
        futex(&c->answered, FUTEX_WAKE, INT_MAX, NULL);
}

void rf_reply(struct rf_region *region, uint32_t cell, uint64_t call_number, int32_t error,
              int64_t result, const void *payload, uint32_t payload_length) {
    if (!answer(region, cell, call_number, error, result, payload, payload_length)) return;
    atomic_fetch_or_explicit(&region->header->answered[cell / 64], UINT64_C(1) << cell % 64,
                             memory_order_release);
    wake(&region->cells[cell]);
}

void rf_reply_to_waiting(struct rf_region *region, uint32_t cell, uint64_t call_number, int32_t error,
                         int64_t result, const void *payload, uint32_t payload_length) {
    if (answer(region, cell, call_number, error, result, payload, payload_length)) wake(&region->cells[cell]);
}
