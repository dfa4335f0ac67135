"""Measures Ringfence against native sockets and reverse proxies, all in one run, and writes a report.

Every variant of a work runs at the same time as the others and is measured in turn, round after round (A B C A B C), so that
what else the machine does meets all of them; what counts is the median of the ratios within a round. Load generators run on
one half of the CPUs, servers, proxies, gateways and network stacks on the other, but for works that say "without pinning".
"""
import argparse, os, resource, shutil, subprocess, sys, tempfile, time

import micro
import processes
import report
import works
from variants import Gateways, open_ways


class Progress:
    def __init__(self, steps):
        self.steps, self.done, self.begin = steps, 0, time.monotonic()

    def step(self, text):
        spent = time.monotonic() - self.begin
        left = spent / self.done * (self.steps - self.done) if self.done else 0
        say = f"[{int(spent) // 60}:{int(spent) % 60:02}, {100 * self.done // self.steps} %, {int(left) // 60}:{int(left) % 60:02} left] {text}"
        print(f"\r\033[K{say}" if sys.stderr.isatty() else say, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
        self.done += 1


def measure(work, rounds, tools, ways, progress, results):
    for r in range(rounds):
        for point in work.points:
            progress.step(f"{work.name}: round {r + 1} of {rounds}, {report.label(point)}")
            for name, way in ways.items():
                try:
                    results.append((work.name, report.label(point), r, name, work.measure(tools, way, point)))
                except Exception as e:
                    print(f"\nbench: {work.name}, {report.label(point)}, {name}: {e}", file=sys.stderr)


def build(name, top):
    source = f"{os.path.dirname(os.path.abspath(__file__))}/native/{name}.c"
    subprocess.run(["cc", "-O2", "-o", f"{top}/{name}", source], check=True)


def main():
    a = argparse.ArgumentParser(prog="./ringfence bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--rounds", type=int, default=5, help="default 5")
    a.add_argument("--seconds", type=int, default=1, help="of each measurement (default 1)")
    a.add_argument("--only", help="comma-separated names of works (default: all)")
    a.add_argument("--ways", help="comma-separated names of variants (default: all)")
    a.add_argument("--points", help="comma-separated points (default: all)")
    a.add_argument("--bytes", type=int, default=1024, help="size of the small file (default 1024)")
    a.add_argument("--out", default=f"{os.path.dirname(os.path.abspath(__file__))}/out", help="directory of the report (default bench/out)")
    a = a.parse_args()

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    top = tempfile.mkdtemp(prefix="rf-bench-")
    os.chmod(top, 0o755)
    os.mkdir(f"{top}/www")
    with open(f"{top}/www/file", "wb") as f:
        f.write(b"x" * a.bytes)
    with open(f"{top}/www/bulk", "wb") as f:
        f.truncate(1 << 30)
    on_server, on_client = processes.cpus()
    everywhere = on_server | on_client
    chosen = works.works(top, hard)
    micros, counted = [], []
    if a.only:
        names = a.only.split(",")
        unknown = set(names) - {work.name for work in chosen} - {"micro"}
        if unknown:
            sys.exit(f"bench: no work is called {', '.join(unknown)}: there are {', '.join(work.name for work in chosen)}, micro")
        chosen = [work for work in chosen if work.name in names]
    for work in chosen:
        if a.ways:
            work.ways = [way for way in work.ways if way in a.ways.split(",")]
        if a.points:
            work.points = [point for point in work.points if report.label(point) in a.points.split(",")]

    with_micro = not a.only or "micro" in names
    progress = Progress(sum((work.rounds or a.rounds) * len(work.points) + 1 for work in chosen) + with_micro)
    gateways, running, results = Gateways(top), processes.Processes(f"{top}/log"), []
    tools = works.Tools(on_client, everywhere, a.seconds, top)
    begin = time.time()
    try:
        for work in chosen:
            progress.step(f"{work.name}: starting {', '.join(work.ways)}")
            tools.pinned = work.pinned
            on = on_server if work.pinned else everywhere
            try:
                if work.build:
                    build(work.build, top)
                ways = open_ways(work.ways, work.server, running, gateways, on, top)
                for way in ways.values():
                    work.warm(tools, way)
                processes.await_rest([root for way in ways.values() for root in way.roots])
                measure(work, work.rounds or a.rounds, tools, ways, progress, results)
            except Exception as e:  # one work that fails must not cost the others
                print(f"\nbench: {work.name}: {e}", file=sys.stderr)
            running.end()
        if with_micro:
            progress.step("micro: JMH and valgrind")
            try:
                micros, counted = micro.run(a.rounds, top), micro.instructions()
            except Exception as e:
                print(f"\nbench: micro: {e}", file=sys.stderr)
    finally:
        running.end()
        gateways.down()
        shutil.rmtree(top, ignore_errors=True)
    print(file=sys.stderr)
    os.makedirs(a.out, exist_ok=True)
    print(report.write(a.out, chosen, results, micros, counted, a.rounds, a.seconds, on_server, on_client, time.time() - begin))
    if not results and not micros:
        sys.exit("bench: nothing could be measured")
    if grown := report.grown(micros, counted):
        sys.exit("bench: " + "; ".join(grown))


main()
