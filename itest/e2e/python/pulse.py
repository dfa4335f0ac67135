"""Asks for a file again and again over one connection until it is told to stop (SIGTERM); then a line for each phase says how long the
answers took: the phase, how many, median, 99 %, worst, in microseconds. SIGUSR1 begins a phase "calm", as at the start, SIGUSR2 one "swapping".

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


def phase(number, _):
    global took
    took = phases["calm" if number == signal.SIGUSR1 else "swapping"]


phases = {"calm": [], "swapping": []}
took = phases["calm"]
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGUSR1, phase)
signal.signal(signal.SIGUSR2, phase)
peer = socket.create_connection(("127.0.0.1", port))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while going:
    of_phase = took
    begin = time.monotonic_ns()
    peer.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < len(expected):
        more = peer.recv(1 << 16)
        if not more:
            sys.exit("the connection was lost")
        answer += more
    # an answer that was under way when the phase changed is one of the swaps'
    (of_phase if took is phases["calm"] else took).append(time.monotonic_ns() - begin)
    if not answer.startswith(b"HTTP/1.1 200") or answer.split(b"\r\n\r\n", 1)[1] != expected:
        sys.exit("a wrong answer: " + repr(answer[:80]))
    time.sleep(0.001)
for name, of_phase in phases.items():
    of_phase.sort()
    if of_phase:
        print(name, len(of_phase), *(of_phase[min(len(of_phase) - 1, len(of_phase) * part // 100)] // 1000 for part in (50, 99, 100)))
