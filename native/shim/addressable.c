/* Asks the kernel whether there is memory, by calls that find nothing to do there. */
#include "addressable.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

_Atomic(uint64_t) addressable_known[ADDRESSABLE_KNOWN];

bool addressable_probe(uint64_t at, bool written) {
    static uint32_t nobody; /* waits at this address */
    /* A filter may end the program for asking. */
    if (sandbox_confined) return true;
    int kept = errno;
    /* Reading: eight bytes as a signal mask, for a change that there is not. Writing: "or nothing" into four bytes, by
     * FUTEX_WAKE_OP. Both within the page. */
    long result = written ? syscall(SYS_futex, &nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, NULL, at & ~UINT64_C(3),
                                    FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, -2048))
                          : syscall(SYS_rt_sigprocmask, -1, at & ~UINT64_C(7), NULL, sizeof(uint64_t));
    bool there = result >= 0 || errno != EFAULT;
    errno = kept;
    if (there) {
        uint64_t page = at >> ADDRESSABLE_PAGE_BITS;
        atomic_store_explicit(&addressable_known[page % ADDRESSABLE_KNOWN], page << 1 | written, memory_order_relaxed);
    }
    return there;
}
