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

enum { OVER = -1 };

static bool until(_Atomic long *word, long value) {
    long now;
    for (long spins = 1; (now = atomic_load_explicit(word, memory_order_acquire)) != value; spins++) {
        if (now == OVER) return false;
        if (spins % 1000 == 0) sched_yield(); /* a core may be missing */
    }
    return true;
}

static void jitter(uint64_t *seed) {
    for (volatile uint64_t n = check_random(seed) % 32; n > 0; n--) continue;
}

enum { SECONDS = 8 }; /* on a busy machine a round may cost a time slice: then fewer have to do */

struct litmus {
    long rounds; /* on return: rounds done */
    bool fenced;
};

static void *publisher(void *argument) {
    const struct litmus *l = argument;
    uint64_t seed = 7;
    for (long i = 1; i <= l->rounds; i++) {
        if (!until(&s.publisher_go, i)) break;
        jitter(&seed);
        atomic_store_explicit(&s.published, 1, memory_order_release);
        s.rang = l->fenced ? rf_must_ring(&s.asleep)
                           : atomic_load_explicit(&s.asleep, memory_order_acquire) != 0;
        atomic_store_explicit(&s.publisher_done, i, memory_order_release);
    }
    return NULL;
}

static long lost_wake_ups(struct litmus *l) {
    pthread_t thread;
    uint64_t seed = 11;
    long lost = 0;
    s.publisher_go = s.publisher_done = 0;
    check_need(pthread_create(&thread, NULL, publisher, &(struct litmus){l->rounds, l->fenced}) == 0,
               "a thread");
    double end = check_now() + SECONDS;
    for (long i = 1; i <= l->rounds; i++) {
        if (i % 16 == 0 && check_now() > end) {
            l->rounds = i - 1;
            atomic_store(&s.publisher_go, OVER);
            break;
        }
        atomic_store(&s.published, 0);
        atomic_store(&s.asleep, 0);
        atomic_store(&s.publisher_go, i);
        jitter(&seed);
        if (l->fenced)
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
        if (!until(&go, i)) break;
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
    double end = check_now() + SECONDS;
    for (long i = 1; i <= rounds; i++) {
        bool asleep = i % 4 != 0;
        if (i % 16 == 0 && check_now() > end) {
            rounds = i - 1;
            atomic_store(&go, OVER);
            break;
        }
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
    struct litmus fenced = {check_rounds(1000000), true}, unfenced = {check_rounds(1000000), false};
    long lost = lost_wake_ups(&fenced);
    check_note("%ld rounds with the fences", fenced.rounds);
    check(lost == 0 && fenced.rounds > 1000, "with the fences no wake-up is lost", "%ld of %ld were", lost,
          fenced.rounds);
    lost = lost_wake_ups(&unfenced);
    check_note("release and acquire alone lose %ld of %ld wake-ups: %s", lost, unfenced.rounds,
               lost > 0 ? "the test can fail" : "this machine does not show what the fences are for");
    exactly_one_rings();
    return check_end();
}
