"""Says hello, or part of it, and goes at once, many times over; prints "done"."""
import os
import socket
import struct
import sys

from peer import LAYOUT_VERSION, MAGIC

for i in range(90):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(sys.argv[1])
    hello = struct.pack("<QIIII64s32s", MAGIC, LAYOUT_VERSION, 1, os.getpid(), 0, f"launch {i}".encode(), b"goodbye")
    connection.send(hello if i % 3 else hello[:i])
    connection.close()
print("done", flush=True)
