"""What is measured: the points of each work, and one measurement of a point as a dictionary of figures."""
import json, os, re, socket, subprocess, threading, time

import servers
from processes import cpu_seconds, family, resident
from variants import HAPROXY_HTTP, HAPROXY_TCP, HTTP, LINUX, NATIVE, NETBSD, RINGFENCE, TCP


class Work:
    """A server, the ways to it, and points that are measured on each of them in turn. `figures[0]` is what ratios are made of."""

    def __init__(self, name, title, ways, points, figures, server, measure, pinned=True, rounds=None, build=None):
        self.name, self.title, self.ways, self.points, self.figures = name, title, ways, points, figures
        self.server, self.measure, self.pinned = server, measure, pinned
        self.rounds = rounds  # fewer than the others, if it takes long
        self.build = build  # a C program of bench/native that it needs

    def warm(self, tools, way):
        if self.rounds is None:
            self.measure(tools, way, self.points[-1])


class Tools:
    """Runs load generators on their CPUs."""

    def __init__(self, on, everywhere, seconds, top):
        self.client, self.everywhere, self.seconds, self.top = on, everywhere, seconds, top
        self.pinned = True

    def run(self, command):
        on = self.client if self.pinned else self.everywhere
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, on), timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout



def wrk(tools, way, connections, close=False, seconds=None):
    before = cpu_seconds(way.roots)
    out = tools.run(["wrk"] + (["-H", "Connection: close"] if close else []) + ["-s", f"{os.path.dirname(__file__)}/quantiles.lua",
                    "-t1", f"-c{connections}", f"-d{seconds or tools.seconds}s", "--latency", f"http://127.0.0.1:{way.port}/file"])
    cpu = cpu_seconds(way.roots) - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    figures = {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "cpu_us": cpu * 1e6 / max(1, requests)}
    for name, value in re.findall(r"^(p[\d_]+) (\d+)$", out, re.M):
        figures[name] = float(value)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    figures["errors"] = sum(map(int, errors.groups())) if errors else 0
    if "Non-2xx" in out:
        raise RuntimeError(f"{way.name}: wrk got other answers than 200: {out}")
    return figures


def keep_alive(tools, way, connections):
    return wrk(tools, way, connections)


def connection_per_request(tools, way, connections):
    return wrk(tools, way, connections, close=True)


def ab(tools, way, connections):
    out = tools.run(["ab", "-q", "-l", "-r", "-s", "30", "-t", str(tools.seconds), "-n", "10000000", "-c", str(connections),
                     f"http://127.0.0.1:{way.port}/file"])
    return {"per_second": float(re.search(r"Requests per second:\s+([\d.]+)", out)[1]),
            "errors": int(re.search(r"Failed requests:\s+(\d+)", out)[1])}


def redis_benchmark(tools, way, depth):
    count = max(1000, int((60000 if depth == 1 else 500000) * tools.seconds))
    before = cpu_seconds(way.roots)
    out = tools.run(["redis-benchmark", "-p", str(way.port), "-c", "50", "-n", str(count), "-P", str(depth), "-t", "set", "--csv"])
    fields = [line for line in out.splitlines() if line.startswith('"SET"')][0].replace('"', "").split(",")
    return {"per_second": float(fields[1]), "cpu_us": (cpu_seconds(way.roots) - before) * 1e6 / count}


def iperf3(tools, way, point):
    streams, reverse = point
    before = cpu_seconds(way.roots)
    for attempt in range(20):  # its server takes one client at a time, and needs a moment after each
        try:
            out = tools.run(["iperf3", "-c", "127.0.0.1", "-p", str(way.port), "-P", str(streams), "-t", str(max(1, round(tools.seconds))), "-J"]
                            + (["-R"] if reverse else []))
            break
        except RuntimeError:
            if attempt == 19:
                raise
            time.sleep(0.1)
    received = json.loads(out)["end"]["sum_received"]
    cpu = cpu_seconds(way.roots) - before
    return {"gbit": received["bits_per_second"] / 1e9, "cpu_s_per_gb": cpu / (received["bytes"] / 1e9)}


def download(tools, way, _):
    before = cpu_seconds(way.roots)
    size, seconds = tools.run(["curl", "-s", "-o", "/dev/null", "-w", "%{size_download} %{time_total}", f"http://127.0.0.1:{way.port}/bulk"]).split()
    if int(size) != os.path.getsize(f"{tools.top}/www/bulk"):
        raise RuntimeError(f"{way.name}: {size} bytes downloaded")
    return {"gbit": int(size) * 8 / float(seconds) / 1e9, "cpu_s_per_gb": (cpu_seconds(way.roots) - before) / (int(size) / 1e9)}


def single_calls(tools, way, count):
    out = tools.run([f"{tools.top}/calls", "drive", str(way.port), str(count)])
    return {f"{name}_us": float(value) for name, value in (line.split() for line in out.splitlines())}


