"""Accepts a connection, sends back what comes first, and takes the connection back when it is told to."""
import ctypes, socket, sys

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.sendall(connection.recv(100))
sys.stdin.readline()
nobody = (ctypes.c_char * 16)()  # AF_UNSPEC
libc = ctypes.CDLL(None, use_errno=True)
print("dissolved" if libc.connect(connection.fileno(), nobody, 16) == 0 else ctypes.get_errno(), flush=True)
sys.stdin.readline()
