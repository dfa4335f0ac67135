"""
Listens with options of its own; prints its port. Then for each line of its input: "serve" prints "waits", accepts a connection, sends back what it gets, and prints
"served"; "options" prints them; "bind", "backlog", "shutdown" and "socket" call that, and print the error's name or "done"; "close" closes the listener.
With the argument "bare": without bind() and without options; with "both": on all addresses of IPv6 and IPv4, of which it wants to lay down IPv4 when it is too late.
"""
import errno
import socket
import sys

OPTIONS = [("SOL_SOCKET", "SO_REUSEADDR"), ("SOL_SOCKET", "SO_KEEPALIVE"), ("IPPROTO_TCP", "TCP_NODELAY"), ("IPPROTO_TCP", "TCP_DEFER_ACCEPT")]


def attempt(call, *arguments):
    try:
        call(*arguments)
        return "done"
    except OSError as e:
        return errno.errorcode[e.errno]


def serve():
    print("waits", flush=True)
    try:
        with listener.accept()[0] as peer:
            peer.sendall(peer.recv(100))
            return "served"
    except OSError as e:
        return errno.errorcode[e.errno]


if "both" in sys.argv:
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", 0))
    attempt(listener.setsockopt, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
else:
    listener = socket.socket()
    if "bare" not in sys.argv:
        for level, name in OPTIONS:
            listener.setsockopt(getattr(socket, level), getattr(socket, name), 1)
        listener.bind(("127.0.0.1", 0))
listener.listen(7)
print(listener.getsockname()[1], flush=True)
for line in sys.stdin:
    match line.strip():
        case "serve":
            print(serve(), flush=True)
        case "options":
            print(*(listener.getsockopt(getattr(socket, level), getattr(socket, name)) for level, name in OPTIONS), flush=True)
        case "bind":
            print(attempt(listener.bind, ("127.0.0.1", 0)), flush=True)
        case "backlog":
            print(attempt(listener.listen, 11), flush=True)
        case "shutdown":
            print(attempt(listener.shutdown, socket.SHUT_RDWR), flush=True)
        case "socket":
            print(attempt(socket.socket), flush=True)
        case "close":
            listener.close()
            print("closed", flush=True)
