/* Locks: their holder may die at any instruction, and whoever maps the region may write into them what he likes. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { LOCKS = 3, BOUND = 5000 };

static struct shared {
    struct rf_lock locks[LOCKS];
    pthread_mutex_t programs[2]; /* robust, the program's own */
    _Atomic int step;
    long count; /* under locks[0] */
} *shared;

static void begin(void) {
    pthread_mutexattr_t attributes;
    shared = check_shared(sizeof *shared);
    for (int i = 0; i < LOCKS; i++) rf_lock_init(&shared->locks[i]);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (int i = 0; i < 2; i++) pthread_mutex_init(&shared->programs[i], &attributes);
}

static void end(void) { munmap(shared, sizeof *shared); }

/* What the kernel knows of the thread's list. */
static void *first_of_list(void) {
    void **head;
    size_t length;
    return syscall(SYS_get_robust_list, 0, &head, &length) == 0 ? *head : NULL;
}

/* How another process finds the locks: a bit for each that it can take, and 256 times the bit if the holder had died. */
static int look(void *argument) {
    (void)argument;
    int found = 0;
    for (int i = 0; i < LOCKS; i++) {
        bool died = (atomic_load(&shared->locks[i].word) & 0x40000000) != 0;
        if (rf_trylock(&shared->locks[i]) == 0) found |= (died ? 8 : 1) << i;
    }
    for (int i = 0; i < LOCKS; i++)
        if ((found & 9 << i) != 0) rf_unlock(&shared->locks[i]);
    return found;
}

static int found(void) { return check_wait(check_spawn(look, NULL), BOUND); }

/* ---- the holder dies ---- */

static int die_with_three(void *argument) {
    (void)argument;
    for (int i = 0; i < LOCKS; i++) rf_lock(&shared->locks[i]);
    raise(SIGKILL);
    return 1;
}

static int die_with_the_first(void *argument) {
    (void)argument;
    for (int i = 0; i < LOCKS; i++) rf_lock(&shared->locks[i]);
    rf_unlock(&shared->locks[1]);
    rf_unlock(&shared->locks[2]);
    raise(SIGKILL);
    return 1;
}

static int release_the_middle(void *argument) {
    (void)argument;
    for (int i = 0; i < LOCKS; i++) rf_lock(&shared->locks[i]);
    rf_unlock(&shared->locks[1]);
    atomic_store(&shared->step, 1);
    return pause();
}

static bool await_step(void) {
    for (double late = check_now() + 5; check_now() < late; sched_yield())
        if (atomic_load(&shared->step) != 0) return true;
    return false;
}

static void deaths(void) {
    begin();
    int before = found();
    check_need(check_wait(check_spawn(die_with_three, NULL), BOUND) == -1, "a holder that dies");
    int after = found();
    check(before == 7 && after == 7 << 3, "three locks of a holder that is killed are its heirs'", "found %#x, then %#x", before,
          after);
    check(rf_lock(&shared->locks[0]) == false, "and the next holder's as any other", "it is dead, too");
    rf_unlock(&shared->locks[0]);
    check_need(check_wait(check_spawn(die_with_the_first, NULL), BOUND) == -1, "a holder that dies");
    check(rf_lock(&shared->locks[0]) && !rf_lock(&shared->locks[1]) && !rf_lock(&shared->locks[2]),
          "of a killed holder's locks those are inherited that it had not released", "others were");
    for (int i = 0; i < LOCKS; i++) rf_unlock(&shared->locks[i]);

    pid_t holder = check_spawn(release_the_middle, NULL);
    check_need(await_step() && !rf_lock(&shared->locks[1]), "a lock released from between two");
    check_kill(holder);
    int left = found();
    check(left == (8 << 0 | 8 << 2), "so are they when another holds the one from between", "found %#x", left);
    rf_unlock(&shared->locks[1]);
    end();
}

static int hold_and_wait(void *argument) {
    (void)argument;
    rf_lock(&shared->locks[0]);
    atomic_store(&shared->step, 1);
    return pause();
}

static int inherit(void *argument) {
    (void)argument;
    bool died = rf_lock(&shared->locks[0]);
    rf_unlock(&shared->locks[0]);
    return died ? 3 : 4;
}

