"""What is measured: the points of each work, and one measurement of a point as a dictionary of figures."""
import json, os, re, subprocess, time

import servers
from processes import cpu_seconds
from variants import HAPROXY_HTTP, HTTP, LINUX, NATIVE, TCP


class Work:
    """A server, the ways to it, and points that are measured on each of them in turn. `figures[0]` is what ratios are made of."""

    def __init__(self, name, title, ways, points, figures, server, measure, pinned=True):
        self.name, self.title, self.ways, self.points, self.figures = name, title, ways, points, figures
        self.server, self.measure, self.pinned = server, measure, pinned

    def warm(self, tools, way):
        for point in self.points[-1:]:
            self.measure(tools, way, point)


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



def wrk(tools, way, connections, close=False):
    before = cpu_seconds(way.roots)
    out = tools.run(["wrk"] + (["-H", "Connection: close"] if close else []) + ["-s", f"{os.path.dirname(__file__)}/quantiles.lua",
                    "-t1", f"-c{connections}", f"-d{tools.seconds}s", "--latency", f"http://127.0.0.1:{way.port}/file"])
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


def works(www):
    """All works, in the order in which they are measured."""
    requests = ["per_second", "p50", "p99", "p99_9", "cpu_us", "errors"]
    rate = ["per_second", "errors"]
    return [work for work in [
        Work("requests", "small requests, keep-alive: wrk, nginx, 1 KiB", HTTP, [1, 16, 64, 256], requests, servers.nginx(www), keep_alive),
        Work("requests-unpinned", "the same without pinning", [NATIVE, LINUX, HAPROXY_HTTP], [1, 64], requests, servers.nginx(www),
             keep_alive, pinned=False),
        Work("connections", "a connection per request: wrk, nginx", HTTP, [1, 16, 64], requests, servers.nginx(www), connection_per_request),
        Work("connections-prefork", "a connection per request: ab, apache2 prefork", HTTP, [1, 16], rate, servers.apache(www, "prefork"), ab),
        Work("connections-event", "a connection per request: ab, apache2 event", HTTP, [1, 16], rate, servers.apache(www, "event"), ab),
        Work("redis", "redis-benchmark SET, 50 connections, pipelines of 1 and 16", TCP, [1, 16], ["per_second", "cpu_us"], servers.redis,
             redis_benchmark),
        Work("bulk", "iperf3: streams, and whether towards the client", TCP, [(1, False), (1, True), (8, False), (8, True)],
             ["gbit", "cpu_s_per_gb"], servers.iperf3, iperf3),
        Work("download", "one large file: curl, nginx", HTTP, ["file"], ["gbit", "cpu_s_per_gb"], servers.nginx(www), download),
    ] if work.server is not None]
