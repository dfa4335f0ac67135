"""memcached.py PORT: sixteen clients set and get values of up to 100 KiB by memcached's text protocol, pipelined, and one asks
by UDP. Ends with 1 if a value is another."""
import socket
import struct
import sys
import threading

port = int(sys.argv[1])
wrong = []


def value(client, number):
    return (b"%d.%d " % (client, number)) * (1 + number * 37 % 900)


def work(client):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as s, s.makefile("rb") as answers:
            for start in range(0, 500, 50):
                batch = range(start, start + 50)
                s.sendall(b"".join(b"set k%d.%d 0 60 %d\r\n%s\r\n" % (client, n, len(value(client, n)), value(client, n)) for n in batch))
                for _ in batch:
                    if answers.readline() != b"STORED\r\n":
                        raise ValueError("not stored")
                s.sendall(b"get " + b" ".join(b"k%d.%d" % (client, n) for n in batch) + b"\r\n")
                for n in batch:
                    head = answers.readline().split()
                    body = answers.read(int(head[3]) + 2)
                    if head[1] != b"k%d.%d" % (client, n) or body != value(client, n) + b"\r\n":
                        raise ValueError(f"value {client}.{n} is another")
                if answers.readline() != b"END\r\n":
                    raise ValueError("no end")
    except (OSError, ValueError, IndexError) as error:
        wrong.append(f"client {client}: {error!r}")


threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

# by UDP each datagram has a head: request, sequence, number of datagrams, 0
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(20)
    s.connect(("127.0.0.1", port))
    for request in range(1, 101):
        s.send(struct.pack("!HHHH", request, 0, 1, 0) + b"get k3.%d\r\n" % (request % 30))
        answer = s.recv(65536)
        if answer[:8] != struct.pack("!HHHH", request, 0, struct.unpack("!H", answer[4:6])[0], 0):
            wrong.append(f"datagram {request}: {answer[:30]!r}")
        elif not answer[8:].startswith(b"VALUE k3.%d " % (request % 30)):
            wrong.append(f"datagram {request}: {answer[8:40]!r}")
        for _ in range(struct.unpack("!H", answer[4:6])[0] - 1):
            s.recv(65536)
for line in wrong[:5]:
    print(line)
sys.exit(1 if wrong else 0)
