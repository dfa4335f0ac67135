/* Tells the gateway what the stack has counted, in the region's header. */
#include "ins.h"

#define LASTING_MILLISECONDS 10000

static void store(_Atomic uint64_t *word, uint64_t value) { atomic_store_explicit(word, value, memory_order_relaxed); }

static uint64_t trouble(const struct rf_stack_counts *counts) {
    return counts->cookies + counts->dropped + counts->repeated + counts->overflows;
}

int64_t ins_counts_at(const struct ins *ins) {
    return ins->troubled != 0 && ins->now - ins->troubled < LASTING_MILLISECONDS ? ins->counted + INS_LOOK_MILLISECONDS : INT64_MAX;
}

void ins_tell_counters(struct ins *ins) {
    static struct rf_stack_counts before;
    if (ins->stack->count == NULL || ins->now - ins->counted < INS_LOOK_MILLISECONDS) return;
    struct rf_stack_counts counts = {0};
    bool first = ins->counted == 0;
    ins->counted = ins->now;
    if (!ins->stack->count(&counts)) return;
    struct rf_header *h = ins->region.header;
    store(&h->stack_cookies, counts.cookies);
    store(&h->stack_dropped, counts.dropped);
    store(&h->stack_repeated, counts.repeated);
    store(&h->stack_opened, counts.opened);
    store(&h->stack_overflows, counts.overflows);
    atomic_fetch_add_explicit(&h->stack_looks, 1, memory_order_release);
    if (!first && trouble(&counts) != trouble(&before)) {
        ins->troubled = ins->now;
        ins->published = true;
    }
    before = counts;
}
