/* The stand-in for a NetBSD stack: datagrams, with names and what comes beside them in NetBSD's layouts. */
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
    int status = frontend_stop(&f);
    check(status == 0, "the INS ends with status 0", "%d", status);
    return check_end();
}
