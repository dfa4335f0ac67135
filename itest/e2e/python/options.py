"""Sets and reads, on a socket of each kind, the options that nginx, apache2, redis, PostgreSQL, OpenSSH, curl, Node, CPython,
OpenJDK and haproxy set and read (docs/coverage.md, "Options"), and prints what comes of it: the same natively and behind
the gateway."""
import errno
import fcntl
import os
import socket
import stat
import struct
import termios

SOL, TCP, IP, IP6 = socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP, socket.IPPROTO_IPV6
NAPI_ID, NO_PORT, CC_INFO, SAVE_SYN = 56, 24, 26, 27

# name, level, number, value to set (None: read only); which kinds: t for TCP, u for UDP, 6 for IPv6 only
OPTIONS = [
    ("SO_REUSEADDR", SOL, socket.SO_REUSEADDR, 1, "tu"), ("SO_REUSEPORT", SOL, socket.SO_REUSEPORT, 1, "tu"),
    ("SO_KEEPALIVE", SOL, socket.SO_KEEPALIVE, 1, "tu"), ("SO_BROADCAST", SOL, socket.SO_BROADCAST, 1, "tu"),
    ("SO_OOBINLINE", SOL, socket.SO_OOBINLINE, 1, "tu"), ("SO_SNDBUF", SOL, socket.SO_SNDBUF, 65536, "tu"),
    ("SO_RCVBUF", SOL, socket.SO_RCVBUF, 65536, "tu"), ("SO_RCVLOWAT", SOL, socket.SO_RCVLOWAT, 2, "tu"),
    ("SO_LINGER", SOL, socket.SO_LINGER, struct.pack("ii", 1, 3), "tu"), ("SO_ERROR", SOL, socket.SO_ERROR, None, "tu"),
    ("SO_TYPE", SOL, socket.SO_TYPE, None, "tu"), ("SO_DOMAIN", SOL, socket.SO_DOMAIN, None, "tu"),
    ("SO_PROTOCOL", SOL, socket.SO_PROTOCOL, None, "tu"), ("SO_ACCEPTCONN", SOL, socket.SO_ACCEPTCONN, None, "tu"),
    ("SO_RCVTIMEO", SOL, 20, struct.pack("ll", 2, 0), "tu"), ("SO_SNDTIMEO", SOL, 21, struct.pack("ll", 3, 0), "tu"),
    ("SO_PRIORITY", SOL, socket.SO_PRIORITY, 4, "tu"), ("SO_PEERCRED", SOL, socket.SO_PEERCRED, None, "tu"),
    ("SO_INCOMING_NAPI_ID", SOL, NAPI_ID, None, "tu"), ("SO_BINDTODEVICE", SOL, socket.SO_BINDTODEVICE, None, "tu"),
    ("TCP_NODELAY", TCP, socket.TCP_NODELAY, 1, "t"), ("TCP_CORK", TCP, socket.TCP_CORK, 1, "t"),
    ("TCP_QUICKACK", TCP, socket.TCP_QUICKACK, 1, "t"), ("TCP_KEEPIDLE", TCP, socket.TCP_KEEPIDLE, 77, "t"),
    ("TCP_KEEPINTVL", TCP, socket.TCP_KEEPINTVL, 7, "t"), ("TCP_KEEPCNT", TCP, socket.TCP_KEEPCNT, 5, "t"),
    ("TCP_SYNCNT", TCP, socket.TCP_SYNCNT, 3, "t"), ("TCP_LINGER2", TCP, socket.TCP_LINGER2, 9, "t"),
    ("TCP_DEFER_ACCEPT", TCP, socket.TCP_DEFER_ACCEPT, 1, "t"), ("TCP_FASTOPEN", TCP, socket.TCP_FASTOPEN, 16, "t"),
    ("TCP_USER_TIMEOUT", TCP, socket.TCP_USER_TIMEOUT, 9000, "t"),
    ("TCP_MAXSEG", TCP, socket.TCP_MAXSEG, 1000, "t"), ("TCP_CONGESTION", TCP, socket.TCP_CONGESTION, b"reno", "t"),
    ("TCP_WINDOW_CLAMP", TCP, socket.TCP_WINDOW_CLAMP, 32768, "t"), ("TCP_NOTSENT_LOWAT", TCP, 25, 16384, "t"),
    ("TCP_SAVE_SYN", TCP, SAVE_SYN, 1, "t"), ("TCP_CC_INFO", TCP, CC_INFO, None, "t"),
    ("IP_TOS", IP, socket.IP_TOS, 16, "tu"), ("IP_TTL", IP, socket.IP_TTL, 33, "tu"),
    ("IP_BIND_ADDRESS_NO_PORT", IP, NO_PORT, 1, "tu"), ("IP_MTU_DISCOVER", IP, 10, 2, "tu"), ("IP_OPTIONS", IP, socket.IP_OPTIONS, None, "tu"),
    ("IP_RECVTOS", IP, socket.IP_RECVTOS, 1, "tu"), ("IP_RECVTTL", IP, 12, 1, "u"), ("IP_PKTINFO", IP, 8, 1, "u"),
    ("IP_MULTICAST_TTL", IP, socket.IP_MULTICAST_TTL, 3, "u"), ("IP_MULTICAST_LOOP", IP, socket.IP_MULTICAST_LOOP, 0, "u"),
    ("IPV6_V6ONLY", IP6, socket.IPV6_V6ONLY, 1, "tu6"), ("IPV6_TCLASS", IP6, socket.IPV6_TCLASS, 32, "tu6"),
    ("IPV6_UNICAST_HOPS", IP6, socket.IPV6_UNICAST_HOPS, 44, "tu6"), ("IPV6_RECVPKTINFO", IP6, socket.IPV6_RECVPKTINFO, 1, "u6"),
    ("IPV6_MULTICAST_HOPS", IP6, socket.IPV6_MULTICAST_HOPS, 3, "u6"), ("IPV6_MULTICAST_LOOP", IP6, socket.IPV6_MULTICAST_LOOP, 0, "u6"),
    ("IPV6_MULTICAST_IF", IP6, socket.IPV6_MULTICAST_IF, 1, "u6"),
]


