/* The stand-in for a NetBSD stack: datagrams, with names and what comes beside them in NetBSD's layouts. */
#include <stdlib.h>

#include "netbsd_calls.h"

static void large_datagrams(void) {
    static uint8_t bytes[65507];
    uint16_t port, other_port;
    int plain = plain_datagrams(AF_INET, &port), other = plain_datagrams(AF_INET, &other_port);
    struct rf_record record = {0};
    frontend_datagrams(&f, 1, NETBSD_AF_INET);
    record.name.length = loopback(AF_INET, port, record.name.address);
    frontend_send_record(&f, 1, &record, bytes, sizeof bytes);
    ssize_t got = recv(plain, bytes, sizeof bytes, 0);
    check(got == 65507, "a datagram of 65,507 bytes is sent, though NetBSD's limit is 9,216", "%zd bytes", got);
    check(set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF, 5000) == 0 && get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF) == 5000,
          "a smaller send buffer reads as it was set", "%d", get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_SNDBUF));
    frontend_send_record(&f, 1, &record, bytes, 10000);
    got = recv(plain, bytes, sizeof bytes, 0);
    check(got == 10000, "and does not make datagrams smaller", "%zd bytes", got);
    call_address(RF_OP_CONNECT, 1, AF_INET, port);
    record.name.length = loopback(AF_INET, other_port, record.name.address);
    frontend_send_record(&f, 1, &record, "past", 4);
    got = recv(other, bytes, sizeof bytes, 0);
    struct answer peer = frontend_call(&f, RF_OP_GETPEERNAME, 1, 0, 0, 0, NULL, 0);
    check(got == 4 && peer.error == 0 && peer.payload[2] == port >> 8 && peer.payload[3] == (port & 0xff),
          "a connected socket sends to another address than its peer's, which stays its peer", "%zd bytes, error %d", got,
          peer.error);
    close(plain);
    close(other);
    frontend_close(&f, 1, false);
}

static void ancillary(void) {
    uint16_t port;
    uint8_t bytes[100];
    int plain = plain_datagrams(AF_INET, &port);
    struct rf_record record = {0};
    frontend_datagrams(&f, 1, NETBSD_AF_INET);
    struct answer bound = call_address(RF_OP_BIND, 1, AF_INET, 0);
    uint16_t here = (uint16_t)(bound.payload[2] << 8 | bound.payload[3]);
    int errors = set_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_RECVTTL, 1) | set_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_RECVPKTINFO, 1) |
                 set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_TIMESTAMP, 1);
    setsockopt(plain, IPPROTO_IP, IP_TTL, &(int){77}, sizeof(int));
    check_need(plain_send(plain, AF_INET, here, "x", 1), "a datagram");
    frontend_receive_record(&f, 1, &record, bytes);
    check(errors == 0 && (record.flags & RF_RECORD_TTL) != 0 && record.ttl == 77,
          "IP_RECVTTL comes as one byte of another type, and is the TTL", "flags %#x, %d", record.flags, record.ttl);
    uint8_t expected[28];
    loopback(AF_INET, 0, expected);
    check((record.flags & RF_RECORD_PKTINFO) != 0 && record.via.length == 16 && memcmp(record.via.address, expected, 16) == 0 &&
              record.interface_index != 0,
          "IP_PKTINFO comes as 8 bytes of another type, and is address and interface", "flags %#x, interface %u", record.flags,
          record.interface_index);
    check((record.flags & RF_RECORD_TIMESTAMP) != 0 && record.seconds > 1000000000 && record.nanoseconds < 1000000000,
          "SO_TIMESTAMP comes with 4 bytes of microseconds, and is a time", "flags %#x", record.flags);
    setsockopt(plain, IPPROTO_IP, IP_RECVTTL, &(int){1}, sizeof(int));
    setsockopt(plain, IPPROTO_IP, IP_RECVTOS, &(int){1}, sizeof(int));
    record.flags = RF_RECORD_TTL | RF_RECORD_TOS | RF_RECORD_PKTINFO;
    record.ttl = 33;
    record.tos = 16;
    frontend_send_record(&f, 1, &record, "back", 4);
    struct iovec piece = {bytes, sizeof bytes};
    char control[256];
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(plain, &message, 0);
    int ttl = -1, tos = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_type == IP_TTL) memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
        if (c->cmsg_type == IP_TOS) tos = *CMSG_DATA(c);
    }
    int after = get_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL);
    check(got == 4 && ttl == 33 && tos == 16 && after == 64,
          "TTL and TOS of one IPv4 datagram, which NetBSD does not know, are lent to it by the socket", "%zd bytes, %d, %d, %d",
          got, ttl, tos, after);
    close(plain);
    frontend_close(&f, 1, false);
}

