/* Entries of NETWORK and requests of rtnetlink with nonsense in them, under AddressSanitizer and UBSan: nothing is read or
 * written beside them, and what is answered to a program is well formed, whatever the other side of the region has said.
 *
 *   network [ROUNDS [SEED]]
 *
 * Linked with the shim's own objects; the region and the socket are played here. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../attach.h"
#include "../call.h"
#include "../entry.h"
#include "../interfaces.h"
#include "../namespace.h"
#include "../netlink.h"
#include "../network.h"
#include "../real.h"
#include "../sandbox.h"
#include "../table.h"

static uint64_t state;
static uint32_t chance(void) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(state >> 33);
}

static unsigned datagrams, messages, malformed;

/* ---- what the shim's objects need ---- */

struct real real;

bool attachment_configured(void) { return true; }
bool process_is_borrowed(void) { return false; }
bool namespace_is_home(void) { return true; }
bool sandbox_confined = false;
int shim_socket(int domain, int type, int protocol) {
    (void)domain, (void)type, (void)protocol;
    return 3;
}
int shim_close(int fd) {
    (void)fd;
    return 0;
}
bool table_find(int fd, struct ring_socket *found) {
    static struct rf_slot slot = {.domain = AF_INET};
    (void)fd;
    *found = (struct ring_socket){.fd = 3, .slot = &slot};
    return true;
}
unsigned table_end(void) { return 0; }
uint64_t table_get(int fd) {
    (void)fd;
    return RF_ENTRY_NONE;
}
/* Time flies: nothing told is fresh the next time. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static time_t seconds;
    (void)clock;
    *now = (struct timespec){.tv_sec = seconds++};
    return 0;
}
long kernel_call(long number, ...) {
    (void)number;
    return 0;
}

/* Answers without end, of entries that say nothing. */
static bool endless;
static unsigned answers;

/* A few entries: plausible ones with single bytes changed, or anything at all. */
int call_backend(const struct ring_socket *socket, struct rf_command *command, struct answer *answer) {
    (void)socket;
    answers++;
    if (endless) {
        *answer = (struct answer){.length = sizeof(struct rf_network_entry), .result = command->args[0] + 1};
        return answers < 100 * RF_NETWORK_MOST ? 0 : ENETDOWN;
    }
    uint32_t told = chance() % (RF_NETWORK_IN_ANSWER + 1);
    *answer = (struct answer){.length = told * (uint32_t)sizeof(struct rf_network_entry) + chance() % 8};
    for (uint32_t i = 0; i < sizeof answer->payload; i++) answer->payload[i] = (uint8_t)chance();
    for (uint32_t i = 0; i < told && chance() % 4 != 0; i++) {
        struct rf_network_entry *e = (void *)(answer->payload + i * sizeof *e);
        e->kind = 1 + chance() % 3;
        e->index = chance() % 5;
        if (e->kind != RF_NETWORK_LINK) {
            e->address.family = chance() % 8 == 0 ? (uint8_t)chance() : chance() % 2 == 0 ? 2 : 10;
            e->address.prefix = (uint8_t)(chance() % 8 == 0 ? chance() : chance() % 33);
        } else if (chance() % 2 == 0) {
            memcpy(e->name, "lo", 3);
        }
    }
    if (answer->length > sizeof answer->payload) answer->length = sizeof answer->payload;
    answer->result = chance() % 40 == 0 ? 0 : command->args[0] + 1;
    return chance() % 50 == 0 ? EAGAIN : 0;
}

