/* The asleep flag never loses a wake-up: the litmus test behind rule 4 of docs/protocol.md. */
#include <pthread.h>
#include <sched.h>

#include "check.h"

/* One round: one side publishes and looks whether the other sleeps, the other says that it sleeps
 * and looks whether something was published. Both seeing nothing is a lost wake-up. Each word has
 * its own cache line, as in the region: that is what makes the store wait in its buffer. */
static struct {
    _Alignas(64) _Atomic uint64_t published;
    _Alignas(64) _Atomic uint32_t asleep;
    _Alignas(64) _Atomic long publisher_go;
    _Alignas(64) _Atomic long publisher_done;
    _Alignas(64) bool rang;
} s;

static void until(_Atomic long *word, long value) {
    for (long spins = 1; atomic_load_explicit(word, memory_order_acquire) != value; spins++)
        if (spins % 1000 == 0) sched_yield(); /* a core may be missing */
}

static void jitter(uint64_t *seed) {
    for (volatile uint64_t n = check_random(seed) % 32; n > 0; n--) continue;
}

struct litmus {
    long rounds;
    bool fenced;
};

static void *publisher(void *argument) {
    const struct litmus *l = argument;
    uint64_t seed = 7;
    for (long i = 1; i <= l->rounds; i++) {
        until(&s.publisher_go, i);
        jitter(&seed);
        atomic_store_explicit(&s.published, 1, memory_order_release);
        s.rang = l->fenced ? rf_must_ring(&s.asleep)
                           : atomic_load_explicit(&s.asleep, memory_order_acquire) != 0;
        atomic_store_explicit(&s.publisher_done, i, memory_order_release);
    }
    return NULL;
}

static long lost_wake_ups(struct litmus l) {
    pthread_t thread;
    uint64_t seed = 11;
    long lost = 0;
    s.publisher_go = s.publisher_done = 0;
    check_need(pthread_create(&thread, NULL, publisher, &l) == 0, "a thread");
    for (long i = 1; i <= l.rounds; i++) {
        atomic_store(&s.published, 0);
        atomic_store(&s.asleep, 0);
        atomic_store(&s.publisher_go, i);
        jitter(&seed);
        if (l.fenced)
            rf_fall_asleep(&s.asleep);
        else
            atomic_store_explicit(&s.asleep, 1, memory_order_release);
        bool saw = atomic_load_explicit(&s.published, memory_order_acquire) != 0;
        until(&s.publisher_done, i);
        if (!saw && !s.rang) lost++;
    }
    pthread_join(thread, NULL);
    return lost;
}

/* Two publishers and a sleeper: exactly one of them is told to ring. */
static _Atomic long go, done[2];
static bool rang[2];

static void *ringer(void *argument) {
    int me = argument == &rang[1];
    long rounds = check_rounds(200000);
    for (long i = 1; i <= rounds; i++) {
        until(&go, i);
        rang[me] = rf_must_ring(&s.asleep);
        atomic_store_explicit(&done[me], i, memory_order_release);
    }
    return NULL;
}

static void exactly_one_rings(void) {
    pthread_t threads[2];
    long rounds = check_rounds(200000), wrong = 0;
    for (int t = 0; t < 2; t++)
        check_need(pthread_create(&threads[t], NULL, ringer, &rang[t]) == 0, "a thread");
    for (long i = 1; i <= rounds; i++) {
        bool asleep = i % 4 != 0;
        atomic_store(&s.asleep, asleep);
        atomic_store(&go, i);
        until(&done[0], i);
        until(&done[1], i);
        if (rang[0] + rang[1] != asleep || s.asleep != 0) wrong++;
    }
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    check(wrong == 0, "exactly one of two publishers rings a sleeper, and none rings one that is awake",
          "%ld of %ld rounds were wrong", wrong, rounds);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    long rounds = check_rounds(1000000);
    long lost = lost_wake_ups((struct litmus){rounds, true});
    check(lost == 0, "with the fences no wake-up is lost", "%ld of %ld were", lost, rounds);
    long unfenced = lost_wake_ups((struct litmus){rounds, false});
    check_note("release and acquire alone lose %ld of %ld wake-ups: %s", unfenced, rounds,
               unfenced > 0 ? "the test can fail" : "this machine does not show what the fences are for");
    exactly_one_rings();
    return check_end();
}
