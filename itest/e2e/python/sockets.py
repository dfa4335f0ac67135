"""What a program sees of its sockets, one line each, to be compared with what it sees natively.

usage: sockets.py errors|flags|values|names|ends|streams|datagrams
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


def streams():
    """What a NetBSD stack does otherwise, one by one: native/ins/netbsd/behaviour.tsv."""
    fresh = tcp()
    show("shutdown of an unconnected socket", lambda: fresh.shutdown(socket.SHUT_RDWR))
    show("an option after that", lambda: fresh.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
    show("accept without listen", lambda: socket.socket().accept())
    show("receive unconnected", lambda: socket.socket().recv(1))
    show("send unconnected", lambda: tcp().send(b"x"))
    print("IPV6_V6ONLY of a fresh socket", socket.socket(socket.AF_INET6).getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
    s = tcp()
    print("keep-alive times", [s.getsockopt(socket.IPPROTO_TCP, name)
                               for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)])
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
        s.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), 30)
        print(name, s.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    print("TCP_CONGESTION", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16))
    for size in (1048576, 0):
        show(f"SO_RCVBUF of {size}", lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size))
    show("an int of eight bytes", lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, struct.pack("ii", 1, 7)))

    listener, client, accepted, _ = connected()
    quick = tcp()
    quick.bind(("127.0.0.1", 0))
    quick.listen()
    quick.setblocking(False)
    other = tcp()
    other.connect(quick.getsockname())
    select.select([quick], [], [], PATIENCE)
    descriptor, _ = quick._accept()
    print("what a non-blocking listener accepts blocks", os.get_blocking(descriptor))
    os.close(descriptor)
    waits = tcp()
    waits.bind(("127.0.0.1", 0))
    waits.listen()
    waits.setblocking(True)
    waits.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", 0, 200000))
    show("accept with SO_RCVTIMEO", lambda: waits._accept())
    print("a send to an address, connected", client.sendto(b"x", ("203.0.113.9", 9)))
    print("bytes", accepted.recvfrom(10))
    show("connect when connected", lambda: client.connect(listener.getsockname()))
    client.close()
    print("end", accepted.recv(1))
    show("first send after the peer closed", lambda: accepted.send(b"x"))
    poll = select.poll()
    poll.register(accepted, select.POLLIN | select.POLLOUT)
    for _ in range(1000):
        if poll.poll(PATIENCE)[0][1] & select.POLLHUP:
            break
        select.select([], [], [], 0.01)
    print("poll after a reset", poll.poll(0)[0][1] & (select.POLLIN | select.POLLOUT | select.POLLHUP))
    show("second send", lambda: accepted.send(b"x"))
    closed = tcp()
    closed.bind(("127.0.0.1", 0))
    refused = tcp()
    show("a refused connect", lambda: refused.connect(closed.getsockname()))


def datagram(family=socket.AF_INET, host="127.0.0.1"):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(PATIENCE)
    s.bind((host, 0))
    return s


def datagrams():
    one, two, three = datagram(), datagram(), datagram()
    for size in (10000, 65507):
        print("datagram", one.sendto(bytes(size), two.getsockname()), len(two.recv(70000)))
    show("datagram of 70,000 bytes", lambda: one.sendto(bytes(70000), two.getsockname()))
    show("datagram to nobody", lambda: one.send(b"x"))
    one.sendto(b"0123456789", two.getsockname())
    room = bytearray(4)
    print("MSG_TRUNC", two.recv_into(room, 4, socket.MSG_TRUNC | socket.MSG_PEEK))
    message = two.recvmsg(4, 100, 0)
    print("flags of a message", message[2], two.gettimeout())
    one.connect(two.getsockname())
    print("past the peer", one.sendto(b"past", three.getsockname()), three.recv(10), one.getpeername() == two.getsockname())
    print("to the peer", one.send(b"peer"), two.recv(10))
    # the answer of the stack comes with the next call at the latest
    show("broadcast", lambda: three.sendto(b"x", ("255.255.255.255", 9)) and three.recv(1))
    nobody = datagram()
    address = nobody.getsockname()
    nobody.close()
    one.connect(address)
    one.send(b"x")
    show("to a closed port", lambda: one.recv(1))
    print("types", [socket.socket(socket.AF_INET, socket.SOCK_DGRAM).getsockopt(socket.SOL_SOCKET, name)
                    for name in (socket.SO_TYPE, socket.SO_BROADCAST)])
    for family, host, level, options in (
            (socket.AF_INET, "127.0.0.1", socket.IPPROTO_IP, (12, 8)),
            (socket.AF_INET6, "::1", socket.IPPROTO_IPV6, (socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVPKTINFO))):
        receiver, sender = datagram(family, host), datagram(family, host)
        for option in options:
            receiver.setsockopt(level, option, 1)
        receiver.setsockopt(socket.SOL_SOCKET, 29, 1)
        sender.setsockopt(level, socket.IP_TTL if level == socket.IPPROTO_IP else socket.IPV6_UNICAST_HOPS, 77)
        sender.sendto(b"x", receiver.getsockname())
        for one_level, kind, data in sorted(receiver.recvmsg(10, 500)[1]):
            print(family.name, "ancillary data", one_level, kind, len(data), data.hex() if one_level == level else "")


{"streams": streams, "datagrams": datagrams, "errors": errors, "flags": flags, "values": values, "names": names, "ends": ends}[sys.argv[1]]()