def attempt(call, *arguments):
    try:
        result = call(*arguments)
        return result.hex() if isinstance(result, bytes) else result
    except OSError as error:
        return errno.errorcode[error.errno]


KINDS = [("t", "TCP", socket.AF_INET, socket.SOCK_STREAM), ("t6", "TCP6", socket.AF_INET6, socket.SOCK_STREAM),
         ("u", "UDP", socket.AF_INET, socket.SOCK_DGRAM), ("u6", "UDP6", socket.AF_INET6, socket.SOCK_DGRAM)]
for letters, kind, family, type in KINDS:
    for name, level, number, value, where in OPTIONS:
        if letters[0] not in where or ("6" in where and "6" not in letters):
            continue
        with socket.socket(family, type) as s:
            before = attempt(s.getsockopt, level, number, 128)
            told = attempt(s.setsockopt, level, number, value) if value is not None else "-"
            print(kind, name, before, told, attempt(s.getsockopt, level, number, 128))

# a connection: what is asked of one, and the forms of ioctl() and fstat()
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, peer = listener.accept()
print("port 0 is bound to", listener.getsockname()[1] > 0, peer == client.getsockname())
print("SO_ACCEPTCONN", listener.getsockopt(SOL, socket.SO_ACCEPTCONN), client.getsockopt(SOL, socket.SO_ACCEPTCONN))
print("TCP_INFO", client.getsockopt(TCP, socket.TCP_INFO, 104)[0], len(client.getsockopt(TCP, socket.TCP_INFO, 104)))
print("a socket by fstat", stat.S_ISSOCK(os.fstat(client.fileno()).st_mode))


def asked(s, request):
    return attempt(lambda: struct.unpack("i", fcntl.ioctl(s, request, bytes(4)))[0])


client.sendall(b"12345")
server.recv(1, socket.MSG_PEEK)
SIOCATMARK, SIOCOUTQ = 0x8905, termios.TIOCOUTQ
print("FIONREAD, SIOCINQ", asked(server, termios.FIONREAD), asked(client, termios.FIONREAD), asked(listener, termios.FIONREAD))
print("SIOCATMARK", asked(server, SIOCATMARK), "SIOCOUTQ", asked(server, SIOCOUTQ))
fcntl.ioctl(server, termios.FIONBIO, struct.pack("i", 1))
print("FIONBIO", bool(fcntl.fcntl(server, fcntl.F_GETFL) & os.O_NONBLOCK))
print("FIOASYNC", attempt(fcntl.ioctl, server, termios.FIOASYNC, struct.pack("i", 0)))
print("a terminal", attempt(fcntl.ioctl, server, termios.TCGETS, bytes(64)), os.isatty(server.fileno()))
print("F_SETOWN", attempt(fcntl.fcntl, server, fcntl.F_SETOWN, os.getpid()), fcntl.fcntl(server, fcntl.F_GETOWN) == os.getpid())
print("seek", attempt(os.lseek, server.fileno(), 0, os.SEEK_CUR), "truncate", attempt(os.ftruncate, server.fileno(), 0))
print("in use", attempt(socket.socket().bind, listener.getsockname()))
