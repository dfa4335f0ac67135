"""What stands between the network and a server: nothing, the gateway, or haproxy at its best against slow clients."""
import os
import re
import subprocess

from processes import RINGFENCE, LabError, await_listener, free_port, resident, start, stop
from servers import HERE, PYTHON, SERVERS

HAPROXY = """global
    log stdout format raw local0 emerg
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-request 5s
    option http-buffer-request
listen front
    bind 0.0.0.0:{port}
    server behind 127.0.0.1:{behind}
"""


class Native:
    """The server on the host's own stack."""
    name = "native"

    def __init__(self, site, www, server):
        self.log = os.path.join(site, f"{self.name}-{server}.log")
        self.site, self.www, self.server = site, www, server
        self.processes = []
        self.port = free_port()

    def __enter__(self):
        self.serve(self.port)
        return self

    def serve(self, port, prefix=()):
        try:
            command = SERVERS[self.server](self.site, self.www, port)
        except FileNotFoundError as missing:
            raise LabError(f"{self.server}: {missing.filename} is not there: install the server") from missing
        self.start([*prefix, *command], port)

    def start(self, command, port):
        process = start(command, self.log)
        self.processes.append(process)
        await_listener(port, process, self.log)

    def memory(self):
        """What stands in front takes so many bytes."""
        return 0

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)


class Elsewhere(Native):
    """A server that holds all connections of an attack, without a limit and in no hurry: attacked in place of what is measured, it shows what
    the attacker by itself takes of the machine."""
    name = "elsewhere"

    def __init__(self, site):
        super().__init__(site, None, self.name)

    def serve(self, port, prefix=()):
        self.start([PYTHON, os.path.join(os.path.dirname(HERE), "sink.py"), str(port), str(200 << 10)], port)


class Haproxy(Native):
    name = "haproxy"

    def __enter__(self):
        behind = free_port()
        self.serve(behind)
        configuration = os.path.join(self.site, "haproxy.cfg")
        with open(configuration, "w") as file:
            file.write(HAPROXY.format(port=self.port, behind=behind))
        self.haproxy = start(["haproxy", "-db", "-f", configuration], self.log)
        self.processes.append(self.haproxy)
        await_listener(self.port, self.haproxy, self.log)
        return self

    def memory(self):
        return resident(self.haproxy.pid)


class Ringfence(Native):
    """A gateway of its own with its network stack on the host's network."""
    name = "ringfence"

    def __init__(self, site, www, server, abi="linux"):
        super().__init__(site, www, server)
        self.abi = abi

    def __enter__(self):
        self.state = os.path.join(self.site, "state")
        self.environment = {**os.environ, "RINGFENCE_STATE": self.state}
        self._command("up", "--abi", self.abi)
        os.environ["RINGFENCE_STATE"] = self.state
        with open(os.path.join(self.state, "gateway.pid")) as file:
            self.gateway = int(file.read())
        try:
            self.serve(self.port, [RINGFENCE, "run", "--name", self.server, "--"])
        except BaseException:
            self.__exit__()  # nobody else does
            raise
        return self

    def _command(self, *arguments):
        done = subprocess.run([RINGFENCE, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"./ringfence {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def memory(self):
        children = subprocess.run(["pgrep", "-P", str(self.gateway)], capture_output=True, text=True).stdout.split()
        return resident(self.gateway) + sum(map(resident, map(int, children)))

    def events(self):
        """Lines of the gateway's log that say what a policy saw or did."""
        with open(os.path.join(self.state, "log", "gateway.log"), errors="replace") as lines:
            return [line.rstrip() for line in lines if re.search(r"policy", line)]

    def __exit__(self, *_):
        super().__exit__()
        self._command("down")


FRONTS = {front.name: front for front in (Native, Ringfence, Haproxy)}
