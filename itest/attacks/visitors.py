"""Clients of good will: one that fetches a page many times a second, and slow ones on a bad line."""
import asyncio
import json
import statistics
import threading
import time

PATIENCE = 2.5  # seconds after which a visitor gives a request up


class Visitor:
    """Asks for the page at a steady pace, whether or not earlier requests were answered, each over a connection of
    its own. Runs in a thread of its own between start() and stop()."""

    def __init__(self, port, per_second=20, address="127.0.0.1"):
        self.port, self.pace, self.address = port, 1 / per_second, address
        self.fetched = []  # (seconds since start, latency in seconds or None)
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._visit()))

    def start(self):
        self.begun = time.monotonic()
        self._thread.start()
        return self

    def now(self):
        return time.monotonic() - self.begun

    def stop(self):
        self._over.set()
        self._thread.join()

    async def _visit(self):
        requests, due = set(), time.monotonic()
        while not self._over.is_set():
            request = asyncio.create_task(self._fetch())
            requests.add(request)
            request.add_done_callback(requests.discard)
            due += self.pace
            await asyncio.sleep(max(0, due - time.monotonic()))
        await asyncio.gather(*requests)

    async def _fetch(self):
        at = self.now()
        try:
            latency = await asyncio.wait_for(self._ask(), PATIENCE)
        except (OSError, asyncio.TimeoutError, ValueError):
            latency = None
        self.fetched.append((at, latency))

    async def _ask(self):
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
            answer = await reader.read(-1)
            head, _, body = answer.partition(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0] or len(body) != 10 << 10:
                raise ValueError("not the page")
            return time.monotonic() - begun
        finally:
            writer.close()

    def between(self, start, end):
        return Phase([latency for at, latency in self.fetched if start <= at < end])


class Phase:
    """What a visitor saw during a part of a run."""

    def __init__(self, latencies):
        answered = sorted(latency for latency in latencies if latency is not None)
        self.asked, self.answered = len(latencies), len(answered)
        self.median = statistics.median(answered) if answered else None
        self.p99 = answered[min(len(answered) - 1, len(answered) * 99 // 100)] if answered else None


async def _slow(address, port, source, results):
    """A visitor on a line of 30 kbit/s: fetches the page of 200 KiB, then sends 50 KiB."""
    async def ask(request, enough):
        reader, writer = await asyncio.open_connection(address, port, local_addr=(source, 0))
        try:
            writer.write(request)
            await writer.drain()
            return enough(await reader.read(-1))
        finally:
            writer.close()
    page = await ask(b"GET /page HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n",
                     lambda answer: len(answer) > 200 << 10)
    results["pages"] += page
    # a server without a form says so, but it has to have taken the body
    sent = await ask(b"POST / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 51200\r\n\r\n" + bytes(50 << 10),
                     lambda answer: answer.startswith(b"HTTP/1."))
    results["uploads"] += sent


async def visit_slowly(address, port, sources, seconds):
    """All of them at once; returns how many had their page, and how many were answered after what they sent."""
    results = {"visitors": len(sources), "pages": 0, "uploads": 0}
    visits = [asyncio.create_task(_slow(address, port, source, results)) for source in sources]
    _, unfinished = await asyncio.wait(visits, timeout=seconds)
    for visit in unfinished:
        visit.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
    return results


if __name__ == "__main__":
    import sys
    arguments = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(visit_slowly(**arguments))), flush=True)
