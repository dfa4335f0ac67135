"""Rings the gateway without end from four processes, binds 20 sockets meanwhile, and prints how that went."""
import os
import signal
import struct
import sys

from peer import BIND, SOCKET, Peer, address

peer = Peer(sys.argv[1], "flood")
parent = os.getpid()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        while os.getppid() == parent:  # none outlives a parent that was killed
            os.write(peer.doorbell, struct.pack("<Q", 1))
        os._exit(0)
    children.append(child)
try:
    kept = []
    for _ in range(20):
        slot, generation, end = peer.fresh_socket()
        kept.append(end)
        assert peer.call(SOCKET, slot, generation, (2, 1, 0)) == 0
        assert peer.call(BIND, slot, generation, payload=address(0)) == 0
finally:
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
print("bound", flush=True)
