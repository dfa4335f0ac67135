/* Locks that many want, and into which whoever maps the region may write what he likes. */
#include "locks.h"

/* ---- who does his worst ---- */

static struct {
    struct rf_lock before;
    uint64_t canaries[64];
    struct rf_lock after;
} own; /* this process's alone */

/* All of the locks but their words. */
static int overwrite(void *argument) {
    (void)argument;
    for (int i = 0; i < LOCKS; i++) {
        uintptr_t *words = (uintptr_t *)&shared->locks[i];
        for (size_t at = 1; at < sizeof(struct rf_lock) / sizeof *words; at++)
            words[at] = (uintptr_t)&own.canaries[8 * i + 2 * at];
    }
    return 0;
}

static bool untouched(void) {
    for (int i = 0; i < 64; i++)
        if (own.canaries[i] != (uint64_t)i) return false;
    return true;
}

static void hostile_words(void) {
    static const int orders[2][LOCKS] = {{2, 1, 0}, {0, 1, 2}};
    for (int i = 0; i < 64; i++) own.canaries[i] = (uint64_t)i;
    begin();
    void *before = first_of_list();
    bool whole = true;
    for (int o = 0; o < 2; o++) {
        for (int i = 0; i < LOCKS; i++) rf_lock(&shared->locks[i]);
        check_need(check_wait(check_spawn(overwrite, NULL), BOUND) == 0, "who overwrites");
        for (int i = 0; i < LOCKS; i++) {
            rf_unlock(&shared->locks[orders[o][i]]);
            check_need(check_wait(check_spawn(overwrite, NULL), BOUND) == 0, "who overwrites");
        }
        whole = whole && untouched() && first_of_list() == before;
    }
    check(whole, "what another process writes beside a lock's word is not followed", "it was");
    check(found() == 7, "and the locks still work", "they do not");

    uint64_t seed = 7;
    for (int i = 0; i < 2000; i++) {
        for (int n = 0; n < LOCKS; n++) rf_lock(&shared->locks[n]);
        for (int n = 0; n < LOCKS; n++) atomic_store(&shared->locks[n].word, (uint32_t)check_random(&seed));
        for (int n = 0; n < LOCKS; n++) rf_unlock(&shared->locks[n]);
        for (int n = 0; n < LOCKS; n++) rf_lock_init(&shared->locks[n]); /* what is another's stays as it is */
    }
    check(untouched() && first_of_list() == before && found() == 7, "nor does a word of any value harm who releases its lock",
          "it does");
    end();
}

/* ---- many ---- */

enum { PROCESSES = 4, THREADS = 4 };

static void *count(void *rounds) {
    for (long i = 0; i < (long)(intptr_t)rounds; i++) {
        rf_lock(&shared->locks[0]);
        shared->count++;
        rf_unlock(&shared->locks[0]);
    }
    return NULL;
}

static int count_in_threads(void *rounds) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, count, rounds) != 0) return 1;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return 0;
}

static void counting(void) {
    begin();
    long rounds = check_rounds(40000);
    pid_t children[PROCESSES];
    int bad = 0;
    for (int i = 0; i < PROCESSES; i++) children[i] = check_spawn(count_in_threads, (void *)(intptr_t)rounds);
    for (int i = 0; i < PROCESSES; i++) bad += check_wait(children[i], 60000) != 0;
    check(bad == 0 && shared->count == rounds * PROCESSES * THREADS, "of many threads of many processes one at a time holds it",
          "%d failed, %ld of %ld", bad, shared->count, rounds * PROCESSES * THREADS);
    end();
}

int main(int argc, char **argv) {
    check_start(argc, argv, 180);
    hostile_words();
    counting();
    return check_end();
}
