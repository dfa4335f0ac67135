"""An edge-triggered reader that leaves bytes unread: on Linux each arrival of bytes is an edge all the same, which nginx relies on.

usage: edges.py serve PORT            reads one byte for each edge, and answers with one
       edges.py ask PORT ROUNDS       sends a hundred for each answer
"""
import select
import socket
import sys
import time


def serve(port):
    conn, _ = socket.create_server(("127.0.0.1", port)).accept()
    conn.setblocking(False)
    epoll = select.epoll()
    epoll.register(conn, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)
    while True:
        for _, events in epoll.poll():
            if events & select.EPOLLRDHUP:
                return
            try:
                conn.recv(1)
                conn.send(b"a")
            except BlockingIOError:
                pass


def ask(port, rounds):
    conn = socket.create_connection(("127.0.0.1", port), timeout=5)
    for n in range(rounds):
        conn.send(b"x" * 100)
        try:
            conn.recv(1)
        except TimeoutError:
            raise SystemExit(f"no edge in round {n}") from None
        if n % 20 == 15:
            time.sleep(0.2)  # the reader pauses in the midst of its bytes: long enough for the gateway's watchdog


{"serve": serve, "ask": ask}[sys.argv[1]](*map(int, sys.argv[2:]))
