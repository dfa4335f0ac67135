"""A server that is never full and never impatient: it waits for whatever is to come of a request, and sends a page as slowly as it is taken.

usage: sink.py PORT BYTES"""
import select
import socket
import sys

EVENTS = 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Peer:
    def __init__(self, connection):
        self.connection = connection
        self.asked = b""
        self.left = None  # of the answer


class Sink:
    def __init__(self, port, length):
        self.answer = HEAD % length + bytes(length)
        self.listening = socket.create_server(("0.0.0.0", port), backlog=4096)
        self.listening.setblocking(False)
        self.epoll = select.epoll()
        self.epoll.register(self.listening, select.EPOLLIN)
        self.peers = {}

    def serve(self):
        while True:
            for descriptor, _ in self.epoll.poll(maxevents=EVENTS):
                if descriptor == self.listening.fileno():
                    self.accept()
                    continue
                peer = self.peers[descriptor]
                try:
                    self.go_on(peer)
                except BlockingIOError:
                    pass
                except OSError:
                    del self.peers[descriptor]
                    peer.connection.close()

    def accept(self):
        for _ in range(EVENTS):
            try:
                connection, _ = self.listening.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            self.peers[connection.fileno()] = Peer(connection)
            self.epoll.register(connection, select.EPOLLIN)

    def go_on(self, peer):
        """Whoever has asked, and not with a body, is answered; whatever else comes is read."""
        if peer.left is None:
            piece = peer.connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            peer.asked = (peer.asked + piece)[:4096]
            if peer.asked.startswith(b"POST") or b"\r\n\r\n" not in peer.asked:
                return
            peer.left = memoryview(self.answer)
            self.epoll.modify(peer.connection, select.EPOLLOUT)
        peer.left = peer.left[peer.connection.send(peer.left):]
        if not peer.left:
            peer.asked, peer.left = b"", None
            self.epoll.modify(peer.connection, select.EPOLLIN)


if __name__ == "__main__":
    Sink(int(sys.argv[1]), int(sys.argv[2])).serve()
