/* Calling the backend. */
#include "call.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "critical.h"

/* How long to wait before looking whether the gateway is still there. */
#define ROUND_MILLISECONDS 200

int call_backend(const struct ring_socket *socket, struct rf_command *command, struct answer *answer) {
    struct attachment *attachment = socket->attachment;
    struct rf_region region = *socket->region;
    struct rf_cell *cell;
    if (attachment_dead(attachment)) return ENETDOWN;
    /* A handler that leaves by longjmp would keep the cell: signals wait for the answer, but not for long. */
    struct critical section = critical_enter();
    while ((cell = rf_cell_claim(&region, &command->cell)) == NULL) {
        critical_leave(section);
        syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 1000000}, NULL);
        if (!attachment_alive(attachment)) return ENETDOWN;
        section = critical_enter();
    }
    command->slot = socket->number;
    command->generation = socket->generation;
    uint64_t number;
    while ((number = rf_command_put(&region, command, cell)) == 0)
        if (!attachment_alive(attachment)) {
            rf_unlock(&cell->lock);
            critical_leave(section);
            return ENETDOWN;
        }
    if (rf_must_ring(&region.header->backend_asleep)) attachment_ring(attachment);
    bool answered;
    while (!(answered = rf_cell_wait(cell, number, ROUND_MILLISECONDS)) && attachment_alive(attachment)) {
        critical_leave(section);
        section = critical_enter();
    }
    *answer = (struct answer){.error = ENETDOWN};
    if (answered) {
        uint32_t length = cell->payload_length;
        answer->error = cell->error;
        answer->result = cell->result;
        answer->length = length < RF_CELL_PAYLOAD ? length : RF_CELL_PAYLOAD;
        memcpy(answer->payload, cell->payload, answer->length);
    }
    rf_unlock(&cell->lock);
    critical_leave(section);
    return answer->error;
}

int call_post(const struct ring_socket *socket, struct rf_command *command) {
    struct rf_region region = *socket->region;
    if (attachment_dead(socket->attachment)) return ENETDOWN;
    command->cell = RF_NO_CELL;
    command->slot = socket->number;
    command->generation = socket->generation;
    struct critical section = critical_enter();
    uint64_t number;
    while ((number = rf_command_put(&region, command, NULL)) == 0 && attachment_alive(socket->attachment)) continue;
    bool ring = rf_must_ring(&region.header->backend_asleep);
    critical_leave(section);
    if (ring) attachment_ring(socket->attachment);
    return number != 0 ? 0 : ENETDOWN;
}
