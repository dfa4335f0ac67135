"""Connects to listeners of its own, blocking and not, on IPv4 and IPv6, says nothing there, and prints `accepted` for each that it accepts."""
import socket

for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    for blocking in (True, False):
        with socket.create_server((address, 0), family=family) as listener, socket.socket(family) as client:
            client.setblocking(blocking)
            client.connect_ex(listener.getsockname())
            connection, name = listener.accept()
            print("accepted" if name == client.getsockname() else name, flush=True)
            connection.close()
