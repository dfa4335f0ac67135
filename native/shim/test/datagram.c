/* Datagrams keep their boundaries and their senders, connected or not, over IPv4 and IPv6. */
#include "check.h"

static char block[70000], back[70000];

static bool same(const struct endpoint *a, const struct endpoint *b) {
    return a->length == b->length && port_of(a) == port_of(b) && a->address.ss_family == b->address.ss_family;
}

static void echo(int family, const char *name) {
    int server = datagram(family), client = socket(family, SOCK_DGRAM, 0), right = 0, named = 0;
    struct endpoint to = local_of(server), from = {.length = sizeof from.address};
    char bytes[2000];
    need(client >= 0);
    struct endpoint before = local_of(client);
    check(port_of(&before) == 0, "%s: a fresh socket has no port", name);
    for (int i = 0; i < 100; i++) {
        size_t length = (size_t)(i * 19);
        memset(block, 'a' + i % 26, length);
        need(sendto(client, block, length, 0, (void *)&to.address, to.length) == (ssize_t)length);
        from.length = sizeof from.address;
        ssize_t n = recvfrom(server, bytes, sizeof bytes, 0, (void *)&from.address, &from.length);
        need(n == (ssize_t)length);
        need(sendto(server, bytes, (size_t)n, 0, (void *)&from.address, from.length) == n);
        struct endpoint whose = {.length = sizeof whose.address};
        n = recvfrom(client, bytes, sizeof bytes, 0, (void *)&whose.address, &whose.length);
        right += n == (ssize_t)length && memcmp(bytes, block, length) == 0;
        named += same(&whose, &to);
    }
    check(right == 100 && named == 100, "%s: 100 datagrams come back, from whom they went to: %d, %d", name, right, named);
    struct endpoint own = local_of(client);
    check(port_of(&own) != 0 && port_of(&own) == port_of(&from), "%s: getsockname tells the port a send has given", name);
    check(getpeername(client, (void *)&own.address, &own.length) == -1 && errno == ENOTCONN, "%s: there is no peer", name);
    check(send(client, "x", 1, 0) == -1 && errno == EDESTADDRREQ, "%s: and send needs one", name);
    close(client), close(server);
}

static void connected(int family, const char *name) {
    int ends[2], stranger = datagram(family), other = datagram(family);
    char bytes[100];
    datagram_pair(family, ends);
    struct endpoint own = local_of(ends[0]), peer = {.length = sizeof peer.address}, second = local_of(ends[1]);
    need(getpeername(ends[0], (void *)&peer.address, &peer.length) == 0);
    check(same(&peer, &second), "%s: getpeername tells the peer", name);
    need(sendto(stranger, "stranger", 8, 0, (void *)&own.address, own.length) == 8);
    need(sendto(ends[1], "friend", 6, 0, (void *)&own.address, own.length) == 6);
    check(recv(ends[0], bytes, sizeof bytes, 0) == 6 && memcmp(bytes, "friend", 6) == 0,
          "%s: a connected socket hears its peer only", name);
    check(write(ends[0], "one", 3) == 3 && send(ends[0], "three", 5, 0) == 5 && read(ends[1], bytes, 2) == 2 &&
              read(ends[1], bytes, sizeof bytes) == 5 && memcmp(bytes, "three", 5) == 0,
          "%s: write and read keep the boundaries", name);
    struct endpoint elsewhere = local_of(other);
    check(sendto(ends[0], "y", 1, 0, (void *)&elsewhere.address, elsewhere.length) == 1 && recv(other, bytes, 9, 0) == 1,
          "%s: a connected socket may send elsewhere", name);
    check(connect(ends[0], (void *)&elsewhere.address, elsewhere.length) == 0 && send(ends[0], "z", 1, 0) == 1 &&
              recv(other, bytes, 9, 0) == 1 && bytes[0] == 'z',
          "%s: it may be connected again", name);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    peer.length = sizeof peer.address;
    check(connect(ends[0], &nobody, sizeof nobody) == 0 &&
              getpeername(ends[0], (void *)&peer.address, &peer.length) == -1 && errno == ENOTCONN,
          "%s: and be without a peer again", name);
    check(send(ends[0], "x", 1, 0) == -1 && errno == EDESTADDRREQ, "%s: then send needs a name", name);
    close(ends[0]), close(ends[1]), close(stranger), close(other);
}

