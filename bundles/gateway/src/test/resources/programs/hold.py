"""Accepts connections and keeps them; prints its port, then the number of each connection, then how the first one ends."""
import errno
import select
import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(512)
print(listener.getsockname()[1], flush=True)
kept = []
listening = [listener]
while True:
    ready, _, _ = select.select(listening + kept[:1], [], [])
    if kept and kept[0] in ready:
        try:
            print("end" if not kept[0].recv(1) else "data", flush=True)
        except OSError as e:
            print(errno.errorcode[e.errno], flush=True)
        kept.pop(0)
    elif listener in ready:
        try:
            kept.append(listener.accept()[0])
            print(len(kept), flush=True)
        except OSError:
            listening = []
