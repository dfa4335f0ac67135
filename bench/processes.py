"""Processes of a measurement: started on given CPUs, ended for certain, and what they and their children cost."""
import os, signal, socket, subprocess, sys, time

TICK = os.sysconf("SC_CLK_TCK")


def cpus():
    """CPUs of the servers and of the load generator: halves of those this process may use, the same one if there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    half = max(1, len(allowed) // 2)
    return set(allowed[:half]), set(allowed[half:] or allowed)


class Processes:
    """Ends what it started, in reverse order."""

    def __init__(self, log):
        self.log = log
        self.started = []

    def start(self, command, on=None, **options):
        with open(self.log, "a") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                       preexec_fn=on and (lambda: os.sched_setaffinity(0, on)), **options)
        self.started.append(process)
        return process

    def end(self):
        for process in reversed(self.started):
            group(process, signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                group(process, signal.SIGKILL)
                process.wait()
            group(process, signal.SIGKILL)  # what the leader left behind
        self.started = []


def group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_port(port, process, log):
    for _ in range(400):
        if process.poll() is not None:
            with open(log) as f:
                raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}: {f.read()[-500:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port}")


def stat(pid):
    """The fields of /proc/PID/stat from the third on (proc(5)), or None if the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def family(roots):
    """The roots and all their descendants that live."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat(name)):
            children.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], list(roots)
    while left:
        pid = left.pop()
        found.append(pid)
        left.extend(children.get(pid, ()))
    return found


def cpu_seconds(roots):
    """CPU time of the roots' families, with children that have ended and were waited for."""
    ticks = 0
    for pid in family(roots):
        if fields := stat(pid):
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICK


def await_rest(roots):
    """Waits until the roots' families have next to nothing to do, for half a minute at most: 64 workers of nginx take seconds to begin."""
    spent = cpu_seconds(roots)
    for _ in range(60):
        time.sleep(0.5)
        before, spent = spent, cpu_seconds(roots)
        if spent - before <= 0.05:
            return
    print("bench: after 30 s there is still work before the measurement", file=sys.stderr)


def resident(pid):
    """Resident bytes that are a process's own share (Pss of /proc/PID/smaps_rollup)."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
