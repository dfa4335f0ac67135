"""Says hello to a gateway in another version of the region protocol; docs/protocol.md, "Attaching".

usage: hello.py ATTACH-SOCKET VERSION
"""
import errno
import socket
import struct
import sys

MAGIC = int.from_bytes(b"RINGFNC1", "little")
VERSION = 3  # the gateway's
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(struct.pack("=QIIII64s32s", MAGIC, int(sys.argv[2]), 1, 1, 0, b"launch", b"name"))
answer = s.recv(64)
magic, version, error, _ = struct.unpack("=QIiQ", answer[:24])
if (magic, version, error) != (MAGIC, VERSION, errno.EPROTO):
    raise SystemExit(f"magic {magic:#x}, version {version}, error {error}")
