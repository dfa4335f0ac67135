"""Breaks the protocol in the way it is told, and prints "broken", and "detached" when the gateway has ended the connection."""
import sys

from peer import CONNECT, SOCKET, Peer, address

peer = Peer(sys.argv[1], "hostile")
kept = [peer.fresh_socket() for _ in range(10)]
for slot, generation, _ in kept:
    assert peer.call(SOCKET, slot, generation, (2, 1, 0)) == 0
way = sys.argv[2]
if way == "tail":
    peer.write("Q", 256, peer.tail + peer.commands + 1)
else:
    slot, generation, _ = kept[0]
    error = peer.call(CONNECT, slot, generation, payload=address(int(sys.argv[3])))
    assert error in (0, 115), error
    at = peer.slots_at + slot * 512
    while peer.read("I", at + 64) != 4:
        pass
    if way == "out":
        peer.write("Q", at + 128, 1 << 40)
    elif way == "grant":
        peer.write("Q", at + 144, 1 << 40 | 3)
        peer.write("Q", at + 128, 100)
    elif way == "head":
        peer.write("Q", at + 152, 12345)
    to_backend = peer.read("Q", 80)
    peer.write("Q", to_backend + 128 + slot // 64 * 8, 1 << slot % 64)
    peer.write("Q", to_backend + slot // 4096 * 8, 1 << slot // 64 % 64)
peer.ring()
print("broken", flush=True)
peer.await_end()
print("detached", flush=True)
