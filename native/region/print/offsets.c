/*
 * offsets.c - prints every offset, size and number of layout.h, one per line, for LayoutTest of
 * ring-bundle, which compares them with the constants of its *Layout classes:
 *
 *   rf_slot.state 64        offset of a field, in bytes from the start of its structure
 *   sizeof rf_slot 512      size in bytes
 *   RF_MAX_ORDER 8          a constant or the value of an enumerator
 *
 * The test also reads the names of the fields out of layout.h: a field forgotten here is found there.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../layout.h"

#define FIELD(type, field) printf("rf_%s.%s %zu\n", #type, #field, offsetof(struct rf_##type, field));
#define SIZE(type) printf("sizeof rf_%s %zu\n", #type, sizeof(struct rf_##type));
#define NUMBER(name) printf("%s %" PRIu64 "\n", #name, (uint64_t)(name));

#define FIELDS_OF_HEADER(X)                                                                          \
    X(header, magic) X(header, layout_version) X(header, abi) X(header, slots) X(header, commands)   \
    X(header, cells) X(header, flags) X(header, region_bytes) X(header, commands_offset)             \
    X(header, cells_offset) X(header, slots_offset) X(header, pool_offset) X(header, pool_bytes)     \
    X(header, to_backend_offset) X(header, to_frontend_offset) X(header, region_id)                  \
    X(header, frontend_asleep) X(header, application_asleep) X(header, frontend_heartbeat)           \
    X(header, backend_asleep) X(header, backend_heartbeat) X(header, stack_looks)                    \
    X(header, stack_cookies) X(header, stack_dropped) X(header, stack_repeated) X(header, stack_opened) \
    X(header, stack_overflows) X(header, command_tail)                                               \
    X(header, call_number) X(header, command_head) X(header, command_lock) X(header, answered)       \
    X(header, out_count) X(header, in_count)

#define FIELDS_OF_COMMAND(X)                                                                         \
    X(command, op) X(command, flags) X(command, slot) X(command, generation) X(command, cell)        \
    X(command, call_number) X(command, args) X(command, payload_length) X(command, payload)

#define FIELDS_OF_CELL(X)                                                                            \
    X(cell, lock) X(cell, expected) X(cell, waiting) X(cell, answered) X(cell, error)                \
    X(cell, payload_length) X(cell, result) X(cell, payload)

#define FIELDS_OF_SLOT(X)                                                                            \
    X(slot, generation) X(slot, domain) X(slot, type) X(slot, protocol) X(slot, in_grant)            \
    X(slot, out_grant) X(slot, cookie) X(slot, state) X(slot, error) X(slot, marks)                  \
    X(slot, in_blocked) X(slot, in_tail) X(slot, in_base) X(slot, in_used) X(slot, out_head) X(slot, crowded) X(slot, told) X(slot, in_busy) \
    X(slot, out_tail) X(slot, out_base) X(slot, out_used) X(slot, in_head) X(slot, out_blocked)      \
    X(slot, kick) X(slot, error_taken) X(slot, armed) X(slot, heard) X(slot, out_busy) X(slot, receive_lock) X(slot, send_lock)       \
    X(slot, urgent_taken) X(slot, urgent_wish) X(slot, lent) X(slot, returned) X(slot, kept) X(slot, blocking) X(slot, interest) X(slot, out_urgent) X(slot, out_more) X(slot, out_warm) X(slot, in_urgent)                  \
    X(slot, local) X(slot, peer) X(slot, last_call) X(slot, last_result) X(slot, last_error) \
    X(slot, out_stamp) X(slot, in_stamp)

#define FIELDS_OF_OTHERS(X)                                                                          \
    X(lock, word) X(lock, next) X(name, length) X(name, address) X(pending, summary) X(pending, leaf)                            \
    X(offer, slot) X(offer, generation) X(offer, local) X(offer, peer)                               \
    X(hello, magic) X(hello, layout_version) X(hello, abi) X(hello, pid) X(hello, launch)            \
    X(hello, name)                                                                                   \
    X(welcome, magic) X(welcome, layout_version) X(welcome, error) X(welcome, region_bytes)

#define FIELDS_OF_RECORD(X)                                                                          \
    X(record, length) X(record, flags) X(record, name) X(record, via) X(record, interface_index)     \
    X(record, ttl) X(record, tos) X(record, seconds) X(record, nanoseconds)

#define SIZES(X)                                                                                     \
    X(header) X(command) X(cell) X(slot) X(name) X(record) X(pending) X(offer) X(hello) X(welcome)

#define NUMBERS(X)                                                                                   \
    X(RF_MAGIC) X(RF_LAYOUT_VERSION) X(RF_PAGE) X(RF_MAX_ORDER) X(RF_MAX_SLOTS) X(RF_MAX_CELLS)      \
    X(RF_COMMAND_PAYLOAD) X(RF_CELL_PAYLOAD) X(RF_NO_CELL) X(RF_ABI_LINUX) X(RF_ABI_NETBSD)          \
    X(RF_OP_SOCKET) X(RF_OP_BIND) X(RF_OP_LISTEN) X(RF_OP_CONNECT) X(RF_OP_SHUTDOWN)                 \
    X(RF_OP_SETSOCKOPT) X(RF_OP_GETSOCKOPT) X(RF_OP_ACCEPT) X(RF_OP_CLOSE) X(RF_OP_GETSOCKNAME)      \
    X(RF_OP_GETPEERNAME) X(RF_OP_NETWORK) X(RF_STATE_FREE) X(RF_STATE_OPEN) X(RF_STATE_LISTENING)                     \
    X(RF_STATE_CONNECTING) X(RF_STATE_CONNECTED) X(RF_STATE_FAILED) X(RF_MARK_IN_EOF)                \
    X(RF_MARK_RESET) X(RF_MARK_OUT_SHUT) X(RF_GRANT_VALID) X(RF_LAUNCH_LENGTH) X(RF_NAME_LENGTH)     \
    X(RF_URGENT_READ) X(RF_URGENT_PASSED) X(RF_URGENT_TOLD) X(RF_URGENT_INLINE) X(RF_MORE_ALL) X(RF_MORE_IN_STACK) X(RF_LENT_NOW) X(RF_LENT_BLOCKING) X(RF_LENT_NONBLOCKING) X(RF_LENT_BEFORE)                       \
    X(RF_CALL_STAMP) X(RF_BIND_WITHOUT_RIGHT) X(RF_CROWD_TAKEN) X(RF_WATCHERS) X(RF_ARMED_NEVER) X(RF_ARMED_FIRST) X(RF_RECORD_UNIT) X(RF_DATAGRAM_ORDER) X(RF_MAX_DATAGRAM) X(RF_RECORD_TRUNCATED)                 \
    X(RF_RECORD_PKTINFO) X(RF_RECORD_TTL) X(RF_RECORD_TOS) X(RF_RECORD_TIMESTAMP)

int main(void) {
    FIELDS_OF_HEADER(FIELD)
    FIELDS_OF_COMMAND(FIELD)
    FIELDS_OF_CELL(FIELD)
    FIELDS_OF_SLOT(FIELD)
    FIELDS_OF_OTHERS(FIELD)
    FIELDS_OF_RECORD(FIELD)
    SIZES(SIZE)
    NUMBERS(NUMBER)
    printf("sizeof rf_name.address %zu\n", sizeof((struct rf_name *)NULL)->address);
    /* A grant with another value in each of its parts. */
    printf("grant 1234567 5 43210 %" PRIu64 "\n", rf_grant(1234567, 5, 43210));
    return 0;
}
