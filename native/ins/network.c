/* Answers NETWORK: the links, addresses and routes of the stack, a few at a time, from a copy that is as it was at
 * one moment. An application may ask as often as it likes, so the stack is asked anew once in a while only. */
#include <string.h>

#include "ins.h"

#define FRESH_MILLISECONDS 50

static struct {
    struct rf_network_entry entries[RF_NETWORK_MOST], newer[RF_NETWORK_MOST];
    int count;
    uint32_t sequence; /* of the copy, from 1; a cursor carries it, so that nobody gets halves of two */
    int64_t asked;     /* when, in milliseconds */
} copy;

static void refresh(struct ins *ins) {
    if (copy.sequence != 0 && ins->now - copy.asked < FRESH_MILLISECONDS) return;
    memset(copy.newer, 0, sizeof copy.newer);
    int count = ins->stack->network(copy.newer);
    copy.asked = ins->now;
    /* Who is in the middle of the copy goes on in it, unless something has changed. */
    if (copy.sequence != 0 && count == copy.count &&
        memcmp(copy.newer, copy.entries, sizeof copy.entries[0] * (size_t)count) == 0)
        return;
    memcpy(copy.entries, copy.newer, sizeof copy.entries[0] * (size_t)count);
    copy.count = count;
    if (++copy.sequence > INT32_MAX) copy.sequence = 1;
}

void ins_tell_network(struct ins *ins, const struct rf_command *command) {
    int64_t cursor = command->args[0];
    if (cursor == 0) refresh(ins);
    int64_t at = cursor & UINT32_MAX;
    int32_t error = cursor != 0 && cursor >> 32 != copy.sequence ? ins->stack->errors.again
                    : at > copy.count                           ? ins->stack->errors.invalid
                                                                : 0;
    if (error != 0) {
        ins_answer(ins, command->slot, command->cell, command->call_number, error, -1, NULL, 0);
        return;
    }
    int64_t told = copy.count - at < (int64_t)RF_NETWORK_IN_ANSWER ? copy.count - at : (int64_t)RF_NETWORK_IN_ANSWER;
    int64_t next = at + told < copy.count ? (int64_t)copy.sequence << 32 | (at + told) : 0;
    ins_answer(ins, command->slot, command->cell, command->call_number, 0, next, &copy.entries[at],
               (uint32_t)told * sizeof copy.entries[0]);
}
