"""Makes a socket and binds it each time it is told a line; prints the error, or "bound"."""
import errno
import socket
import sys

print("ready", flush=True)
for _ in sys.stdin:
    try:
        with socket.socket() as s:
            print("open", flush=True)
            s.bind(("127.0.0.1", 0))
            print("bound", flush=True)
    except OSError as e:
        print(errno.errorcode[e.errno], flush=True)