/* The socket's address: 127.0.0.2 and this port. */
static bool is_second(const struct answer *name, uint16_t port) {
    uint8_t expected[28];
    loopback(AF_INET, port, expected);
    expected[7] = 2;
    return name->error == 0 && name->length == 16 && memcmp(name->payload, expected, 16) == 0;
}

static struct answer name_of(uint32_t slot) { return frontend_call(&f, RF_OP_GETSOCKNAME, slot, 0, 0, 0, NULL, 0); }

/* The port if what comes to the plain socket is of this length and from 127.0.0.2; else 0. */
static uint16_t comes_from_second(int plain, ssize_t length) {
    struct sockaddr_in from = {0};
    socklen_t size = sizeof from;
    char bytes[100];
    ssize_t got = recvfrom(plain, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
    return got == length && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK + 1) ? ntohs(from.sin_port) : 0;
}

/* NetBSD's own socket forgets the address it was bound to with its peer. */
static void bound(void) {
    uint16_t one, two;
    uint8_t address[28], bytes[100], none[16] = {16, 0};
    int first = plain_datagrams(AF_INET, &one), second = plain_datagrams(AF_INET, &two);
    struct rf_record record = {0}, past = {0}, found;
    frontend_datagrams(&f, 1, NETBSD_AF_INET);
    loopback(AF_INET, 0, address);
    address[7] = 2;
    struct answer named = frontend_call(&f, RF_OP_BIND, 1, 0, 0, 0, address, 16);
    uint16_t here = (uint16_t)(named.payload[2] << 8 | named.payload[3]);
    check_need(is_second(&named, here) && set_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL, 9) == 0 &&
                   set_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_BROADCAST, 1) == 0 && call_address(RF_OP_CONNECT, 1, AF_INET, one).error == 0,
               "a socket with a name, options and a peer");
    past.name.length = record.name.length = loopback(AF_INET, two, past.name.address);
    past.flags = RF_RECORD_TTL;
    past.ttl = 7;
    frontend_send_record(&f, 1, &past, "past", 4);
    uint16_t from = comes_from_second(second, 4);
    struct answer name = name_of(1);
    check(from == here && is_second(&name, here), "a bound socket sends past its peer from its address, and keeps it", "from %u, not %u",
          from, here);
    check(get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_REUSEPORT) == 0 && get_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL) == 9,
          "and its options", "it does not");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(here), .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    check_need(sendto(second, "of another", 10, 0, (struct sockaddr *)&to, sizeof to) == 10 &&
                   sendto(first, "of peer", 7, 0, (struct sockaddr *)&to, sizeof to) == 7,
               "datagrams");
    check(frontend_receive_record(&f, 1, &found, bytes) == 7, "of datagrams only its peer's come", "another came");
    frontend_send_record(&f, 1, NULL, "to peer", 7);
    check(comes_from_second(first, 7) == here, "and its own go to the peer", "they do not");

    int error = call_address(RF_OP_CONNECT, 1, AF_INET, two).error;
    name = name_of(1);
    check(error == 0 && is_second(&name, here), "connected to another peer it keeps its address", "error %d", error);
    error = frontend_call(&f, RF_OP_CONNECT, 1, 0, 0, 0, none, sizeof none).error;
    name = name_of(1);
    check(error == 0 && is_second(&name, here) && get_int(1, NETBSD_IPPROTO_IP, NETBSD_IP_TTL) == 9 &&
              get_int(1, NETBSD_SOL_SOCKET, NETBSD_SO_BROADCAST) == NETBSD_SO_BROADCAST,
          "and its options and its address without a peer", "error %d", error);
    loopback(AF_INET, two, record.name.address);
    frontend_send_record(&f, 1, &record, "from", 4);
    check(comes_from_second(second, 4) == here && sendto(first, "hello", 5, 0, (struct sockaddr *)&to, sizeof to) == 5 &&
              frontend_receive_record(&f, 1, &found, bytes) == 5,
          "from which it sends, and at which it receives", "it does not");
    close(first);
    close(second);
    frontend_close(&f, 1, false);
}