def idle(tools, way, connections):
    """Memory and CPU time of connections that have served one request and then been idle for longer than rings keep their pages. Memory
    is what grows from an eighth of them to all: what programs compile and set up for the first ones is not a connection's."""
    sockets = []
    settles = way.name != NATIVE and connections >= 1000 # a gateway gives back what its rings and its JVM held

    def memory_of(count):
        new = [socket.create_connection(("127.0.0.1", way.port), 30) for _ in range(count - len(sockets))]
        sockets.extend(new)
        for s in new:
            s.sendall(b"GET /file HTTP/1.1\r\nHost: bench\r\n\r\n")
        for s in new:
            if not s.recv(4096):
                raise RuntimeError("a connection was closed")
        time.sleep(12 + count / 1500 if settles else 1)
        return sum(map(resident, family(way.roots)))

    try:
        few = connections // 8
        before, after = memory_of(few), memory_of(connections)
        cpu, begin = cpu_seconds(way.roots), time.monotonic()
        time.sleep(3 if way.name == NATIVE else 10) # a collection of the gateway's garbage is among them
        cpu = (cpu_seconds(way.roots) - cpu) / (time.monotonic() - begin)
        active = wrk(tools, way, 1)
    finally:
        for s in sockets:
            s.close()
    time.sleep(0.5)
    return {"p50": active["p50"], "bytes_each": (after - before) / (connections - few), "idle_cpu_percent": 100 * cpu, "cpu_us": active["cpu_us"]}


def swap(tools, way, connections):
    """The longest pause of wrk while translator, policies and transport are replaced one after the other."""
    def replace():
        time.sleep(1)
        if way.state is not None:
            for name in ("translator", "policy", "ring"):
                update(way.state, name)

    thread = threading.Thread(target=replace)
    thread.start()
    figures = wrk(tools, way, connections, seconds=5)
    thread.join()
    return {"longest": figures["p100"], "p99_9": figures["p99_9"], "per_second": figures["per_second"], "errors": figures["errors"]}


def update(state, name):
    """Has the gateway update one of its bundles from its file, as an administrator would."""
    def shell(command):
        done = subprocess.run([RINGFENCE, "shell", command], env=dict(os.environ, RINGFENCE_STATE=state), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"shell {command}: {done.stdout}{done.stderr}")
        return done.stdout
    number = next(line.split()[0] for line in shell("ringfence:bundles").splitlines() if f"org.ringfence.{name}" in line.split())
    shell(f"felix:update {number}")


def works(top, nofile):
    """All works, in the order in which they are measured."""
    www = f"{top}/www"
    requests = ["per_second", "p50", "p99", "p99_9", "cpu_us", "errors"]
    rate = ["per_second", "errors"]
    return [work for work in [
        Work("requests", "small requests, keep-alive: wrk, nginx, 1 KiB", HTTP, [1, 16, 64, 256], requests, servers.nginx(www), keep_alive),
        Work("requests-unpinned", "the same without pinning", [NATIVE, LINUX, HAPROXY_HTTP], [1, 64], requests, servers.nginx(www),
             keep_alive, pinned=False),
        Work("connections", "a connection per request: wrk, nginx", HTTP, [1, 16, 64], requests, servers.nginx(www), connection_per_request),
        Work("connections-prefork", "a connection per request: ab, apache2 prefork", [NATIVE, LINUX, HAPROXY_TCP, HAPROXY_HTTP], [1, 16], rate, servers.apache(www, "prefork"), ab),
        Work("connections-event", "a connection per request: ab, apache2 event", [NATIVE, LINUX, HAPROXY_TCP, HAPROXY_HTTP], [1, 16], rate, servers.apache(www, "event"), ab),
        Work("redis", "redis-benchmark SET, 50 connections, pipelines of 1 and 16", TCP, [1, 16], ["per_second", "cpu_us"], servers.redis,
             redis_benchmark),
        Work("bulk", "iperf3: streams, and whether towards the client", TCP, [(1, False), (1, True), (8, False), (8, True)],
             ["gbit", "cpu_s_per_gb"], servers.iperf3, iperf3),
        Work("download", "one large file: curl, nginx", HTTP, ["file"], ["gbit", "cpu_s_per_gb"], servers.nginx(www), download),
        Work("calls", "single calls, microseconds", [NATIVE, LINUX, NETBSD], [500],
             ["roundtrip_us", "getsockopt_us", "getpeername_us", "accept_us", "connect_us"], servers.calls(f"{top}/calls"), single_calls, build="calls"),
        *[Work(f"workers-{n}", f"{n} worker processes: wrk, nginx, 64 connections", [NATIVE, LINUX, HAPROXY_HTTP], [64],
               ["per_second", "cpu_us", "p99"], servers.nginx(www, workers=n), keep_alive) for n in (1, 8, 64)],
        Work("idle", "idle connections, and one active among them", [NATIVE, LINUX], [100, 1000, 8000 if nofile < 32000 else 10000],
             ["p50", "cpu_us", "bytes_each", "idle_cpu_percent"], servers.nginx(www), idle, rounds=1),
        Work("swap", "translator, policies and transport replaced in mid-load, gateway with 128 MiB: longest pause", [NATIVE, LINUX], [16],
             ["longest", "p99_9", "per_second", "errors"], servers.nginx(www), swap, rounds=2),
    ] if work.server is not None]
