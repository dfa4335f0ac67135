"""Programs that the lab starts, each in a process group of its own, and their end."""
import os
import random
import resource
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RINGFENCE = os.path.join(ROOT, "ringfence")
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

_started = []


class LabError(Exception):
    """What the lab cannot go on with: one sentence that names the thing and the remedy."""


def start(command, log, **options):
    """Starts a program; what it writes is appended to the file log."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **options)
    _started.append(process)
    return process


def stop(process, seconds=10):
    """Ends it with SIGTERM, and what is left of its group after so many seconds with SIGKILL."""
    if process in _started:
        _started.remove(process)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def stop_all():
    for process in list(_started):
        stop(process, 3)


def free_port():
    """A TCP port that nobody uses on any IPv4 address, below those that the kernel gives to clients."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("0.0.0.0", port))
                return port
            except OSError:
                continue
    raise LabError("no free TCP port among 200 tried between 20000 and 32000")


def await_listener(port, process, log, seconds=20):
    """Waits until a connection to the port is taken."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    with open(log, errors="replace") as lines:
        raise LabError(f"{process.args[0]} does not listen on port {port}; the end of {log}: {lines.read()[-400:]}")


def resident(pid):
    """Proportional set size of a process in bytes (proc(5), smaps_rollup); 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def raise_open_files():
    """As many descriptors as the limit lets a process have; attackers and servers inherit that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(hard, 200_000), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except (ValueError, OSError):
            continue  # raising the hard limit is a privilege (CAP_SYS_RESOURCE)
