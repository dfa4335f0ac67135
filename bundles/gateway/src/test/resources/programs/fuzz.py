"""Sends random calls, most of them nonsense, and waits for the answer to every one that names a cell. Prints what came of it."""
import random
import sys
import time

from peer import CONNECT, NO_CELL, SOCKET, Peer, address

peer = Peer(sys.argv[1], "fuzz")
chance = random.Random(int(sys.argv[2]))
total = int(sys.argv[3])
held = []
answered = 0
sent = 0


def number():
    return chance.choice((0, 1, 2, 6, 41, 255, 256, -1, 1 << 31, 1 << 62, -(1 << 63), chance.getrandbits(63)))


while sent < total:
    if len(held) < 64 and chance.random() < 0.2:
        held.append(peer.fresh_socket())
    if len(held) > 32 and chance.random() < 0.3:
        held.pop(chance.randrange(len(held)))[2].close()
    waits = []
    cells = list(range(peer.cells))
    for _ in range(min(peer.room(), 400, total - sent)):
        op = chance.choice((SOCKET, SOCKET, chance.randrange(0, 14), chance.getrandbits(16)))
        arguments = (2, 1, 0) if op == SOCKET and chance.random() < 0.7 else [number() for _ in range(6)]
        if held and chance.random() < 0.7:
            slot, generation, _ = chance.choice(held)
        else:
            slot, generation = chance.getrandbits(32) % chance.choice((1, 64, 1 << 32)), chance.getrandbits(32)
        if chance.random() < 0.1:
            generation = (generation + chance.choice((1, -1, 2))) % (1 << 32)
        payload = address(0) if chance.random() < 0.5 else chance.randbytes(chance.randrange(53))
        length = chance.getrandbits(32) if chance.random() < 0.05 else None
        cell = cells.pop() if chance.random() < 0.9 else chance.choice((NO_CELL, peer.cells, 1 << 31, chance.getrandbits(32) | peer.cells))
        call = peer.put(op, slot, generation, cell, arguments, payload, length)
        sent += 1
        if cell < peer.cells:
            waits.append((cell, call, f"operation {op}, slot {slot}, generation {generation}, arguments {arguments}, {len(payload)} B ({length})"))
    peer.ring()
    deadline = time.monotonic() + 20
    for cell, call, what in waits:
        while not peer.answered(cell, call):
            if time.monotonic() > deadline:
                print(f"no answer to call {call}, cell {cell}: {what}; {peer.not_taken()} calls not taken, state of the cell {peer.cell(cell)}, "
                      f"held {[h[:2] for h in held if h[0] == slot]}", flush=True)
                sys.exit(1)
        answered += 1
print("all answered" if answered > total * 0.8 else f"only {answered} calls named a cell", flush=True)
peer.await_end()
