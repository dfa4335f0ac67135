"""Opens sockets until it may not, or so many, and prints their number and the error, if there is one; then waits. It closes all when it is told so, and says "closed"."""
import errno
import socket
import sys

sockets = []
error = ""
while len(sockets) < int(sys.argv[1]):
    try:
        sockets.append(socket.socket())
    except OSError as e:
        error = " " + errno.errorcode[e.errno]
        break
print(f"{len(sockets)}{error}", flush=True)
for line in sys.stdin:
    for s in sockets:
        s.close()
    print("closed", flush=True)
