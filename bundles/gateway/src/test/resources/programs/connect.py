"""Connects to the port it is given, once for each line it is told, and prints what came of it."""
import errno
import socket
import sys

print("ready", flush=True)
for _ in sys.stdin:
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as connection:
            connection.sendall(b"x")
            print("connected, then", connection.recv(1), flush=True)
    except OSError as e:
        print(errno.errorcode[e.errno] if e.errno else str(e), flush=True)
