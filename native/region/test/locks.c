/* Locks, whose holder may die at any instruction. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "locks.h"

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

int main(int argc, char **argv) {
    check_start(argc, argv, 180);
    deaths();
    deaths_while_others_wait();
    deaths_anywhere();
    orders();
    programs_mutexes();
    forks();
    interrupted();
    return check_end();
}
