/* Names: ports chosen by the stack, peers, truncation, addresses in use. */
#include "check.h"

static void fresh_socket(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint e = local_of(fd);
    check(e.address.ss_family == AF_INET && port_of(&e) == 0 && e.length == sizeof(struct sockaddr_in),
          "an unbound socket's name is the zero address");
    check(getpeername(fd, (void *)&e.address, &e.length) == -1 && errno == ENOTCONN,
          "an unconnected socket has no peer");
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    e = local_of(fd);
    check(e.address.ss_family == AF_INET6 && e.length == sizeof(struct sockaddr_in6),
          "and that of an IPv6 socket is an IPv6 address");
    close(fd);
}

static void connected_names(void) {
    int listening = listener(AF_INET);
    struct endpoint at = local_of(listening), peer = {.length = sizeof peer.address}, from = peer;
    check(port_of(&at) != 0, "bind to port 0 chooses a port, and getsockname tells which");
    int client = connected_to(listening);
    int server = accept(listening, (void *)&from.address, &from.length);
    need(server >= 0);
    struct endpoint mine = local_of(client);
    check(from.length == sizeof(struct sockaddr_in) && port_of(&from) == port_of(&mine),
          "accept tells the client's address");
    check(getpeername(client, (void *)&peer.address, &peer.length) == 0 && port_of(&peer) == port_of(&at),
          "getpeername tells the server's address");
    peer.length = sizeof peer.address;
    check(getpeername(server, (void *)&peer.address, &peer.length) == 0 && port_of(&peer) == port_of(&mine),
          "and on the server's side the client's");
    struct sockaddr_in whole, part;
    socklen_t length = 4;
    memset(&part, 0xee, sizeof part);
    memcpy(&whole, &at.address, sizeof whole);
    check(getsockname(listening, (void *)&part, &length) == 0 && length == sizeof part &&
              memcmp(&part, &whole, 4) == 0 && memcmp((char *)&part + 4, "\xee\xee", 2) == 0,
          "a name that does not fit is cut, and its length told");
    close(client), close(server), close(listening);
}

static void in_use(void) {
    int first = listener(AF_INET), second = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint at = local_of(first);
    check(bind(second, (void *)&at.address, at.length) == -1 && errno == EADDRINUSE,
          "bind to a port in use fails with EADDRINUSE");
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6336401)};
    check(bind(second, (void *)&other, sizeof other) == -1 && errno == EADDRNOTAVAIL,
          "bind to a foreign address fails with EADDRNOTAVAIL");
    check(bind(second, (void *)&at.address, 3) == -1 && errno == EINVAL, "bind with a short address is invalid");
    close(first), close(second);
}

static void again_and_again(int rounds) {
    int fd = listener(AF_INET), failed = 0;
    struct endpoint at = local_of(fd);
    close(fd);
    for (int i = 0; i < rounds; i++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        failed += bind(fd, (void *)&at.address, at.length) != 0 || listen(fd, 5) != 0;
        close(fd);
    }
    check(failed == 0, "bind, listen and close succeed %d times on one port: %d failed", rounds, failed);
}

int main(void) {
    const char *rounds = getenv("BIND_ROUNDS");
    fresh_socket();
    connected_names();
    in_use();
    again_and_again(rounds != NULL ? atoi(rounds) : 2000);
    finished();
}
