/* A unikernel has one process, no users and no other programs: what ../sandbox.c and ../filter.c do on a host, the hypervisor
 * does here. */
#include "../ins.h"

struct ins_identity ins_find_user(const char *user) {
    if (user != NULL) ins_die("--user '%s': there are no users here: drop the option", user);
    return (struct ins_identity){0};
}

void ins_close_inherited(void) {}

int ins_fill_descriptors(const struct ins_peer *peer) {
    (void)peer;
    return 0;
}

/* The stack raises its own limit. */
void ins_raise_descriptors(const struct ins *ins) { (void)ins; }

void ins_wait_its_turn(void) {}

void ins_lock_down(const struct ins_identity *identity, bool threads) {
    (void)identity;
    (void)threads;
}

void ins_die_with_parent(int parent) { (void)parent; }

void ins_filter_system_calls(int host) { (void)host; }

/* The locks of a region are the applications' (../../region/lock.c): never taken here. */
void rf_lock_init(struct rf_lock *lock) { (void)lock; }

bool rf_lock(struct rf_lock *lock) {
    (void)lock;
    ins_die("a lock of the applications was to be taken");
}

int rf_trylock(struct rf_lock *lock) { return rf_lock(lock); }

void rf_unlock(struct rf_lock *lock) { (void)lock; }

void rf_pause(long nanoseconds) { (void)nanoseconds; }
