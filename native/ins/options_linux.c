/* Socket options of the Linux kernel's sockets. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "option_numbers.h"
#include "options.h"
#include "stack_linux.h"

static int result(int value) { return value < 0 ? -errno : value; }

/* What the gateway lets pass. It is asked for here once more, since among the others there are options that hold pointers, count in
 * other units than bytes (SO_GET_FILTER), or run programs in the kernel: with those the gateway could write into this process. */
static bool passes(int level, int name, bool setting) {
    static const struct listed_option known[] = {LINUX_OPTIONS(OPTION_ROW)};
    return option_is_listed(known, sizeof known / sizeof known[0], level, name, setting);
}

/* Options whose value is the stack's business, whatever the application asks for, but for TCP_NOTSENT_LOWAT if it asks for a limit.
 *
 * TCP_CORK is never set; clearing it sends what waits. It makes the kernel keep a segment that is not full though no more bytes are taken
 * from the application until it has gone: on a loopback such a segment can be half of UNSENT_AT_FIRST, and both wait for 200 ms. What is
 * sent meanwhile says MSG_MORE, which ends where the socket is full. */
static uint32_t kept_bit(int level, int name) {
    if (level == IPPROTO_TCP && name == TCP_NODELAY) return KEPT_NODELAY;
    if (level == IPPROTO_TCP && name == TCP_CORK) return KEPT_CORK;
    if (level == IPPROTO_TCP && name == TCP_NOTSENT_LOWAT) return KEPT_UNSENT;
    return level == SOL_SOCKET && name == SO_OOBINLINE ? KEPT_OOBINLINE : 0;
}

static bool is_low_mark(int level, int name) { return level == SOL_SOCKET && name == SO_RCVLOWAT; }

static int keep_cork(int s, uint32_t *kept) {
    int is;
    int error = result(getsockopt(s, IPPROTO_TCP, TCP_CORK, &is, &(socklen_t){sizeof is})); /* a datagram socket has none */
    if (error == 0) *kept |= KEPT_CORK;
    return error;
}

/* It would be the mark below which the kernel tells the INS of no byte, and whoever waits for one behind the gateway would never get it. So it
 * is remembered, and read, and has no effect. */
static int keep_low_mark(uint32_t *kept, int wanted, uint32_t length) {
    if (length < sizeof wanted) return -EINVAL;
    uint32_t mark = (uint32_t)wanted > KEPT_MARK_MOST ? KEPT_MARK_MOST : (uint32_t)wanted; /* a negative one is a large one, as on Linux */
    *kept = (*kept & ~(KEPT_MARK_MOST << KEPT_MARK_AT)) | mark << KEPT_MARK_AT;
    return 0;
}

int linux_set_option(int s, uint32_t *kept, int level, int name, const void *value, uint32_t length) {
    if (!passes(level, name, true)) return -ENOPROTOOPT;
    uint32_t bit = kept_bit(level, name);
    int wanted = 0;
    if (length >= sizeof wanted) memcpy(&wanted, value, sizeof wanted);
    if (bit == KEPT_CORK && wanted != 0) return keep_cork(s, kept);
    if (is_low_mark(level, name)) return keep_low_mark(kept, wanted, length);
    /* Not off for a moment: see linux_urgent(). */
    static const int on = 1;
    if ((bit == KEPT_NODELAY || bit == KEPT_OOBINLINE) && length >= sizeof wanted) value = &on, length = sizeof on;
    int error = result(setsockopt(s, level, name, value, length));
    if (error == 0 && level == SOL_SOCKET && name == SO_LINGER) *kept |= KEPT_LINGER;
    if (error != 0 || bit == 0) return error;
    *kept = wanted != 0 ? *kept | bit : *kept & ~bit;
    if (bit == KEPT_UNSENT && wanted == 0) return result(setsockopt(s, level, name, &(int){UNSENT_BYTES}, sizeof(int)));
    return 0;
}

int linux_get_option(int s, const uint32_t *kept, int level, int name, void *value, uint32_t *length) {
    socklen_t size = *length;
    if (!passes(level, name, false)) return -ENOPROTOOPT;
    int error = result(getsockopt(s, level, name, value, &size));
    if (error != 0) return error;
    uint32_t bit = kept_bit(level, name);
    int mark = (int)(*kept >> KEPT_MARK_AT);
    if (is_low_mark(level, name) && mark > 1) memcpy(value, &mark, size < sizeof mark ? size : sizeof mark);
    if (bit != 0 && (bit != KEPT_UNSENT || (*kept & bit) == 0))
        memcpy(value, &(int){(*kept & bit) != 0}, size < sizeof(int) ? size : sizeof(int));
    *length = size;
    return 0;
}
