"""Sends to each connection until that fails, and then prints the error's name. When accept() fails it prints why, and whether trying again and
again is slow or fast.

usage: sender.py PORT
"""
import errno
import os
import socket
import sys
import threading
import time


def say(*words):
    # In one write: two threads that print at once mix their lines.
    os.write(1, (" ".join(words) + "\n").encode())


def send(conn):
    try:
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            conn.sendall(b"x" * 65536)
    except OSError as e:
        say(errno.errorcode.get(e.errno, repr(e)))


def try_again(times):
    """Accepts as servers do that count on another connection; the seconds it takes."""
    begun = time.monotonic()
    for _ in range(times):
        try:
            listener.accept()
        except OSError:
            pass
    return time.monotonic() - begun


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    try:
        conn, _ = listener.accept()
    except OSError as e:
        # the listener went with its gateway: stay, so that a test can see that nothing hangs or dies
        say("accept", errno.errorcode.get(e.errno, repr(e)))
        say("slow" if try_again(10) > 0.5 else "fast")
        threading.Event().wait()
    threading.Thread(target=send, args=(conn,), daemon=True).start()
