"""Clients that do with HTTP what curl does not: one connection for many requests, pipelining, idling, counting.

usage: web.py keepalive|pipeline PORT PATH COUNT FILE      every answer's body must be FILE
       web.py idle PORT PATH COUNT FILE                    COUNT connections idle while others are served, then each is used
       web.py short PORT PATH COUNT FILE                   COUNT connections, one after the other, eight at a time
       web.py slow PORT LARGE COUNT FILE SMALL             who does not read does not stop COUNT others who fetch SMALL
"""
import http.client
import selectors
import socket
import sys
import threading

HOST = "127.0.0.1"
PATIENCE = 30


def connection(port):
    return http.client.HTTPConnection(HOST, port, timeout=PATIENCE)


def get(conn, path, expected):
    conn.request("GET", path)
    answer = conn.getresponse()
    body = answer.read()
    if answer.status != 200 or body != expected:
        raise SystemExit(f"status {answer.status}, {len(body)} bytes, expected 200 and {len(expected)}")


def keepalive(port, path, count, expected):
    conn = connection(port)
    conn.connect()
    first = conn.sock
    for _ in range(count):
        get(conn, path, expected)
        if conn.sock is not first:
            raise SystemExit("the server closed the connection")
    conn.close()


def pipeline(port, path, count, expected):
    sock = socket.create_connection((HOST, port), timeout=PATIENCE)
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    # from a thread: requests and answers are more than the buffers hold
    sender = threading.Thread(target=sock.sendall, args=(request * count,), daemon=True)
    sender.start()
    stream = sock.makefile("rb")
    for n in range(count):
        status = stream.readline()
        length = None
        while (line := stream.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not status.startswith(b"HTTP/1.1 200") or stream.read(length) != expected:
            raise SystemExit(f"answer {n}: {status!r}")
    sender.join(PATIENCE)
    sock.close()


def idle(port, path, count, expected):
    connections = [connection(port) for _ in range(count)]
    for conn in connections:
        conn.connect()
    for _ in range(200):
        other = connection(port)
        get(other, path, expected)
        other.close()
    # those that idled are served too, the last first
    for conn in reversed(connections):
        get(conn, path, expected)
    for conn in connections:
        conn.close()


def short(port, path, count, expected):
    failures = []

    def work(share):
        try:
            for _ in range(share):
                conn = connection(port)
                conn.request("GET", path, headers={"Connection": "close"})
                answer = conn.getresponse()
                if answer.status != 200 or answer.read() != expected:
                    raise OSError(f"status {answer.status}")
                conn.close()
        except (OSError, http.client.HTTPException, SystemExit) as e:
            failures.append(repr(e))

    workers = [threading.Thread(target=work, args=(count // 8,)) for _ in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    if failures:
        raise SystemExit(f"{len(failures)} of 8 clients failed: {failures[0]}")


def slow(port, large, count, expected, small):
    reader = socket.create_connection((HOST, port), timeout=PATIENCE)
    reader.sendall(f"GET {large} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    got = bytearray(reader.recv(4096))  # the answer has begun, and now nobody reads
    with open(small, "rb") as f:
        other_body = f.read()
    for _ in range(count):
        other = connection(port)
        get(other, "/small", other_body)
        other.close()
    quick = connection(port)
    get(quick, large, expected)
    quick.close()
    while (part := reader.recv(1 << 20)):
        got += part
    if not got.endswith(expected):
        raise SystemExit(f"the slow reader got {len(got)} bytes")


def main():
    mode, port, path, count, name = sys.argv[1:6]
    with open(name, "rb") as f:
        expected = f.read()
    {"keepalive": keepalive, "pipeline": pipeline, "idle": idle, "short": short, "slow": slow}[mode](
        int(port), path, int(count), expected, *sys.argv[6:])


main()
