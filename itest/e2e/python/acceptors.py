"""Processes that block in accept on one listener and answer, the one whose turn it is being killed after every so many accepts.

usage: acceptors.py serve PORT PROCESSES ACCEPTS
       acceptors.py ask PORT CONNECTIONS AT-A-TIME     each must be answered or reset; one that gets neither is lost
"""
import os
import signal
import socket
import sys
import threading


def child(listener, count):
    while True:
        conn, _ = listener.accept()
        count.append(None)
        report.send(b"x")
        conn.sendall(b"hello")
        conn.close()


def serve(port, processes, accepts):
    global report
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # holds a handful of reports: the acceptors do not run ahead of the killing
    told, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    report.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)

    def spawn():
        pid = os.fork()
        if pid == 0:
            child(listener, [])
        return pid

    children = [spawn() for _ in range(processes)]
    accepted = turn = 0
    while True:
        accepted += len(told.recv(1))
        if accepted % accepts == 0:
            victim = children.pop(0)
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            children.append(spawn())
            print("killed", victim, flush=True)


def ask(port, connections, at_a_time):
    answered, reset, lost = [], [], []

    def work():
        for _ in range(connections // at_a_time):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
                    # an end without an answer is that of a process killed between accept and send
                    (answered if s.recv(16) == b"hello" else reset).append(None)
            except ConnectionError:
                reset.append(None)
            except TimeoutError:
                lost.append(None)

    workers = [threading.Thread(target=work) for _ in range(at_a_time)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    print(f"{len(answered)} answered, {len(reset)} reset, {len(lost)} lost")
    # a killed process takes at most the connection it was answering with it
    if lost or len(answered) + len(reset) != connections or len(reset) > connections // 40:
        raise SystemExit(1)


{"serve": serve, "ask": ask}[sys.argv[1]](*map(int, sys.argv[2:]))
