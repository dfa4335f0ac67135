"""Leaves a connection to a port in a way that no shim does, and prints "left": `dissolve` closes it while bytes of it are on their way and calls connect
for nobody then; `unread` reads away all that would tell of its end. `twice` connects one socket to two ports before the first is answered, and prints both errors."""
import sys
import time

from peer import CONNECT, SOCKET, Peer, address

OUT_TAIL, OUT_HEAD, STATE, MARKS, RING = 128, 104, 64, 72, 16384
peer = Peer(sys.argv[1], "hostile")
way, ports = sys.argv[2], [int(port) for port in sys.argv[3:]]
slot, generation, end = peer.fresh_socket()
assert peer.call(SOCKET, slot, generation, (2, 1, 0)) == 0
at = peer.slots_at + slot * 512


def publish():
    to_backend = peer.read("Q", 80)
    peer.write("Q", to_backend + 128 + slot // 64 * 8, 1 << slot % 64)
    peer.write("Q", to_backend + slot // 4096 * 8, 1 << slot // 64 % 64)
    peer.ring()


if way == "twice":
    numbers = [peer.put(CONNECT, slot, generation, cell, payload=address(port)) for cell, port in enumerate(ports)]
    peer.ring()
    while not all(peer.answered(cell, number) for cell, number in enumerate(numbers)):
        pass
    print(*(peer.error(cell) for cell in range(2)), flush=True)
    peer.await_end()
assert peer.call(CONNECT, slot, generation, payload=address(ports[0])) in (0, 115)
while peer.read("I", at + STATE) != 4:
    pass
if way == "dissolve":
    stuck, head = 0, -1
    while stuck < 20:  # until nobody takes anything for a second
        now = peer.read("Q", at + OUT_HEAD)
        stuck, head = (stuck + 1, head) if now == head else (0, now)
        peer.write("Q", at + OUT_TAIL, now + RING)
        publish()
        time.sleep(0.05)
    end.close()
    assert peer.call(CONNECT, slot, generation, payload=bytes(16)) == 9  # EBADF
elif way == "unread":
    print("connected", flush=True)
    while peer.read("I", at + MARKS) & 7 != 7:
        pass
    time.sleep(0.2)  # what tells of it is there
    end.setblocking(False)
    for _ in range(20):  # packets may be empty, as an end of file is
        end.recv(64)
print("left", flush=True)