/* Where the answers go: each is walked through. */
static ssize_t send_answer(int fd, const void *bytes, size_t length, int flags) {
    (void)fd, (void)flags;
    int left = (int)length;
    datagrams++;
    for (const struct nlmsghdr *m = bytes; left > 0; m = NLMSG_NEXT(m, left)) {
        if (!NLMSG_OK(m, left)) {
            malformed++;
            break;
        }
        messages++;
        size_t header = m->nlmsg_type == RTM_NEWLINK    ? sizeof(struct ifinfomsg)
                        : m->nlmsg_type == RTM_NEWADDR  ? sizeof(struct ifaddrmsg)
                        : m->nlmsg_type == RTM_NEWROUTE ? sizeof(struct rtmsg)
                                                        : 0;
        if (header == 0) continue;
        int inside = (int)(m->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(header)));
        const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(m) + NLMSG_ALIGN(header));
        for (; RTA_OK(a, inside); a = RTA_NEXT(a, inside)) {
            size_t size = RTA_PAYLOAD(a);
            if (m->nlmsg_type == RTM_NEWLINK && a->rta_type == IFLA_ADDRESS && size > RF_NETWORK_HARDWARE) malformed++;
            if (m->nlmsg_type == RTM_NEWLINK && a->rta_type == IFLA_IFNAME && (size > IFNAMSIZ || memchr(RTA_DATA(a), 0, size) == NULL))
                malformed++;
        }
        if (inside > 0) malformed++;
    }
    return (ssize_t)length;
}

/* ---- what programs ask ---- */

static void ask_rtnetlink(void) {
    /* of exactly the size, so that the sanitizer sees what is read beyond */
    size_t length = chance() % 96;
    uint8_t *request = malloc(length + 1);
    for (size_t i = 0; i < length; i++) request[i] = (uint8_t)chance();
    if (length >= sizeof(struct nlmsghdr) && chance() % 8 != 0) {
        struct nlmsghdr head = {.nlmsg_len = chance() % 4 != 0 ? (uint32_t)length : chance() % 128,
                                .nlmsg_type = (uint16_t)(RTM_BASE + chance() % 32),
                                .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (chance() % 2 != 0 ? NLM_F_DUMP : chance() % 8))};
        memcpy(request, &head, sizeof head);
    }
    netlink_answer(3, 4711, request, length);
    free(request);
}

static void ask_ioctl(void) {
    static const unsigned long requests[] = {SIOCGIFNAME,    SIOCGIFCONF,  SIOCGIFFLAGS,  SIOCGIFADDR,  SIOCGIFDSTADDR,
                                             SIOCGIFBRDADDR, SIOCGIFMTU,   SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFNETMASK};
    unsigned long request = requests[chance() % (sizeof requests / sizeof requests[0])];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), result;
    if (request == SIOCGIFCONF) {
        size_t room = chance() % 400;
        struct ifconf conf = {.ifc_len = (int)room, .ifc_buf = malloc(room + 1)};
        char *memory = conf.ifc_buf;
        interfaces_ioctl(fd, request, (long)&conf, &result);
        if (conf.ifc_len < 0 || conf.ifc_len > (int)room) malformed++;
        free(memory);
    } else {
        struct ifreq *asked = calloc(1, sizeof *asked);
        for (size_t i = 0; i < sizeof *asked && chance() % 3 == 0; i++) ((uint8_t *)asked)[i] = (uint8_t)chance();
        if (chance() % 2 == 0) memcpy(asked->ifr_name, "lo", 3);
        interfaces_ioctl(fd, request, (long)asked, &result);
        free(asked);
    }
    close(fd);
}

/* True if the shim stops asking by itself. */
static bool comes_to_an_end(void) {
    struct network network;
    endless = true;
    answers = 0;
    int error = network_load(&network);
    if (error == 0) network_unload(&network);
    endless = false;
    return error == 0 && answers <= RF_NETWORK_MOST;
}

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 40000;
    state = argc > 2 ? strtoull(argv[2], NULL, 0) : 20260101;
    real.send = send_answer;
    bool ends = comes_to_an_end();
    printf("%s - a region that goes on telling nothing is not listened to for ever\n", ends ? "ok" : "not ok");
    for (unsigned i = 0; i < rounds; i++) {
        if (chance() % 3 == 0) ask_ioctl();
        else ask_rtnetlink();
    }
    bool well = malformed == 0 && datagrams > rounds / 10 && messages > datagrams;
    printf("%s - whatever the region says, answers about the network are well formed: %u of %u messages are not\n",
           well ? "ok" : "not ok", malformed, messages);
    return well && ends ? 0 : 1;
}
