/* Only the options of the translator's list reach the kernel, whatever the gateway asks for: among the others are some by which it
 * could write into the INS. */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>

#include "frontend_datagrams.h"
#include "option_numbers.h"

static struct frontend f;

struct row {
    int level, name, set, get;
};
static const struct row rows[] = {
#define ROW(level, name, set, get) {level, name, set, get},
    LINUX_OPTIONS(ROW)
#undef ROW
};

static const struct row *find(int level, int name) {
    static const struct row none;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].level == level && rows[i].name == name) return &rows[i];
    return &none;
}

static int set(uint32_t slot, int level, int name, const void *value, uint32_t length) {
    return frontend_call(&f, RF_OP_SETSOCKOPT, slot, level, name, 0, value, length).error;
}

static int get(uint32_t slot, int level, int name, int length) {
    return frontend_call(&f, RF_OP_GETSOCKOPT, slot, level, name, length, NULL, 0).error;
}

static void the_list(void) {
    check(find(SOL_SOCKET, SO_ERROR)->get && !find(SOL_SOCKET, SO_ERROR)->set && find(IPPROTO_TCP, TCP_INFO)->get &&
              find(IPPROTO_TCP, TCP_CORK)->set && find(SOL_SOCKET, SO_OOBINLINE)->set && find(IPPROTO_IP, IP_ADD_MEMBERSHIP)->set &&
              find(IPPROTO_IP, IP_BLOCK_SOURCE)->set && find(IPPROTO_IPV6, IPV6_JOIN_GROUP)->set &&
              !find(SOL_SOCKET, SO_ATTACH_FILTER)->set && !find(SOL_SOCKET, SO_ATTACH_FILTER)->get &&
              !find(SOL_SOCKET, SO_BINDTODEVICE)->set && !find(IPPROTO_IP, IP_TRANSPARENT)->set,
          "the list is the translator's", "it is not");
}

/* The pointer of a filter is good in any process: one without memory is EFAULT where the kernel has looked. */
static void filters(uint32_t slot, const char *sentence) {
    const struct {
        uint16_t count;
        uint64_t code;
    } filter = {1, 0x1000};
    static const int attach[] = {SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_FILTER,
                                 SO_LOCK_FILTER, 68 /* SO_DETACH_REUSEPORT_BPF */};
    int wrong = 0;
    for (size_t i = 0; i < sizeof attach / sizeof attach[0]; i++)
        if (set(slot, SOL_SOCKET, attach[i], &filter, sizeof filter) != ENOPROTOOPT) wrong = attach[i];
    if (get(slot, SOL_SOCKET, SO_GET_FILTER, RF_CELL_PAYLOAD) != ENOPROTOOPT) wrong = SO_GET_FILTER;
    check(wrong == 0, sentence, "%d does not", wrong);
}

static void others(uint32_t slot, const char *sentence) {
    static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_IPV6, IPPROTO_UDP, 255 /* SOL_RAW */, 270 /* SOL_NETLINK */};
    static const uint8_t value[RF_COMMAND_PAYLOAD];
    int wrong = 0;
    for (size_t l = 0; l < sizeof levels / sizeof levels[0]; l++)
        for (int name = -1; name < 130; name++) {
            const struct row *row = find(levels[l], name);
            if (!row->set && set(slot, levels[l], name, value, sizeof value) != ENOPROTOOPT) wrong = levels[l] * 1000 + name;
            if (!row->get && get(slot, levels[l], name, 64) != ENOPROTOOPT) wrong = levels[l] * 1000 + name;
        }
    check(wrong == 0, sentence, "level and name %d is not", wrong);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, NULL);
    the_list();
    frontend_socket(&f, 1, 0, AF_INET);
    frontend_datagrams(&f, 2, AF_INET);
    filters(1, "filters, which are programs for the kernel, do not reach it");
    filters(2, "nor do they of a socket of datagrams");
    others(1, "every option that is not on the list is ENOPROTOOPT");
    others(2, "and so it is of datagrams");
    frontend_close(&f, 1, false);
    frontend_close(&f, 2, false);
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
