#!/usr/bin/env python3
"""Requests per second and latency of one nginx: native, behind haproxy (HTTP mode), behind Ringfence.

All three run at the same time and are measured in turn, round after round (A B C A B C), so that what else the machine
does meets all of them; what counts is the median of the ratios within a round. Needs nginx, haproxy and wrk.
"""
import argparse, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

NGINX = """
worker_processes 2; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; root {www}; }} }}
"""
HAPROXY = """
global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  http-reuse always
  server s 127.0.0.1:{backend}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def await_port(port, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"bench: {process.args[0]} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"bench: nothing listens on port {port}")


def wrk(port, connections, seconds, path, close):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", f"http://127.0.0.1:{port}/{path}"]
    if close:
        command[1:1] = ["-H", "Connection: close"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    quantile = lambda q: (lambda m: float(m[1]) * unit[m[2]])(re.search(rf"{q}%\s+([\d.]+)(us|ms|s)", out))
    errors = re.search(r"Socket errors.*|Non-2xx.*", out)
    return rate, quantile(50), quantile(99), errors[0] if errors else ""


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--rounds", type=int, default=7)
    a.add_argument("--seconds", type=int, default=3, help="of each measurement")
    a.add_argument("--connections", default="1,64", help="comma-separated (default 1,64)")
    a.add_argument("--bytes", type=int, default=1024, help="size of the file served")
    a.add_argument("--close", action="store_true", help="a new connection for every request")
    a = a.parse_args()
    for program in ("nginx", "haproxy", "wrk"):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is missing: apt-get install {program}")

    top = tempfile.mkdtemp(prefix="ringfence-bench-")
    os.chmod(top, 0o755)
    www = f"{top}/www"
    os.mkdir(www)
    write(f"{www}/file", "x" * a.bytes)
    environment = dict(os.environ, RINGFENCE_STATE=f"{top}/state")
    ringfence = f"{ROOT}/ringfence"
    processes = []

    def start(*command):
        p = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
        processes.append(p)
        return p

    def nginx(name, *prefix):
        port, home = free_port(), f"{top}/{name}"
        os.mkdir(home)
        write(f"{home}/nginx.conf", NGINX.format(dir=home, port=port, www=www))
        return port, start(*prefix, "nginx", "-c", f"{home}/nginx.conf", "-e", f"{home}/error.log")

    try:
        subprocess.run([ringfence, "up"], env=environment, check=True)
        native, p = nginx("native")
        await_port(native, p)
        fenced, p = nginx("fenced", ringfence, "run", "--name", "nginx", "--")
        await_port(fenced, p)
        proxied = free_port()
        write(f"{top}/haproxy.cfg", HAPROXY.format(port=proxied, backend=native))
        await_port(proxied, start("haproxy", "-db", "-f", f"{top}/haproxy.cfg"))

        targets = {"native": native, "haproxy": proxied, "ringfence": fenced}
        for port in targets.values():
            wrk(port, 8, 3, "file", a.close)  # warm: the JVM compiles its loop
        for connections in map(int, a.connections.split(",")):
            results = {name: [] for name in targets}
            for r in range(a.rounds):
                print(f"\rc={connections}: round {r + 1} of {a.rounds}", end="", file=sys.stderr, flush=True)
                for name, port in targets.items():
                    results[name].append(wrk(port, connections, a.seconds, "file", a.close))
            print("\r", end="", file=sys.stderr)
            print(f"c={connections}, {a.bytes} bytes, {'a connection per request' if a.close else 'keep-alive'}, medians of {a.rounds} rounds of {a.seconds} s")
            print(f"  {'':10} {'req/s':>9} {'of native':>10} {'(min-max)':>13} {'p50 us':>9} {'added':>8} {'p99 us':>9}")
            for name, rows in results.items():
                ratios = [row[0] / base[0] for row, base in zip(rows, results["native"])]
                added = statistics.median(row[1] - base[1] for row, base in zip(rows, results["native"]))
                median = lambda i: statistics.median(row[i] for row in rows)
                print(f"  {name:10} {median(0):9.0f} {statistics.median(ratios):10.2f} {min(ratios):6.2f}-{max(ratios):.2f} "
                      f"{median(1):9.0f} {added:+8.0f} {median(2):9.0f}")
                for error in {row[3] for row in rows if row[3]}:
                    print(f"  {name}: {error}")
    finally:
        for p in reversed(processes):
            if p.poll() is None:
                os.killpg(p.pid, signal.SIGTERM)
        for p in processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
        subprocess.run([ringfence, "down"], env=environment, check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(top, ignore_errors=True)


main()
