/* Locks in a region. They protect application processes from each other and nothing else: the gateway and the INS never take
 * one.
 *
 * A lock is what glibc's robust mutex is to the kernel: a word with the holder's thread number, which the kernel marks, and wakes
 * somebody by, if a thread ends at any instruction with the lock in its list (get_robust_list(2)). That list is the thread's own,
 * glibc's, with the program's mutexes in it: the shim's locks are taken and released while no code of the program runs, and so
 * are in front of those, and gone before the next of those comes or goes. glibc links its mutexes both ways, and follows on
 * unlocking the pointers that it finds in them. Whoever maps the region may write there: here they are written for the kernel
 * and never read. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "region.h"

/* The most that a thread holds at once is four: two of a socket, a cell, the commands'. What is beyond is locked, but nobody hears of its holder's death. */
#define RF_HELD_MOST 8

/* What a thread knows of itself. */
static _Thread_local struct holder {
    struct robust_list_head *head; /* NULL: not looked for yet */
    uint32_t thread;               /* its number, as in the words of glibc's mutexes */
    unsigned count;
    struct {
        struct rf_lock *lock;
        struct robust_list *below; /* what the list began with before */
    } held[RF_HELD_MOST];
    struct robust_list_head none; /* instead of a list that does not fit */
} self;

/* The kernel looks at the list between any two instructions. */
#define IN_THIS_ORDER() atomic_signal_fence(memory_order_seq_cst)

static struct robust_list *entry(struct rf_lock *lock) { return (struct robust_list *)&lock->next; }

/* Where in what glibc keeps of a thread its list begins; 0: nowhere that fits. */
static uintptr_t list_offset;

/* A robust mutex shows where the list begins by what glibc writes into it, and without a system call, for which a program in a sandbox
 * might be killed. Once, before main(): later the list may be found in the middle of a change, by a handler. */
__attribute__((constructor)) static void find_list(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
    struct robust_list_head *head = (void *)mutex.__data.__list.__prev;
    uintptr_t offset = (uintptr_t)head - (uintptr_t)pthread_self();
    if (offset < RF_PAGE && head->list.next == (void *)&mutex.__data.__list.__next &&
        head->futex_offset == -(long)offsetof(struct rf_lock, next))
        list_offset = offset;
    pthread_mutex_unlock(&mutex);
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_destroy(&attributes);
}

/* A mutex of the thread's own shows its number, likewise. */
static void meet(void) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    self.thread = (uint32_t)mutex.__data.__owner & FUTEX_TID_MASK;
    pthread_mutex_unlock(&mutex);
    self.head = list_offset != 0 ? (void *)((uintptr_t)pthread_self() + list_offset) : &self.none;
}

void rf_lock_after_fork(void) {
    self.head = NULL;
    self.count = 0;
}

void rf_lock_after_raw_fork(uint32_t thread) {
    rf_lock_after_fork();
    meet();
    if (thread == self.thread) return;
    self.thread = thread;
    if (self.head != &self.none) syscall(SYS_set_robust_list, self.head, sizeof *self.head);
}

uint32_t rf_lock_thread(void) {
    if (__builtin_expect(self.head == NULL, 0)) meet();
    return self.thread;
}

void rf_pause(long nanoseconds) { syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = nanoseconds}, NULL); }

void rf_lock_init(struct rf_lock *lock) {
    atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
    lock->next = NULL;
}

/* From here to settle() the kernel looks at the lock, whether it is in the list or not. What it looked at before: the program's own mutex,
 * if this is a handler that came while that was waited for. */
static inline struct robust_list *attend(struct rf_lock *lock) {
    if (__builtin_expect(self.head == NULL, 0)) meet();
    struct robust_list *before = self.head->list_op_pending;
    self.head->list_op_pending = entry(lock);
    IN_THIS_ORDER();
    return before;
}

static inline void settle(struct robust_list *before) {
    IN_THIS_ORDER();
    self.head->list_op_pending = before;
}

static inline void link_first(struct rf_lock *lock) {
    if (__builtin_expect(self.count == RF_HELD_MOST, 0)) return;
    struct robust_list *below = self.head->list.next;
    self.held[self.count].lock = lock;
    self.held[self.count].below = below;
    self.count++;
    lock->next = below;
    IN_THIS_ORDER();
    self.head->list.next = entry(lock);
}

/* What is above is linked anew, to what the thread itself remembers. */
static inline void unlink_it(struct rf_lock *lock) {
    unsigned at = self.count;
    while (at > 0 && self.held[at - 1].lock != lock) at--;
    if (at == 0) return;
    struct robust_list *below = self.held[at - 1].below;
    if (at == self.count) {
        self.head->list.next = below;
    } else {
        self.held[at].lock->next = below;
        self.held[at].below = below;
    }
    for (self.count--; at <= self.count; at++) self.held[at - 1] = self.held[at];
}

static long futex(struct rf_lock *lock, int operation, uint32_t value) {
    int kept = errno;
    long result = syscall(SYS_futex, &lock->word, operation, value, NULL, NULL, 0);
    errno = kept;
    return result;
}

/* A word without a thread is a free lock's, or a dead holder's. True if it was taken; `word` is what was there. */
static inline bool take(struct rf_lock *lock, uint32_t *word, uint32_t thread) {
    return (*word & FUTEX_TID_MASK) == 0 &&
           atomic_compare_exchange_strong_explicit(&lock->word, word, thread | (*word & FUTEX_WAITERS), memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Others may sleep, too: who has slept wakes one of them in its turn. */
static __attribute__((noinline)) uint32_t take_slowly(struct rf_lock *lock, uint32_t word) {
    uint32_t thread = self.thread;
    while (!take(lock, &word, thread)) {
        if ((word & FUTEX_TID_MASK) == 0) continue; /* it has changed meanwhile */
        if ((word & FUTEX_WAITERS) == 0 && !atomic_compare_exchange_strong_explicit(&lock->word, &word, word | FUTEX_WAITERS,
                                                                                    memory_order_relaxed, memory_order_relaxed))
            continue;
        futex(lock, FUTEX_WAIT, word | FUTEX_WAITERS);
        thread |= FUTEX_WAITERS;
        word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    }
    return word;
}

bool rf_lock(struct rf_lock *lock) {
    struct robust_list *before = attend(lock);
    uint32_t word = 0;
    if (__builtin_expect(!take(lock, &word, self.thread), 0)) word = take_slowly(lock, word);
    link_first(lock);
    settle(before);
    return (word & FUTEX_OWNER_DIED) != 0;
}

int rf_trylock(struct rf_lock *lock) {
    uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    if ((word & FUTEX_TID_MASK) != 0) return EBUSY;
    struct robust_list *before = attend(lock);
    bool taken = take(lock, &word, self.thread);
    if (taken) link_first(lock);
    settle(before);
    return taken ? 0 : EBUSY;
}

void rf_unlock(struct rf_lock *lock) {
    struct robust_list *before = attend(lock);
    unlink_it(lock);
    IN_THIS_ORDER();
    /* It may be another's: who was forked while it was held comes here, too, and who held it while its slot became another socket's. */
    bool own = (atomic_load_explicit(&lock->word, memory_order_relaxed) & FUTEX_TID_MASK) == self.thread;
    if (own && (atomic_exchange_explicit(&lock->word, 0, memory_order_release) & FUTEX_WAITERS) != 0) futex(lock, FUTEX_WAKE, 1);
    settle(before);
}
