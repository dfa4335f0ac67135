"""What static servers lack: takes uploads of any length, answers an API, and echoes WebSocket messages (RFC 6455). usage: mixed.py PORT"""
import asyncio
import base64
import hashlib
import sys

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def body(reader, fields):
    if fields.get(b"transfer-encoding") == b"chunked":
        total = 0
        while size := int((await reader.readline()).split(b";")[0], 16):
            total += len(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readline()
        return total
    left = total = int(fields.get(b"content-length", 0))
    while left:
        left -= len(await reader.readexactly(min(left, 65536)))
    return total


async def echo(reader, writer):
    while True:
        first, second = await reader.readexactly(2)
        length = second & 127
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(length)))
        head = bytes((first, length)) if length < 126 else bytes((first, 126)) + length.to_bytes(2, "big")
        writer.write(head + data)
        await writer.drain()
        if first & 15 == 8:
            return


async def serve(reader, writer):
    try:
        while request := await reader.readline():
            fields = {}
            while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
                name, _, value = line.partition(b":")
                fields[name.strip().lower()] = value.strip().lower() if name.lower() != b"sec-websocket-key" else value.strip()
            if fields.get(b"upgrade") == b"websocket":
                key = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + MAGIC).digest())
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + key + b"\r\n\r\n")
                await echo(reader, writer)
                return
            if fields.get(b"expect") == b"100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            answer = b'{"received": %d, "path": "%s"}' % (await body(reader, fields), request.split()[1])
            if b"/slow" in request:
                await asyncio.sleep(3)  # a long poll, or a report that takes its time
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError, IndexError):
        pass
    finally:
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "0.0.0.0", port, backlog=511)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