/* What a datagram cannot have it does not leave without. */
static void impossible(void) {
    static const struct {
        uint32_t flag;
        int ttl, tos;
    } values[] = {{RF_RECORD_TTL, 0, 0}, {RF_RECORD_TTL, 256, 0}, {RF_RECORD_TTL, 300, 0}, {RF_RECORD_TTL, -1, 0}, {RF_RECORD_TOS, 0, 256},
                  {RF_RECORD_TOS, 0, -1}};
    uint16_t port;
    uint8_t bytes[100];
    int plain = plain_datagrams(AF_INET, &port), wrong = 0;
    struct rf_record record = {0};
    frontend_datagrams(&f, 1, NETBSD_AF_INET);
    record.name.length = loopback(AF_INET, port, record.name.address);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        record.flags = values[i].flag;
        record.ttl = values[i].ttl;
        record.tos = values[i].tos;
        frontend_send_record(&f, 1, &record, "no", 2);
        if (frontend_take_error(&f, 1) != 22) wrong = (int)i + 1;
    }
    check(wrong == 0, "a TTL that is not from 1 to 255, or a TOS that is not from 0, is EINVAL for one IPv4 datagram", "value %d is not", wrong);
    /* An old kernel (../rump/double) takes none at all. */
    if (getenv("RUMP_DOUBLE_OLD") == NULL) {
        record.flags = RF_RECORD_PKTINFO;
        record.via.length = loopback(AF_INET, 0, record.via.address);
        memcpy(record.via.address + 4, (uint8_t[]){224, 0, 0, 1}, 4);
        frontend_send_record(&f, 1, &record, "no", 2);
        int error = frontend_take_error(&f, 1);
        check(error == 22, "an address that none can leave from is the kernel's EINVAL", "%d", error);
    }
    record.flags = 0;
    frontend_send_record(&f, 1, &record, "yes", 3);
    check(recv(plain, bytes, sizeof bytes, 0) == 3, "and the datagram does not go without it", "it does");
    close(plain);
    frontend_close(&f, 1, false);
}

static void datagrams(int family, int there, const char *sentence) {
    uint8_t expected[28], bytes[100];
    uint16_t port, here;
    int plain = plain_datagrams(family, &port);
    uint32_t length = loopback(family, port, expected);
    struct rf_record record = {0};
    frontend_datagrams(&f, 1, there);
    struct answer bound = call_address(RF_OP_BIND, 1, family, 0);
    here = (uint16_t)(bound.payload[2] << 8 | bound.payload[3]);
    check_need(plain_send(plain, family, here, "hello", 5), "a datagram");
    int64_t in = frontend_receive_record(&f, 1, &record, bytes);
    frontend_send_record(&f, 1, &record, "back", 4);
    ssize_t out = recv(plain, bytes, sizeof bytes, 0);
    check(in == 5 && record.name.length == length && memcmp(record.name.address, expected, length) == 0 && out == 4,
          sentence, "%lld bytes in, name of %u, %zd bytes out", (long long)in, record.name.length, out);
    record.name.address[1] = 10; /* Linux's AF_INET6 */
    frontend_send_record(&f, 1, &record, "x", 1);
    int error = frontend_take_error(&f, 1);
    check(error == 47, "a datagram to an address in Linux's numbers is EAFNOSUPPORT, 47", "%d", error);
    struct answer connecting = call_address(RF_OP_CONNECT, 1, family, port);
    const struct rf_slot *slot = frontend_slot(&f, 1);
    bool named = slot->peer.length == length && memcmp(slot->peer.address, expected, length) == 0;
    uint8_t none[16] = {16, 0};
    struct answer dissolving = frontend_call(&f, RF_OP_CONNECT, 1, 0, 0, 0, none, sizeof none);
    check(connecting.error == 0 && named && dissolving.error == 0 && slot->peer.length == 0,
          "CONNECT of datagrams has its names in NetBSD's layout, and one without a family dissolves it",
          "errors %d and %d", connecting.error, dissolving.error);
    call_address(RF_OP_CONNECT, 1, family, port);
    close(plain);
    frontend_send_record(&f, 1, NULL, "x", 1);
    error = frontend_take_error(&f, 1);
    check(error == 61, "a closed port is ECONNREFUSED, 61", "%d", error);
    frontend_close(&f, 1, false);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, (const char *const[]){"--abi", "netbsd", NULL});
    datagrams(AF_INET, NETBSD_AF_INET, "datagrams over IPv4 have names in NetBSD's layout");
    if (plain_has_ipv6())
        datagrams(AF_INET6, NETBSD_AF_INET6, "datagrams over IPv6 have names in NetBSD's layout");
    else
        check_skip("datagrams over IPv6 have names in NetBSD's layout", "no IPv6 loopback");
    large_datagrams();
    ancillary();
    bound();
    impossible();
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
