"""An asyncio echo server, and clients that count what comes back.

usage: echo.py serve PORT
       echo.py ask PORT CONNECTIONS BYTES     each connection sends BYTES and must get them back
"""
import asyncio
import os
import signal
import sys


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def serve(port):
    server = await asyncio.start_server(echo, "127.0.0.1", port, backlog=128)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


async def ask_once(port, count):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = os.urandom(count)

    async def send():
        for at in range(0, count, 10007):
            writer.write(sent[at : at + 10007])
            await writer.drain()
        writer.write_eof()

    _, got = await asyncio.gather(send(), reader.read(-1))
    writer.close()
    return got == sent


async def ask(port, connections, count):
    answers = await asyncio.wait_for(asyncio.gather(*(ask_once(port, count) for _ in range(connections))), 60)
    if not all(answers):
        raise SystemExit(f"{answers.count(False)} of {connections} connections got something else")


arguments = [int(a) for a in sys.argv[2:]]
asyncio.run({"serve": serve, "ask": ask}[sys.argv[1]](*arguments))
