"""Fetches a file again and again over one connection, with a byte in COUNT for each answer, until SIGTERM; 0 if all were right.

usage: steady.py PORT PATH FILE COUNT
"""
import http.client
import signal
import sys
import threading

port, path, name, count = sys.argv[1:]
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
with open(name, "rb") as f:
    expected = f.read()
conn = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
conn.connect()
first = conn.sock
with open(count, "ab", buffering=0) as progress:
    while not stop.wait(0.01):
        conn.request("GET", path)
        if conn.getresponse().read() != expected or conn.sock is not first:
            raise SystemExit("the connection was not kept, or the answer was wrong")
        progress.write(b".")
