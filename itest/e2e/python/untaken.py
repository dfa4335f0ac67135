"""Asks for two pages at once and takes neither: the server is to see one request, and the other one when the first page was taken.

The server says how much of each page it could write at once.

usage: untaken.py serve PORT LOG
       untaken.py ask PORT LOG KIB      pages of so many KiB, which have to be more than a stack takes that nobody reads from
"""
import os
import socket
import sys
import threading
import time

BYTES = os.urandom(1 << 20)


def page(kib):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (kib << 10) + BYTES[:kib << 10]


def serve_one(conn, log):
    with conn, conn.makefile("rb") as requests:
        for line in requests:
            if line.startswith(b"GET /"):
                answer = page(int(line.split()[1][1:]))
            elif line == b"\r\n":
                log.write(b"request\n")
                taken = conn.send(answer, socket.MSG_DONTWAIT)
                print(f"{taken} of {len(answer)} B at once", flush=True)
                conn.sendall(answer[taken:])


def serve(port, log):
    with socket.create_server(("127.0.0.1", port)) as listener, open(log, "ab", buffering=0) as file:
        while True:
            threading.Thread(target=serve_one, args=(listener.accept()[0], file), daemon=True).start()


def seen(log):
    with open(log) as file:
        return len(file.readlines())


def within(seconds, is_so):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def ask(port, log, kib):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(f"GET /{kib} HTTP/1.1\r\nHost: it\r\n\r\n".encode() * 2)
        if not within(10, lambda: seen(log) == 1):
            sys.exit(f"{seen(log)} requests came, not one")
        if within(1, lambda: seen(log) > 1):
            sys.exit("the second request came before anything of the first page was taken")
        left = 2 * len(page(int(kib)))
        client.settimeout(30)
        while left > 0:
            piece = client.recv(65536)
            if not piece:
                sys.exit(f"{left} B are missing")
            left -= len(piece)
    if seen(log) != 2:
        sys.exit(f"{seen(log)} requests came, not two")


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