static void deaths_while_others_wait(void) {
    begin();
    pid_t holder = check_spawn(hold_and_wait, NULL), waiters[3];
    check_need(await_step(), "a holder");
    check(rf_trylock(&shared->locks[0]) == EBUSY, "a lock that is held is busy", "it is not");
    int told = 0, others = 0;
    for (int i = 0; i < 3; i++) waiters[i] = check_spawn(inherit, NULL);
    for (int i = 0; i < 3; i++) check_need(check_sleeps(waiters[i]), "who waits");
    check_kill(holder);
    for (int i = 0; i < 3; i++) {
        int status = check_wait(waiters[i], BOUND);
        told += status == 3;
        others += status == 4;
    }
    check(told == 1 && others == 2, "of those who wait when the holder is killed one is told, and all have their turn",
          "%d and %d", told, others);
    end();
}

/* Two locks, one within the other, another beside them, and released in two orders. */
static int take_and_release(void *argument) {
    (void)argument;
    rf_lock(&shared->locks[0]);
    rf_lock(&shared->locks[1]);
    rf_trylock(&shared->locks[2]);
    rf_unlock(&shared->locks[0]);
    rf_unlock(&shared->locks[2]);
    rf_unlock(&shared->locks[1]);
    return 0;
}

static int take_step_by_step(void *argument) {
    take_and_release(argument); /* what happens once */
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) return 1;
    raise(SIGSTOP);
    return take_and_release(argument);
}

static int wait_for_the_first(void *argument) {
    (void)argument;
    rf_lock(&shared->locks[0]);
    rf_unlock(&shared->locks[0]);
    return 0;
}

/* Kills a holder at its n-th instruction. False when it has fewer. */
static bool kill_at(long n, bool awaited, bool *whole) {
    int status;
    begin();
    pid_t holder = check_spawn(take_step_by_step, NULL), waiter = 0;
    check_need(waitpid(holder, &status, 0) == holder && WIFSTOPPED(status), "a traced holder");
    bool runs = true;
    for (long i = 0; i < n && runs; i++) {
        if (ptrace(PTRACE_SINGLESTEP, holder, NULL, NULL) != 0) break;
        runs = waitpid(holder, &status, 0) == holder && WIFSTOPPED(status);
        if (awaited && runs && waiter == 0 && atomic_load(&shared->locks[0].word) != 0) {
            waiter = check_spawn(wait_for_the_first, NULL);
            check_need(check_sleeps(waiter), "who waits");
        }
    }
    if (runs) check_kill(holder);
    *whole = waiter == 0 || check_wait(waiter, BOUND) == 0;
    int free = found();
    *whole = *whole && ((free | free >> 3) & 7) == 7;
    end();
    return runs;
}

static void deaths_anywhere(void) {
    long bad = 0, n = 0, stride = 100 / check_rounds(100);
    bool whole;
    for (n = 1; kill_at(n, false, &whole); n += stride) bad += !whole;
    check(bad == 0 && n > 100, "a holder that is killed at any instruction leaves all its locks to others", "%ld of %ld not", bad,
          n / stride);
    long first = n;
    for (n = 1; kill_at(n, true, &whole); n += 3 * stride) bad += !whole;
    check(bad == 0 && n > 100, "and whoever waits is woken", "%ld of %ld not", bad, n / stride / 3);
    check_note("killed at each of %ld instructions", first);
}

/* ---- orders ---- */