static void sizes(void) {
    int ends[2], six[2], count = -1;
    char bytes[10];
    datagram_pair(AF_INET, ends);
    datagram_pair(AF_INET6, six);
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)pattern(i);
    int right = 0;
    for (int i = 0; i < 10; i++) {
        need(send(ends[0], block, 65507, 0) == 65507);
        right += recv(ends[1], back, sizeof back, 0) == 65507 && memcmp(block, back, 65507) == 0;
    }
    check(right == 10, "the largest datagrams of IPv4 go through: %d of 10", right);
    check(send(six[0], block, 65527, 0) == 65527 && recv(six[1], back, sizeof back, 0) == 65527 &&
              memcmp(block, back, 65527) == 0,
          "and the largest of IPv6");
    check(send(ends[0], block, 65508, 0) == -1 && errno == EMSGSIZE && send(six[0], block, 65528, 0) == -1 &&
              errno == EMSGSIZE,
          "one byte more is EMSGSIZE");
    check(send(ends[0], NULL, 0, 0) == 0 && send(ends[0], "abc", 3, 0) == 3, "an empty datagram can be sent");
    await_readable(ends[1]);
    check(ioctl(ends[1], FIONREAD, &count) == 0 && count == 0 && read(ends[1], bytes, 0) == 0 &&
              recv(ends[1], bytes, sizeof bytes, 0) == 0,
          "and received");
    await_readable(ends[1]);
    check(ioctl(ends[1], FIONREAD, &count) == 0 && count == 3, "FIONREAD tells the next datagram's size: %d", count);
    check(recv(ends[1], bytes, 2, MSG_PEEK) == 2 && recv(ends[1], bytes, 2, MSG_PEEK | MSG_TRUNC) == 3 &&
              memcmp(bytes, "ab", 2) == 0,
          "MSG_PEEK leaves it, MSG_TRUNC tells its length");
    struct iovec in = {bytes, 1};
    struct msghdr m = {.msg_iov = &in, .msg_iovlen = 1};
    check(recvmsg(ends[1], &m, 0) == 1 && (m.msg_flags & MSG_TRUNC) != 0, "what does not fit is cut off and told");
    check(recv(ends[1], bytes, sizeof bytes, MSG_DONTWAIT) == -1 && errno == EAGAIN, "and gone");
    struct iovec out[3] = {{"on", 2}, {"", 0}, {"ly", 2}}, parts[2] = {{bytes, 3}, {bytes + 3, 5}};
    check(writev(ends[0], out, 3) == 4 && readv(ends[1], parts, 2) == 4 && memcmp(bytes, "only", 4) == 0,
          "vectors make one datagram");
    for (int i = 0; i < 2; i++) close(ends[i]), close(six[i]);
}

static void names(void) {
    int four = datagram(AF_INET), six = socket(AF_INET6, SOCK_DGRAM, 0), wide = socket(AF_INET6, SOCK_DGRAM, 0);
    struct endpoint to = local_of(four), from = {.length = sizeof from.address};
    struct sockaddr_in in;
    char bytes[10];
    memcpy(&in, &to.address, sizeof in);
    check(sendto(four, "x", 1, 0, (void *)&in, 8) == -1 && errno == EINVAL, "a short name is EINVAL");
    in.sin_family = AF_UNIX;
    check(sendto(four, "x", 1, 0, (void *)&in, sizeof in) == -1 && errno == EAFNOSUPPORT, "another family is EAFNOSUPPORT");
    in.sin_family = AF_INET, in.sin_port = 0;
    check(sendto(four, "x", 1, 0, (void *)&in, sizeof in) == -1 && errno == EINVAL, "port 0 is EINVAL");
    check(sendto(six, "v4", 2, 0, (void *)&to.address, to.length) == 2 && recv(four, bytes, 10, 0) == 2,
          "an IPv6 socket sends to an IPv4 name");
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    need(bind(wide, (void *)&any, sizeof any) == 0);
    struct endpoint bound = local_of(wide);
    in.sin_port = htons((uint16_t)port_of(&bound));
    need(sendto(four, "mapped", 6, 0, (void *)&in, sizeof in) == 6);
    check(recvfrom(wide, bytes, 10, 0, (void *)&from.address, &from.length) == 6 && from.length == sizeof any &&
              IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&from.address)->sin6_addr) && port_of(&from) == port_of(&to),
          "and hears an IPv4 peer under its mapped address");
    need(sendto(four, "x", 1, 0, (void *)&to.address, to.length) == 1);
    memset(&in, 0x55, sizeof in);
    socklen_t length = 4;
    check(recvfrom(four, bytes, 10, 0, (void *)&in, &length) == 1 && length == sizeof in && in.sin_family == AF_INET &&
              in.sin_addr.s_addr == 0x55555555,
          "a name is cut to its room, and its length told");
    close(four), close(six), close(wide);
}

