"""A server that fills a connection, shuts it down and closes it at once, after its peer has shut down too; and its clients.

usage: lasting.py serve PORT
       lasting.py ask PORT CONNECTIONS     64 at a time; each must get all that was sent, and no reset
"""
import socket
import sys
import threading


def answer(conn):
    while conn.recv(4096):  # until the client has shut down
        pass
    conn.setblocking(False)
    sent = 0
    try:
        while sent < 4 << 20:
            sent += conn.send(b"x" * 65536)
    except BlockingIOError:
        pass
    conn.shutdown(socket.SHUT_WR)
    conn.close()


def serve(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    def work():
        while True:
            answer(listener.accept()[0])
    for _ in range(8):
        threading.Thread(target=work).start()


def ask(port, connections):
    failures = []

    def work():
        try:
            for _ in range(connections // 64):
                with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
                    s.shutdown(socket.SHUT_WR)
                    got = 0
                    while part := s.recv(65536):
                        got += len(part)
                    if got < 4096:
                        raise OSError(f"{got} bytes only")
        except OSError as e:
            failures.append(repr(e))

    workers = [threading.Thread(target=work) for _ in range(64)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    if failures:
        raise SystemExit(f"{len(failures)} of 64 clients failed: {failures[0]}")


{"serve": serve, "ask": ask}[sys.argv[1]](*map(int, sys.argv[2:]))