static void orders(void) {
    static const int of[6][LOCKS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    begin();
    void *before = first_of_list();
    int bad = 0;
    for (int o = 0; o < 6; o++) {
        for (int i = 0; i < LOCKS; i++) rf_lock(&shared->locks[i]);
        for (int i = 0, held = 7; i < LOCKS; i++) {
            rf_unlock(&shared->locks[of[o][i]]);
            held &= ~(1 << of[o][i]);
            bad += found() != (7 & ~held);
        }
        bad += first_of_list() != before;
    }
    check(bad == 0, "locks are released in any order, and the thread's list is what it was before", "%d times not", bad);
    end();
}

/* ---- the program's own ---- */

static int die_among_mutexes(void *argument) {
    bool with_locks = argument != NULL;
    pthread_mutex_lock(&shared->programs[0]);
    rf_lock(&shared->locks[0]);
    rf_lock(&shared->locks[1]);
    rf_unlock(&shared->locks[0]);
    rf_unlock(&shared->locks[1]);
    pthread_mutex_lock(&shared->programs[1]);
    for (int i = 0; i < LOCKS && with_locks; i++) rf_lock(&shared->locks[i]);
    raise(SIGKILL);
    return 1;
}

static bool inherited(int mutex) {
    if (pthread_mutex_lock(&shared->programs[mutex]) != EOWNERDEAD) return false;
    pthread_mutex_consistent(&shared->programs[mutex]);
    pthread_mutex_unlock(&shared->programs[mutex]);
    return true;
}

static void programs_mutexes(void) {
    for (int with_locks = 0; with_locks < 2; with_locks++) {
        begin();
        check_need(check_wait(check_spawn(die_among_mutexes, with_locks ? shared : NULL), BOUND) == -1, "a program that dies");
        bool first = inherited(0), second = inherited(1);
        int locks = found();
        check(first && second && locks == (with_locks ? 7 << 3 : 7),
              with_locks ? "with locks in front of them, too" : "the program's own robust mutexes are inherited as ever",
              "first %d, second %d, locks %#x", first, second, locks);
        end();
    }
    begin();
    pthread_mutex_lock(&shared->programs[0]);
    pthread_mutex_lock(&shared->programs[1]);
    rf_lock(&shared->locks[0]);
    rf_unlock(&shared->locks[0]);
    pthread_mutex_unlock(&shared->programs[0]);
    rf_lock(&shared->locks[1]);
    rf_unlock(&shared->locks[1]);
    pthread_mutex_unlock(&shared->programs[1]);
    void *head = first_of_list(), **self = head;
    check(head != NULL && *self == head, "and released in any order between locks", "the list is not empty");
    end();
}

/* ---- forks ---- */

static int hold_in_a_child_of_a_holder(void *argument) {
    (void)argument;
    rf_lock(&shared->locks[0]);
    rf_unlock(&shared->locks[0]);
    pid_t child = check_spawn(die_with_three, NULL);
    int status = check_wait(child, BOUND);
    return status == -1 && rf_lock(&shared->locks[1]) ? 0 : 1;
}

static int release_its_parents(void *argument) {
    (void)argument;
    rf_unlock(&shared->locks[0]);
    return 0;
}

static void forks(void) {
    begin();
    check(check_wait(check_spawn(hold_in_a_child_of_a_holder, NULL), BOUND) == 0,
          "a child's locks are its own, not those of the parent that locked before", "nobody hears of its death");
    end();
    begin();
    rf_lock(&shared->locks[0]);
    uint32_t word = atomic_load(&shared->locks[0].word);
    check_wait(check_spawn(release_its_parents, NULL), BOUND);
    check(atomic_load(&shared->locks[0].word) == word, "a child that releases what its parent holds changes nothing", "it is free");
    rf_unlock(&shared->locks[0]);
    rf_lock(&shared->locks[1]);
    rf_unlock(&shared->locks[1]);
    pid_t child = (pid_t)syscall(SYS_fork); /* libc does not hear of it */
    if (child == 0) {
        rf_lock_after_raw_fork((uint32_t)getpid());
        rf_lock(&shared->locks[0]);
        raise(SIGKILL);
    }
    check_wait(child, BOUND);
    int locks = found();
    check(locks == (1 << 3 | 6), "the death of a child that did not pass libc is noticed, too", "locks %#x", locks);
    end();
}

/* A handler that comes while the program waits for a mutex of its own: glibc says so to the kernel once, and then sleeps. */
static void interrupted(void) {
    struct robust_list_head *head;
    size_t length;
    begin();
    check_need(syscall(SYS_get_robust_list, 0, &head, &length) == 0, "get_robust_list");
    struct robust_list *awaited = (void *)&shared->programs[0].__data.__list.__next;
    head->list_op_pending = awaited;
    rf_lock(&shared->locks[0]);
    rf_unlock(&shared->locks[0]);
    check(head->list_op_pending == awaited, "what the program waits for stays known to the kernel", "it is forgotten");
    head->list_op_pending = NULL;
    end();
}

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
    deaths();
    deaths_while_others_wait();
    deaths_anywhere();
    orders();
    programs_mutexes();
    forks();
    interrupted();
    hostile_words();
    counting();
    return check_end();
}
