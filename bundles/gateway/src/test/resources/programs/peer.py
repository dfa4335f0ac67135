"""An application without a shim, that may do as it likes in its region. Numbers are those of docs/protocol.md."""
import ctypes
import mmap
import os
import socket
import struct

MAGIC = 0x31434E46474E4952
LAYOUT_VERSION = 3
NO_CELL = 0xFFFFFFFF
SOCKET, BIND, LISTEN, CONNECT, SHUTDOWN, SETSOCKOPT, GETSOCKOPT, ACCEPT, CLOSE, GETSOCKNAME, GETPEERNAME = range(1, 12)


def greet(path, launch, version=LAYOUT_VERSION):
    """Says hello. The connection and the welcome: its version, its error, bytes of the region, descriptors."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(path)
    connection.send(struct.pack("<QIIII64s32s", MAGIC, version, 1, os.getpid(), 0, launch.encode(), launch.encode()))
    packet, descriptors, _, _ = socket.recv_fds(connection, 24, 3)
    _, version, error, region_bytes = struct.unpack("<QIiQ", packet)
    return connection, version, error, region_bytes, descriptors


class Peer:
    """The frontend of a region."""

    def __init__(self, path, launch):
        self.connection, _, error, region_bytes, descriptors = greet(path, launch)
        assert error == 0, error
        self.memory = mmap.mmap(descriptors[0], region_bytes)
        self.doorbell = descriptors[1]
        self.pool = socket.socket(fileno=descriptors[2])
        self.slots, self.commands, self.cells = struct.unpack_from("<III", self.memory, 16)
        self.commands_at, self.cells_at, self.slots_at = struct.unpack_from("<QQQ", self.memory, 40)
        self.tail = self.read("Q", 256)
        self.number = self.tail

    def read(self, form, at):
        return struct.unpack_from("<" + form, self.memory, at)[0]

    def write(self, form, at, value):
        """In one store. struct.pack_into() writes zeros first, and the gateway may be looking."""
        {"I": ctypes.c_uint32, "Q": ctypes.c_uint64}[form].from_buffer(self.memory, at).value = value

    def ring(self):
        self.write("I", 192, 0)
        os.write(self.doorbell, struct.pack("<Q", 1))

    def fresh_socket(self):
        """Takes one from the pool: its slot, its generation, its descriptor."""
        packet, descriptors, _, _ = socket.recv_fds(self.pool, 72, 1)
        slot, generation = struct.unpack_from("<II", packet)
        return slot, generation, socket.socket(fileno=descriptors[0])

    def room(self):
        return self.commands - (self.tail - self.read("Q", 320))

    def not_taken(self):
        return self.tail - self.read("Q", 320)

    def cell(self, cell):
        """The words of a cell from `expected` on."""
        return self.read("Q", self.cells_at + cell * 512 + 40), self.read("Q", self.cells_at + cell * 512 + 64)

    def put(self, op, slot, generation, cell=NO_CELL, arguments=(), payload=b"", payload_length=None):
        """Appends a call without ringing; the call number."""
        self.number += 1
        arguments = (list(arguments) + [0] * 6)[:6]
        if cell < self.cells:
            self.write("Q", self.cells_at + cell * 512 + 40, self.number)
        length = len(payload) if payload_length is None else payload_length
        struct.pack_into("<HHIIIQ6qI52s", self.memory, self.commands_at + self.tail % self.commands * 128, op, 0, slot, generation, cell,
                         self.number, *arguments, length, payload)
        self.tail += 1
        self.write("Q", 256, self.tail)
        return self.number

    def answered(self, cell, number):
        return self.read("Q", self.cells_at + cell * 512 + 64) == number

    def error(self, cell):
        return self.read("i", self.cells_at + cell * 512 + 72)

    def call(self, op, slot, generation, arguments=(), payload=b"", payload_length=None):
        """Calls and waits for the answer, through cell 0; the error."""
        number = self.put(op, slot, generation, 0, arguments, payload, payload_length)
        self.ring()
        while not self.answered(0, number):
            pass
        return self.error(0)

    def await_end(self):
        """Waits for the gateway to end the connection."""
        while self.connection.recv(64):
            pass


def address(port, host="127.0.0.1"):
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)
