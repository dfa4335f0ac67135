/* The NetBSD stack itself, on the stand-in, where its kernel has no more descriptors: nothing is lost by it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../region/test/check.h"
#include "../netbsd/netbsd.h"

#define SOCKETS 40
#define STACK rf_stack_netbsd

static uint32_t kept;

static uint32_t loopback(int family, uint16_t port, uint8_t to[28]) {
    memset(to, 0, 28);
    to[0] = family == NETBSD_AF_INET6 ? 28 : 16;
    to[1] = (uint8_t)family;
    to[2] = (uint8_t)(port >> 8);
    to[3] = (uint8_t)port;
    if (family == NETBSD_AF_INET) memcpy(to + 4, (const uint8_t[]){127, 0, 0, 1}, 4);
    else to[23] = 1;
    return to[0];
}

static int bound(int family, uint16_t *port) {
    uint8_t to[28];
    struct rf_name name;
    int s = STACK.socket(family, BSD_SOCK_STREAM, 0);
    if (s < 0 || STACK.bind(s, to, loopback(family, 0, to)) != 0 || STACK.local_name(s, &name) != 0) return -1;
    *port = (uint16_t)(name.address[2] << 8 | name.address[3]);
    return s;
}

static int connect_to(int s, int family, uint16_t port) {
    uint8_t to[28];
    return STACK.connect(s, to, loopback(family, port, to));
}

/* True once the stack tells of this token. */
static bool told(uint64_t token, uint32_t readiness) {
    struct rf_event events[16];
    for (double end = check_now() + 10; check_now() < end;) {
        int count = STACK.wait(events, 16, 1000);
        for (int i = 0; i < count; i++)
            if (events[i].token == token && (events[i].readiness & readiness) != 0) return true;
    }
    return false;
}

/* Makes sockets until there are no more. */
static int take_all(int *sockets, int most, int *error) {
    int count = 0;
    while (count < most && (sockets[count] = STACK.socket(NETBSD_AF_INET, BSD_SOCK_STREAM, 0)) >= 0) count++;
    *error = count < most ? -sockets[count] : 0;
    return count;
}

static int sockets[4096];

/* A connection for which there is no descriptor waits in the backlog. */
static void accepts_later(void) {
    uint16_t port;
    struct rf_name peer;
    int listener = bound(NETBSD_AF_INET, &port), error, beyond = 0;
    check_need(listener >= 0 && STACK.listen(listener, 8) == 0 && STACK.watch(listener, 1, RF_READABLE) == 0, "a listener");
    int count = take_all(sockets, 4096, &error);
    for (int i = 0; i < count; i++) beyond += netbsd_socket_of(sockets[i]) == NULL;
    check(error == NETBSD_EMFILE && count > SOCKETS && beyond == 0, "the kernel has no more descriptors than the stack has room for",
          "error %d, %d sockets, %d beyond", error, count, beyond);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;
    check_need(connect(client, (struct sockaddr *)&to, sizeof to) == 0 && told(1, RF_READABLE), "a connection");
    int starved = STACK.accept(listener, &peer);
    bool stands = recv(client, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
    STACK.close(sockets[--count], 0, false);
    int accepted = STACK.accept(listener, &peer);
    check(starved == RF_STACK_STARVED && stands && accepted >= 0, "a connection waits until there is a descriptor for it", "%d, %d, %d", starved,
          stands, accepted);
    while (count > 0) STACK.close(sockets[--count], 0, false);
    if (accepted >= 0) STACK.close(accepted, 0, false);
    STACK.close(listener, 0, false);
    close(client);
}

static int set(int s, int level, int name, int value) { return STACK.set_option(s, &kept, level, name, &value, sizeof value); }

static int get(int s, int level, int name) {
    int value = -1;
    uint32_t length = sizeof value;
    return STACK.get_option(s, &kept, level, name, &value, &length) == 0 ? value : -1;
}

static const struct {
    int level, name, value;
} options[] = {
    {NETBSD_IPPROTO_TCP, NETBSD_TCP_MAXSEG, 800},         {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_UNICAST_HOPS, 9},
    {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_TCLASS, 16},        {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_DONTFRAG, 1},
    {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_RECVPKTINFO, 1},    {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_RECVHOPLIMIT, 1},
    {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_RECVTCLASS, 1},     {NETBSD_IPPROTO_IPV6, NETBSD_IPV6_MULTICAST_LOOP, 0},
    {NETBSD_IPPROTO_IP, NETBSD_IP_RECVTTL, 1},            {NETBSD_IPPROTO_IP, NETBSD_IP_TOS, 8},
};

/* A socket whose connect failed gets another one in its place, when there is one. */
static void renews_later(int family, const char *sentence) {
    uint16_t closed, open, port;
    int holder = bound(family, &closed), listener = bound(family, &open), s = bound(family, &port), error, lost = 0;
    size_t count_of_options = family == NETBSD_AF_INET6 ? sizeof options / sizeof options[0] : 1;
    check_need(holder >= 0 && s >= 0 && STACK.listen(listener, 8) == 0 && STACK.watch(s, 2, RF_READABLE | RF_WRITABLE) == 0, "sockets");
    for (size_t i = 0; i < count_of_options; i++)
        check_need(set(s, options[i].level, options[i].name, options[i].value) == 0, "an option");
    int count = take_all(sockets, 4096, &error);
    int refused = connect_to(s, family, closed);
    if (refused == -NETBSD_EINPROGRESS && told(2, RF_READABLE)) refused = STACK.connected(s);
    int none = connect_to(s, family, open), dissolved = STACK.dissolve(s);
    STACK.close(sockets[--count], 0, false);
    int again = connect_to(s, family, open);
    bool up = (again == 0 || again == -NETBSD_EINPROGRESS) && told(2, RF_WRITABLE) && STACK.connected(s) == 0;
    check(refused == -NETBSD_ECONNREFUSED && none == -NETBSD_EMFILE && dissolved == -NETBSD_EMFILE && up, sentence, "%d, then %d and %d, then %d",
          -refused, -none, -dissolved, -again);
    struct rf_name name = {0};
    STACK.local_name(s, &name);
    for (size_t i = 0; i < count_of_options; i++) lost += get(s, options[i].level, options[i].name) != options[i].value && options[i].name != NETBSD_TCP_MAXSEG;
    check((name.address[2] << 8 | name.address[3]) == port && lost == 0, "with the name and all options", "port %u, %d lost",
          name.address[2] << 8 | name.address[3], lost);
    while (count > 0) STACK.close(sockets[--count], 0, false);
    STACK.close(s, 0, true), STACK.close(holder, 0, false), STACK.close(listener, 0, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    const struct rf_setup setup = {.sockets = SOCKETS};
    check_need(STACK.open(&setup) == 0, "the stack");
    accepts_later();
    renews_later(NETBSD_AF_INET, "a socket that could not be renewed says why, and is when it can be");
    int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (six >= 0 && bind(six, (struct sockaddr *)&address, sizeof address) == 0) renews_later(NETBSD_AF_INET6, "one with many options, too");
    else check_skip("one with many options, too", "no IPv6 loopback");
    return check_end();
}
