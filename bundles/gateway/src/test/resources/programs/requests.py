"""Accepts connections and prints the length and first line of what comes, or end; answers in HTTP. `greet`: speaks first; `raw`: echoes;
`deaf`: the first connection is accepted and never read.
`in-turn`: in HTTP, one connection after the other, and says whose port; `pool`: with four workers that do so, and
/long is 8 MiB, but for /long?short, /page 512 KiB, and what ends in =N is N B; /long-chunked comes in chunks. POST /early is answered before its body, and POST /body not at all. /wait is not answered, ODD not in HTTP, /buffers with the sizes of its socket's, and behind /last it waits for the client to close.
Behind /late it closes after a second. /corked is written under TCP_CORK, which is cleared when the gateway has taken all, and /corked-away when it has taken
the connection back. Prints its port first."""
import fcntl
import re
import socket
import struct
import sys
import threading
import time

how = sys.argv[1] if len(sys.argv) > 1 else "http"
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
print(listener.getsockname()[1], flush=True)


def length(request):
    if request.startswith(b"GET /page"):
        return 512 << 10
    if size := re.match(rb"GET \S*=(\d+) ", request):
        return int(size[1])
    return 8 << 20 if request.startswith(b"GET /long") and b"?short" not in request else 10


SIOCOUTQ = 0x5411


def untaken(connection):
    return struct.unpack("i", fcntl.ioctl(connection, SIOCOUTQ, b"\0\0\0\0"))[0]


def ended(connection):
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def answer_corked(connection, answer, away):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    connection.sendall(answer)
    while not ended(connection) if away else untaken(connection) > 0:
        time.sleep(0.0005)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def serve(connection):
    with connection:
        if how == "greet":
            connection.sendall(b"hello\r\n")
        while data := connection.recv(1 << 20):
            print(f"{len(data)} {data.splitlines()[0].decode()}", flush=True)
            if how == "raw":
                connection.sendall(data)
            elif data.startswith(b"GET /wait"):
                continue
            elif data.startswith(b"POST /body"):
                while connection.recv(1 << 20):
                    pass
            elif data.startswith(b"ODD "):
                connection.sendall(b"odd\r\n")
            elif data.startswith(b"GET /buffers"):
                sizes = b"%010d %010d" % tuple(connection.getsockopt(socket.SOL_SOCKET, which) for which in (socket.SO_SNDBUF, socket.SO_RCVBUF))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + sizes)
            else:
                body = b"x" * length(data)
                answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                if data.startswith(b"GET /long-chunked"):
                    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
                if data.startswith(b"GET /corked"):
                    answer_corked(connection, answer, data.startswith(b"GET /corked-away"))
                    continue
                connection.sendall(answer * max(1, data.count(b"\r\n\r\n")))
                if data.startswith(b"POST /early"):
                    connection.recv(1 << 20)
                if data.startswith(b"GET /last"):
                    connection.shutdown(socket.SHUT_WR)
                if data.startswith(b"GET /late"):
                    connection.settimeout(1)
        print("end", flush=True)


def work():
    while True:
        try:
            serve(listener.accept()[0])
        except ConnectionError:
            print("gone", flush=True)


if how == "pool":
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    work()
while True:
    connection, client = listener.accept()
    if how == "in-turn":
        print("accepted", client[1], flush=True)
        try:
            serve(connection)
        except TimeoutError:
            print("closed", flush=True)
        continue
    print("accepted", flush=True)
    if how == "deaf":
        never_read, how = connection, "http"
        continue
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
