"""Asks for a file again and again over one connection until it is told to stop (SIGTERM); then one line says how long the answers took.

pulse.py PORT PATH FILE: exit status 1 if an answer was wrong, or the connection was lost."""
import signal
import socket
import sys
import time

port, path, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with open(name, "rb") as file:
    expected = file.read()
request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
going = True


def stop(*_):
    global going
    going = False


signal.signal(signal.SIGTERM, stop)
peer = socket.create_connection(("127.0.0.1", port))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
took = []
while going:
    begin = time.monotonic_ns()
    peer.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < len(expected):
        more = peer.recv(1 << 16)
        if not more:
            sys.exit("the connection was lost")
        answer += more
    took.append(time.monotonic_ns() - begin)
    if not answer.startswith(b"HTTP/1.1 200") or answer.split(b"\r\n\r\n", 1)[1] != expected:
        sys.exit("a wrong answer: " + repr(answer[:80]))
    time.sleep(0.001)
took.sort()
print(len(took), took[len(took) // 2] // 1000, took[len(took) * 99 // 100] // 1000, took[-1] // 1000)
