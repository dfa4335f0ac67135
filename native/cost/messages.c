/*
 * messages.c - what shim and INS do in shared memory for a message, N times, so that a simulator can count the instructions.
 *
 *   messages PART N
 *
 * Both ends of a region in one process: nothing waits and, but for the packets of PART "settle", nothing goes to the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "../region/readiness.h"

#define SLOT 3

static struct rf_region region;
static int pair[2];

static void begin(void) {
    struct rf_geometry geometry = {.abi = 1, .slots = 64, .commands = 64, .cells = 64, .pool_bytes = 1 << 20, .region_id = 1};
    uint64_t bytes = rf_region_bytes(&geometry);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || rf_region_format(memory, &geometry) != 0 || rf_region_open(memory, bytes, &region) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        exit(2);
    struct rf_slot *slot = &region.slots[SLOT];
    slot->generation = 1;
    slot->state = RF_STATE_CONNECTED;
    slot->in_grant = slot->in_used = rf_grant(0, 0, 1);
    slot->out_grant = slot->out_used = rf_grant(1, 0, 1);
    rf_lock_init(&slot->receive_lock);
}

/* A message of 64 bytes through a ring. */
static void pass(const struct rf_ring *ring) {
    static char bytes[64];
    struct iovec span[2];
    if (rf_produce_span(&region, ring, span) < sizeof bytes) exit(2);
    memcpy(span[0].iov_base, bytes, sizeof bytes);
    rf_produce(ring, sizeof bytes);
    if (rf_consume_span(&region, ring, span) != sizeof bytes) exit(2);
    memcpy(bytes, span[0].iov_base, sizeof bytes);
    rf_consume(ring, sizeof bytes);
}

static void ring(void) {
    struct rf_ring out = rf_out_ring(&region.slots[SLOT]);
    pass(&out);
    if (rf_notify(&region, SLOT)) exit(2);
}

/* As the shim receives: with its lock, and the descriptor settled; no packet is on its way. */
static void settle(void) {
    struct rf_slot *slot = &region.slots[SLOT];
    struct rf_ring in = rf_in_ring(slot);
    rf_lock(&slot->receive_lock);
    pass(&in);
    if (rf_unblock(&slot->in_blocked) || rf_readable_settle(&region, SLOT, pair[0])) exit(2);
    rf_unlock(&slot->receive_lock);
}

static struct rf_order order;

static void news(void) {
    if (order.pending == NULL) rf_order_begin(&region, &order, region.to_backend);
    rf_order_stamp_out(&region, &region.slots[SLOT]);
    rf_pending_set(region.to_backend, SLOT);
    if (rf_order_next(&region, &order, RF_ALL_NEWS) != SLOT) exit(2);
    if (rf_order_next(&region, &order, RF_ALL_NEWS) != UINT32_MAX) exit(2);
}

static void call(void) {
    uint32_t number;
    struct rf_cell *cell = rf_cell_claim(&region, &number);
    struct rf_command command = {.op = RF_OP_GETSOCKOPT, .slot = SLOT, .generation = 1, .cell = number}, taken;
    uint64_t call_number = rf_command_put(&region, &command, cell);
    if (rf_command_take(&region, &taken) != 1) exit(2);
    rf_reply(&region, taken.cell, taken.call_number, 0, 0, NULL, 0);
    if (!rf_cell_answered(cell, call_number)) exit(2);
    rf_unlock(&cell->lock);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {{"ring", ring}, {"settle", settle}, {"news", news}, {"call", call}};

int main(int argc, char **argv) {
    begin();
    for (size_t i = 0; argc == 3 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(argv[1], parts[i].name) != 0) continue;
        for (long n = atol(argv[2]); n > 0; n--) parts[i].run();
        return 0;
    }
    fprintf(stderr, "usage: messages ring|settle|news|call N\n");
    return 2;
}
