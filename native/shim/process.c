/*
 * process.c - whether this process is one of its own. A child of vfork runs in its parent's memory, with a table of
 * descriptors of its own: what it closes, its parent keeps open.
 *
 * A look must cost no system call, since every call on a socket takes one: vfork() counts in a variable of its thread,
 * which its child alone uses until it is gone, and clone() with CLONE_VM, which nothing but sandboxes call, has the
 * process compare its number from then on. What libc itself does in such children (posix_spawn, system, popen) does
 * not pass the shim.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "attach.h"
#include "entry.h"
#include "loan.h"
#include "namespace.h"
#include "real.h"
#include "table.h"
#include "watch.h"

/* Wiped by any fork, however it is done: 0 says that this process has not recorded its number. */
static _Atomic(_Atomic pid_t *) recorded;
static _Atomic bool compares;

_Thread_local unsigned long process_depth __attribute__((used));

void process_record(void) {
    if (atomic_load(&recorded) != NULL) return;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    _Atomic pid_t *none = NULL;
    if (madvise(page, 4096, MADV_WIPEONFORK) != 0) {
        munmap(page, 4096);
        return;
    }
    *(_Atomic pid_t *)page = getpid();
    if (!atomic_compare_exchange_strong(&recorded, &none, page)) munmap(page, 4096);
}

bool process_is_borrowed(void) {
    _Atomic pid_t *page = atomic_load_explicit(&recorded, memory_order_acquire);
    if (page == NULL) return process_depth != 0;
    pid_t pid = atomic_load_explicit(page, memory_order_relaxed);
    if (pid == 0) {
        /* The first look after a fork. The thread that was attaching then does not exist here. */
        attachment_after_fork();
        pid = getpid();
        rf_lock_after_raw_fork((uint32_t)pid); /* if it is one */
        watch_after_fork();
        loan_restart();
        process_depth = 0;
        atomic_store_explicit(page, pid, memory_order_relaxed);
        loan_keep_all(); /* a fork that did not pass libc */
        return false;
    }
    if (process_depth != 0) return true;
    return atomic_load_explicit(&compares, memory_order_relaxed) && getpid() != pid;
}

/* As in libc: the child returns first and writes over the stack, so that the parent's return address waits in a
 * register, which the kernel keeps. So does the depth to go back to. */
__asm__(".pushsection .text\n"
        ".globl vfork\n.type vfork, @function\nvfork:\n"
        ".cfi_startproc\n"
        "subq $8, %rsp\n.cfi_adjust_cfa_offset 8\n"
        "call loan_suspend\n"
        "addq $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "popq %rdi\n.cfi_adjust_cfa_offset -8\n.cfi_register %rip, %rdi\n"
        "movq process_depth@gottpoff(%rip), %rdx\n"
        "movq %fs:(%rdx), %rsi\n"
        "movl $58, %eax\n"
        "syscall\n"
        "pushq %rdi\n.cfi_adjust_cfa_offset 8\n.cfi_offset %rip, -8\n"
        "testq %rax, %rax\nje 1f\n"
        "lock decl loan_suspended(%rip)\n"
        "cmpq $-4095, %rax\njae 2f\n"
        "movq %rsi, %fs:(%rdx)\nret\n"
        "1: incq %rsi\nmovq %rsi, %fs:(%rdx)\nret\n"
        "2: movq %rax, %rdi\njmp syscall_failed\n"
        ".cfi_endproc\n.size vfork, .-vfork\n"
        ".popsection\n");

__attribute__((visibility("default"), used)) int exported_clone(int (*run)(void *), void *stack, int flags,
                                                                void *argument, ...) __asm__("clone");
int exported_clone(int (*run)(void *), void *stack, int flags, void *argument, ...) {
    static int (*found)(int (*)(void *), void *, int, void *, ...);
    va_list rest;
    va_start(rest, argument);
    void *parent = va_arg(rest, void *), *storage = va_arg(rest, void *), *child = va_arg(rest, void *);
    va_end(rest);
    if ((flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM) atomic_store(&compares, true);
    namespace_leaving(flags);
    if (found == NULL) found = real_find("clone");
    if ((flags & CLONE_FILES) != 0) return found(run, stack, flags, argument, parent, storage, child);
    loan_suspend();
    int started = found(run, stack, flags, argument, parent, storage, child);
    loan_resume();
    return started;
}

/* What fork() does without its handlers. libc's own fork() does not come by here. */
pid_t shim__Fork(void) {
    watch_before_fork();
    pid_t child = real._Fork();
    if (child != 0) loan_resume();
    else rf_lock_after_fork();
    return child;
}

/* Before a child is made by number: `word` is the flags of clone(), or the arguments of clone3(). loan_resume follows in the parent. */
void process_cloning(long number, unsigned long word);
__attribute__((used)) void process_cloning(long number, unsigned long word) {
    uint64_t flags = number == SYS_clone ? word : 0;
    const uint64_t *arguments = (const uint64_t *)word; /* of which the first is the flags */
    if (number == SYS_clone3 && readable(arguments, sizeof flags)) flags = *arguments;
    if ((flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM) atomic_store(&compares, true);
    loan_suspend();
}
