"""What a program sees of its sockets, one line each, to be compared with what it sees natively.

usage: sockets.py errors|flags|values|names|ends
"""
import errno
import os
import select
import socket
import struct
import sys

PATIENCE = 10


def show(name, ask):
    try:
        print(name, ask())
    except OSError as e:
        print(name, errno.errorcode.get(e.errno, e.errno))


def tcp(family=socket.AF_INET):
    s = socket.socket(family)
    s.settimeout(PATIENCE)
    return s


def connected(family=socket.AF_INET, host="127.0.0.1"):
    """A listener, a connection to it, and what it accepted with its peer's name."""
    listener = tcp(family)
    listener.bind((host, 0))
    listener.listen()
    # blocking: after one with a time-out Linux answers a second connect() once with success
    client = socket.socket(family)
    client.connect(listener.getsockname())
    client.settimeout(PATIENCE)
    accepted, peer = listener.accept()
    accepted.settimeout(PATIENCE)
    return listener, client, accepted, peer


def errors():
    listener, client, accepted, _ = connected()
    closed = tcp()
    closed.bind(("127.0.0.1", 0))
    show("bind to a port in use", lambda: tcp().bind(listener.getsockname()))
    show("bind twice", lambda: listener.bind(("127.0.0.1", 0)))
    show("bind to an address of somebody else", lambda: tcp().bind(("203.0.113.77", 0)))
    show("connect to a closed port", lambda: tcp().connect(closed.getsockname()))
    show("connect again", lambda: client.connect(listener.getsockname()))
    show("name of the peer of an unconnected socket", lambda: tcp().getpeername())
    client.setblocking(False)
    show("receive with nothing there", lambda: client.recv(1))
    client.setblocking(True)
    show("unknown option", lambda: client.setsockopt(socket.IPPROTO_TCP, 9999, 1))
    show("unknown option, read", lambda: client.getsockopt(socket.SOL_SOCKET, 9999))
    show("option that is read only", lambda: client.setsockopt(socket.SOL_SOCKET, socket.SO_TYPE, 1))
    show("option of a single byte", lambda: client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, b"\1"))
    show("IP_TTL of 300", lambda: client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 300))
    show("unknown type", lambda: socket.socket(socket.AF_INET, 9))
    show("protocol that does not fit", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP))
    waiting = tcp()
    waiting.setblocking(False)
    # the refusal comes from connect() or, later, from SO_ERROR
    error = waiting.connect_ex(closed.getsockname())
    if error == errno.EINPROGRESS:
        select.select([], [waiting], [], PATIENCE)
        error = waiting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print("non-blocking connect to a closed port", errno.errorcode.get(error))


def flags():
    for level, names in ((socket.SOL_SOCKET, ("SO_REUSEADDR", "SO_REUSEPORT", "SO_KEEPALIVE", "SO_BROADCAST",
                                              "SO_OOBINLINE", "SO_DONTROUTE")),
                         (socket.IPPROTO_TCP, ("TCP_NODELAY",)),
                         (socket.IPPROTO_IPV6, ("IPV6_V6ONLY",))):
        for name in names:
            s = tcp(socket.AF_INET6 if level == socket.IPPROTO_IPV6 else socket.AF_INET)
            option = getattr(socket, name)
            before = s.getsockopt(level, option)
            s.setsockopt(level, option, struct.pack("iii", 1, 7, 7))
            print(name, before, s.getsockopt(level, option))
    listener, client, accepted, _ = connected()
    for name in ("SO_ACCEPTCONN", "SO_TYPE", "SO_ERROR", "SO_DOMAIN", "SO_PROTOCOL", "SO_SNDLOWAT"):
        option = {"SO_DOMAIN": 39, "SO_PROTOCOL": 38}.get(name) or getattr(socket, name)
        show(name, lambda: [s.getsockopt(socket.SOL_SOCKET, option) for s in (listener, client)])


def values():
    for name, size in (("SO_SNDBUF", 100000), ("SO_RCVBUF", 100000), ("SO_RCVBUF", 5000), ("SO_RCVLOWAT", 7)):
        s = tcp()
        s.setsockopt(socket.SOL_SOCKET, getattr(socket, name), size)
        print(name, size, s.getsockopt(socket.SOL_SOCKET, getattr(socket, name)))
    s = tcp()
    for on, seconds in ((1, 5), (0, 0)):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", on, seconds))
        print("SO_LINGER", struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)))
    for name in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
        option = getattr(socket, name)
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, option, struct.pack("qq", 2, 500000))
        print(name, struct.unpack("qq", s.getsockopt(socket.SOL_SOCKET, option, 16)))
        show(name + " of too many microseconds",
             lambda: s.setsockopt(socket.SOL_SOCKET, option, struct.pack("qq", 0, 2000000)))
    for level, name, value in ((socket.IPPROTO_IP, socket.IP_TTL, 77), (socket.IPPROTO_IP, socket.IP_TOS, 16),
                               (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 77),
                               (socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 16)):
        s = tcp(socket.AF_INET6 if level == socket.IPPROTO_IPV6 else socket.AF_INET)
        s.setsockopt(level, name, value)
        print("option", level, name, s.getsockopt(level, name))
    _, client, accepted, _ = connected()
    info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    words = struct.unpack_from("24I", info, 8)
    # state, options; segments; congestion window in segments; retransmissions
    print("TCP_INFO", len(info), info[0], info[5] & 7, words[2], words[18], words[23])


def names():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listener, client, accepted, peer = connected(family, host)
        print(family.name, accepted.getpeername() == client.getsockname() == peer,
              client.getpeername() == listener.getsockname() == accepted.getsockname(), peer[0], peer[2:])
    both = tcp(socket.AF_INET6)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    both.bind(("::", 0))
    both.listen()
    client = tcp()
    client.connect(("127.0.0.1", both.getsockname()[1]))
    print("IPv4 on an IPv6 listener", both.accept()[1][0])


def ends():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        _, client, accepted, _ = connected(family, host)
        client.sendall(os.urandom(200000))
        client.shutdown(socket.SHUT_WR)
        received = 0
        while part := accepted.recv(65536):
            received += len(part)
        print(family.name, "received", received)
        show("send after shutdown", lambda: client.send(b"x"))
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        show("receive after a reset", lambda: client.recv(1))


{"errors": errors, "flags": flags, "values": values, "names": names, "ends": ends}[sys.argv[1]]()
