"""One run: quiet, attack, quiet, with a visitor all the while, and what was seen of it."""
import json
import os
import random
import re
import statistics
import subprocess
import threading
import time
from contextlib import nullcontext

from attackers import ATTACKS
from fronts import FRONTS, Elsewhere
from processes import ROOT, LabError, start, stop
from servers import HERE, PYTHON
from visitors import Visitor

SLOW_CLIENTS, SLOW_KBIT, DELAY_MS, LOSS_PERCENT = 50, 30, 600, 2
WRK_CONNECTIONS, WRK_SECONDS = 16, 5


class Run:
    """A server, what stands in front of it, and an attack. After perform(): quiet, attacked and after (Phases), memory
    (bytes at most of what stands in front), held (connections over time), slow (what slow visitors achieved, or None) and throughput
    (wrk's requests a second before and during the attack, or None)."""

    def __init__(self, server, front, attack, site, www, options):
        self.server, self.front, self.attack = server, front, attack
        self.site, self.www, self.options = site, www, options
        self.samples = []  # (seconds, established connections to the port, bytes of memory)
        self.slow = self.throughput = None
        self.events = []

    def perform(self):
        seconds = self.options
        with FRONTS[self.front](self.site, self.www, self.server) as front, \
                (Elsewhere(self.site) if seconds.elsewhere else nullcontext(front)) as attacked:
            visitor = Visitor(front.port).start()
            over = threading.Event()
            sampler = threading.Thread(target=self._sample, args=(visitor, front, over))
            sampler.start()
            try:
                before = wrk(front.port) if seconds.throughput else None
                time.sleep(max(0, seconds.before - visitor.now()))
                began = visitor.now()
                self._attack(front, attacked.port)
                ended = visitor.now()
                if seconds.throughput:
                    self.throughput = before, statistics.median(self._during)
                time.sleep(seconds.after)
            finally:
                over.set()
                sampler.join()
                visitor.stop()
            if hasattr(front, "events"):
                self.events = front.events()
        self.fetched, self.began, self.ended = visitor.fetched, began, ended
        # the first second of a server that has just started is its own
        self.quiet = visitor.between(min(1, began / 2), began)
        self.attacked = visitor.between(began, ended)
        self.after = visitor.between(ended, float("inf"))
        self.memory = max((memory for _, _, memory in self.samples), default=0)
        self.most_held = max((held for _, held, _ in self.samples), default=0)
        return self

    def served(self):
        """The share of what was asked for during the attack, by the visitor or by the slow ones, whichever is less."""
        shares = [self.attacked.answered / max(1, self.attacked.asked)]
        if self.slow:
            shares += [self.slow[what] / self.slow["visitors"] for what in ("pages", "uploads")]
        return min(shares)

    def _attack(self, front, port):
        options = self.options
        log = os.path.join(self.site, "attack.log")
        commands = ATTACKS[self.attack][1](port, options.connections, options.rate, options.duration)
        attackers = [start(command, log) for command in commands]
        end = time.monotonic() + options.duration
        self._during = []
        try:
            if options.slow_clients:
                self.slow = slow_visits(self.site, front.port, options.duration, options.slow_line)
            while time.monotonic() < end:
                time.sleep(0.2)
                if options.throughput and time.monotonic() + WRK_SECONDS < end:
                    self._during.append(wrk(front.port))
                if all(attacker.poll() not in (None, 0) for attacker in attackers):
                    with open(log, errors="replace") as lines:
                        raise LabError(f"{attackers[0].args[0]} ended with {attackers[0].poll()}: {lines.read()[-300:]}")
        finally:
            for attacker in attackers:
                stop(attacker, 2)

    def _sample(self, visitor, front, over):
        while not over.wait(1):
            held = subprocess.run(["ss", "-Htn", "state", "established", f"sport = :{front.port}"],
                                  capture_output=True, text=True).stdout.count("\n")
            self.samples.append((visitor.now(), held, front.memory()))


def wrk(port):
    """Requests a second of wrk with a few connections that are kept."""
    command = ["wrk", "-t", "1", "-c", str(WRK_CONNECTIONS), "-d", str(WRK_SECONDS), f"http://127.0.0.1:{port}/"]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Requests/sec: +([\d.]+)", done.stdout)
    if found is None:
        raise LabError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return float(found[1])


def slow_visits(site, port, seconds, kbit=SLOW_KBIT):
    """Fifty visitors on bad lines of their own, for at most so many seconds."""
    number = random.randrange(1, 250)
    network, namespace = f"10.87.{number}", f"rf-lab-{number}"
    log = os.path.join(site, "link.log")
    link = subprocess.Popen([PYTHON, os.path.join(os.path.dirname(HERE), "link.py"), namespace, network, str(SLOW_CLIENTS), str(kbit),
                             str(DELAY_MS), str(LOSS_PERCENT)], stdout=subprocess.PIPE, stderr=open(log, "w"), text=True)
    try:
        if link.stdout.readline() != "ready\n":
            raise LabError(f"the slow line cannot be made: {open(log).read().strip()[-200:]}")
        arguments = {"address": f"{network}.1", "port": port, "seconds": seconds,
                     "sources": [f"{network}.{n}" for n in range(2, 2 + SLOW_CLIENTS)]}
        done = subprocess.run(["ip", "netns", "exec", namespace, PYTHON, os.path.join(os.path.dirname(HERE), "visitors.py"),
                               json.dumps(arguments)], capture_output=True, text=True, timeout=seconds + 30)
        if done.returncode != 0:
            raise LabError(f"the slow visitors: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout)
    finally:
        link.terminate()
        link.wait()