static void parts(void) {
    int ends[2], alone = socket(AF_INET, SOCK_DGRAM, 0), right = 0;
    char bytes[16];
    datagram_pair(AF_INET, ends);
    struct endpoint to = local_of(ends[0]);
    for (int i = 0; i < 50; i++) {
        need(send(ends[0], "be", 2, MSG_MORE) == 2 && send(ends[0], "gin", 3, MSG_MORE) == 3);
        need(polled(ends[1], POLLIN, 1) == 0);
        need(send(ends[0], "end", 3, 0) == 3);
        right += recv(ends[1], bytes, sizeof bytes, 0) == 8 && memcmp(bytes, "beginend", 8) == 0;
    }
    check(right == 50, "MSG_MORE keeps a datagram until its end comes: %d of 50", right);
    struct endpoint unconnected = local_of(ends[1]);
    need(sendto(alone, "one", 3, MSG_MORE, (void *)&unconnected.address, unconnected.length) == 3);
    need(sendto(alone, "", 0, 0, (void *)&to.address, to.length) == 0);
    check(recv(ends[1], bytes, sizeof bytes, 0) == 3, "the first part's name counts");
    need(send(ends[0], block, 40000, MSG_MORE) == 40000);
    check(send(ends[0], block, 40000, 0) == -1 && errno == EMSGSIZE, "too many parts are EMSGSIZE");
    check(send(ends[0], "x", 1, 0) == 1 && recv(ends[1], bytes, sizeof bytes, 0) == 1, "and forgotten then");
    for (int i = 0; i < 40; i++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        need(sendto(fd, "lost", 4, MSG_MORE, (void *)&unconnected.address, unconnected.length) == 4);
        close(fd);
    }
    need(send(ends[0], "y", 1, 0) == 1);
    check(recv(ends[1], bytes, sizeof bytes, 0) == 1, "what is not ended before close is never sent");
    close(ends[0]), close(ends[1]), close(alone);
}

static void kinds(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), type = -1, protocol = -1, domain = -1, on = 1;
    socklen_t length = sizeof type;
    need(fd >= 0);
    need(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0);
    need(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0);
    need(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0);
    check(type == SOCK_DGRAM && protocol == IPPROTO_UDP && domain == AF_INET, "a socket tells what it is");
    check(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP) == -1 && errno == EPROTONOSUPPORT, "and there is no other protocol");
    check(listen(fd, 1) == -1 && errno == EOPNOTSUPP, "listen is EOPNOTSUPP");
    check(accept(fd, NULL, NULL) == -1 && errno == EOPNOTSUPP, "and accept");
    check(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0, "SO_BROADCAST can be set");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1, "TCP_NODELAY cannot");
    struct endpoint e = loopback(AF_INET, 0);
    need(bind(fd, (void *)&e.address, e.length) == 0);
    e = local_of(fd);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    check(bind(other, (void *)&e.address, e.length) == -1 && errno == EADDRINUSE, "a port has one socket");
    close(fd);
    check(bind(other, (void *)&e.address, e.length) == 0, "and is free when that one is closed");
    close(other);
    int strange = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check((fcntl(strange, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(strange, F_GETFD) & FD_CLOEXEC) != 0, "flags of socket()");
    close(strange);
}

/* Not bound, it has no address but what the peer's decides. */
static void chosen(void) {
    for (int port = 0; port <= 7; port += 7) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        struct endpoint to = loopback(AF_INET, port), at;
        struct sockaddr none = {.sa_family = AF_UNSPEC};
        need(connect(fd, (void *)&to.address, to.length) == 0);
        at = local_of(fd);
        check(ntohl(((struct sockaddr_in *)&at.address)->sin_addr.s_addr) == INADDR_LOOPBACK && port_of(&at) != 0,
              "connecting to port %d chooses the address to send from", port);
        need(connect(fd, &none, sizeof none) == 0);
        at = local_of(fd);
        check(((struct sockaddr_in *)&at.address)->sin_addr.s_addr == 0 && port_of(&at) == 0,
              "which dissolving the connection gives up");
        close(fd);
    }
}

int main(void) {
    echo(AF_INET, "IPv4");
    echo(AF_INET6, "IPv6");
    connected(AF_INET, "IPv4");
    connected(AF_INET6, "IPv6");
    sizes();
    names();
    parts();
    kinds();
    chosen();
    finished();
}
