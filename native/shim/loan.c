/* Giving lent descriptors back, and keeping them. */
#include "loan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../region/readiness.h"
#include "addressable.h"
#include "attach.h"
#include "real.h"
#include "sandbox.h"
#include "watch.h"

/* How long a close waits for the end of a loan, that is until the gateway ends any: 1000 times 50 us, to which the kernel adds as much. */
enum { NAPS = 1000, NAP_NANOSECONDS = 50000, NAPS_ALIVE = 64 };

__attribute__((used)) _Atomic uint32_t loan_suspended;
static _Atomic uint32_t suspensions; /* ever */

static bool is_lent(const struct ring_socket *s) {
    return (atomic_load_explicit(&s->slot->lent, memory_order_acquire) & RF_LENT_NOW) != 0;
}

static bool is_kept(const struct ring_socket *s) {
    return atomic_load_explicit(&s->slot->kept, memory_order_relaxed) == s->generation;
}

void loan_flags_change(int fd) {
    struct ring_socket s;
    if (table_find(fd, &s)) atomic_store_explicit(&s.slot->blocking, 0, memory_order_relaxed);
}

/* Whom the socket's close concerns knows it from now on. What the caller reads afterwards is newer. */
static void tell(const struct ring_socket *s, _Atomic uint32_t *word) {
    atomic_store_explicit(word, s->generation, memory_order_release);
    if (rf_notify(s->region, s->number)) attachment_ring(s->attachment);
    atomic_thread_fence(memory_order_seq_cst);
}

void loan_keep_socket(const struct ring_socket *s) {
    if (is_lent(s) && !is_kept(s)) tell(s, &s->slot->kept);
}

void loan_awaited(const struct ring_socket *s) {
    if (atomic_load_explicit(&s->slot->blocking, memory_order_relaxed) != RF_LENT_NONBLOCKING) loan_keep_socket(s);
}

void loan_keep(int fd) {
    struct ring_socket s;
    if (table_find(fd, &s)) loan_keep_socket(&s);
}

__attribute__((used)) void loan_keep_all(void) { /* vfork() calls it, too */
    if (!attachment_configured() || process_is_borrowed()) return;
    unsigned end = table_end();
    for (unsigned fd = 0; fd < end; fd++)
        if (table_get((int)fd) != RF_ENTRY_NONE) loan_keep((int)fd);
}

void loan_keep_passed(const struct msghdr *message) {
    if (!attachment_configured() || !readable(message, sizeof *message) || message->msg_controllen == 0 ||
        !readable(message->msg_control, message->msg_controllen))
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR((struct msghdr *)message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        /* The program's word: the kernel refuses what is longer. */
        size_t left = message->msg_controllen - (size_t)((uint8_t *)c - (uint8_t *)message->msg_control);
        for (size_t at = 0; c->cmsg_len <= left && CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            loan_keep(fd);
        }
    }
}

uint32_t loan_forks(void) {
    uint32_t before = atomic_load(&suspensions);
    return atomic_load(&loan_suspended) != 0 ? before - 1 : before;
}

void loan_watched(const struct ring_socket *s, bool arms) {
    atomic_store(&s->slot->interest, s->generation);
    if (!arms) loan_keep_socket(s);
}

void loan_taken(const struct ring_socket *s, bool nonblocking, uint32_t forks) {
    uint32_t lent = atomic_load(&s->slot->lent), wanted = nonblocking ? RF_LENT_NONBLOCKING : RF_LENT_BLOCKING;
    uint32_t is = lent == 0 ? RF_LENT_BLOCKING : lent & (RF_LENT_BLOCKING | RF_LENT_NONBLOCKING);
    if (is != wanted) real.fcntl(s->fd, F_SETFL, (long)(O_RDWR | (nonblocking ? O_NONBLOCK : 0)));
    atomic_store_explicit(&s->slot->blocking, wanted, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* it is in the table: whoever suspends sees it there, or is seen here */
    if (loan_forks() != forks) loan_keep_socket(s);
}

/* An epoll instance goes on telling of a closed descriptor while the gateway has its copy. */
static void await_end(const struct ring_socket *s) {
    if (sandbox_confined || atomic_load(&s->slot->interest) != s->generation) return;
    for (int naps = 0; naps < NAPS && is_lent(s); naps++) {
        if (naps % NAPS_ALIVE == NAPS_ALIVE - 1 && !attachment_alive(s->attachment)) return;
        syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = NAP_NANOSECONDS}, NULL);
    }
}

bool loan_take(int fd, struct loan *loan) {
    struct ring_socket *s = &loan->socket;
    if (!table_find(fd, s) || !is_lent(s)) return false;
    loan->forks = loan_forks();
    if (!is_kept(s) && watch_leave(s)) return true;
    loan_keep_socket(s);
    await_end(s);
    return false;
}

/* Another thread may have begun to wait on the descriptor, to copy it or to fork before the table had forgotten it: then it has
 * said so before it looked there. */
void loan_return(const struct loan *loan) {
    const struct ring_socket *s = &loan->socket;
    atomic_thread_fence(memory_order_seq_cst);
    if (is_kept(s)) return;
    if (loan_forks() == loan->forks) tell(s, &s->slot->returned);
    else tell(s, &s->slot->kept);
}

__attribute__((used)) void loan_suspend(void) {
    atomic_fetch_add(&loan_suspended, 1);
    atomic_fetch_add(&suspensions, 1);
    loan_keep_all();
}

void loan_resume(void) { atomic_fetch_sub(&loan_suspended, 1); }

void loan_restart(void) { atomic_store(&loan_suspended, 0); }
