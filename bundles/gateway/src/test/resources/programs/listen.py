"""
Listens with options of its own; prints its port. Then for each line of its input: "serve" accepts a connection, sends back what it gets, and prints "served";
"options" prints them; "close" closes the listener. "bare" as its argument: without bind() and without options.
"""
import socket
import sys

OPTIONS = [("SOL_SOCKET", "SO_REUSEADDR"), ("SOL_SOCKET", "SO_KEEPALIVE"), ("IPPROTO_TCP", "TCP_NODELAY"), ("IPPROTO_TCP", "TCP_DEFER_ACCEPT")]

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
            with listener.accept()[0] as peer:
                peer.sendall(peer.recv(100))
                print("served", flush=True)
        case "options":
            print(*(listener.getsockopt(getattr(socket, level), getattr(socket, name)) for level, name in OPTIONS), flush=True)
        case "close":
            listener.close()
            print("closed", flush=True)
