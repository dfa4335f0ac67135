"""Prints the name of the error that a wrong call gets.

usage: errors.py WHAT PORT-IN-USE CLOSED-PORT
       errors.py rebind PORT COUNT
"""
import errno
import select
import socket
import sys

what, taken, closed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket()


def refused_nonblocking():
    s.setblocking(False)
    code = s.connect_ex(("127.0.0.1", closed))
    assert code in (errno.EINPROGRESS, errno.ECONNREFUSED), errno.errorcode[code]
    if code == errno.EINPROGRESS:
        poll = select.poll()
        poll.register(s, select.POLLOUT)
        events = poll.poll(5000)
        assert events and events[0][1] & select.POLLERR | select.POLLHUP, events
        code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    raise OSError(code, "")


def rebind():
    s.close()
    for _ in range(closed):
        with socket.socket() as again:
            again.bind(("127.0.0.1", taken))
    print("OK")


def twice():
    s.connect(("127.0.0.1", taken))
    s.connect(("127.0.0.1", taken))


def address_family():
    s.connect_ex(("127.0.0.1", closed))
    with socket.socket(socket.AF_INET6) as six:
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.connect(("::ffff:127.0.0.1", closed))


CASES = {
    "in-use": lambda: s.bind(("127.0.0.1", taken)),
    "refused": lambda: s.connect(("127.0.0.1", closed)),
    "refused-nonblocking": refused_nonblocking,
    "unknown-option": lambda: s.setsockopt(socket.IPPROTO_TCP, 9999, 1),
    "unknown-level": lambda: s.setsockopt(9999, 1, 1),
    "no-listener": lambda: s.accept(),
    "not-connected": lambda: s.recv(1),
    "twice-connected": twice,
    "address-family": address_family,
    "rebind": rebind,
}
try:
    CASES[what]()
except OSError as e:
    print(errno.errorcode[e.errno])
