"""Opens so many listeners, or as many as it may, and prints their number and the error, if there is one; then for each line of its input connects to each of
the first so many of its listeners so many times, answers one byte each time, and prints "served"."""
import errno
import socket
import sys

listeners = []
error = ""
for _ in range(int(sys.argv[1])):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    try:
        listener.listen(64)
    except OSError as e:
        error = " " + errno.errorcode[e.errno]
        break
    listeners.append(listener)
print(f"{len(listeners)}{error}", flush=True)
for line in sys.stdin:
    first, times = map(int, line.split())
    for _ in range(times):
        for listener in listeners[:first]:
            with socket.create_connection(listener.getsockname()) as peer, listener.accept()[0] as accepted:
                accepted.sendall(b"x")
                assert peer.recv(1) == b"x"
    print("served", flush=True)
