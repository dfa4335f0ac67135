"""The attacks. Each is a list of programs that run side by side against one port, for as long as the attack lasts."""
import os

from servers import HERE, PYTHON

HOLD = os.path.join(os.path.dirname(HERE), "hold.py")


def _slowhttptest(mode, *more):
    def commands(port, connections, rate, seconds, address="127.0.0.1"):
        return [["slowhttptest", mode, "-c", str(connections), "-r", str(rate), "-l", str(seconds), "-p", "3",
                 "-u", f"http://{address}:{port}/", *more]]
    return commands


def _slow_headers(*at, **where):
    return _slowhttptest("-H", "-i", "10", "-t", "GET", "-x", "24")(*at, **where)


def _slow_body(*at, **where):
    return _slowhttptest("-B", "-i", "10", "-s", "8192", "-t", "POST", "-x", "10")(*at, **where)


def _ranges(*at, **where):
    return _slowhttptest("-R", "-t", "HEAD", "-a", "10", "-b", "3000")(*at, **where)


def _slow_read(port, connections, rate, seconds, address="127.0.0.1"):
    command, = _slowhttptest("-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3")(
        port, connections, rate, seconds, address)
    command[command.index("-u") + 1] += "page"
    return [command]


def _large_read(*at, **where):
    command, = _slow_read(*at, **where)
    command[command.index("-u") + 1] = command[command.index("-u") + 1].replace("/page", "/large")
    return [command]


def _all_slow(port, connections, rate, seconds):
    # an address has 28,000 ports for connections to one other: each attack goes to an address of its own
    return [command for n, attack in enumerate((_slow_headers, _slow_body, _ranges, _slow_read), 2)
            for command in attack(port, connections, rate, seconds, address=f"127.0.0.{n}")]


def _hold(what):
    def commands(port, connections, rate, seconds):
        return [[PYTHON, HOLD, what, str(port), str(connections), str(rate), str(seconds)]]
    return commands


def _syn_flood(port, connections, rate, seconds):
    return [["timeout", str(seconds), "hping3", "-q", "-S", "-p", str(port), "-i", f"u{max(1, 1_000_000 // (rate * 10))}", "127.0.0.1"]]


def _request_flood(port, connections, rate, seconds):
    return [["wrk", "-t", "1", "-c", str(min(connections, 256)), "-d", f"{seconds}s", f"http://127.0.0.1:{port}/"]]


def _connection_flood(port, connections, rate, seconds):
    return [["siege", "-q", "-b", "-c", str(min(connections, 200)), "-t", f"{seconds}S", f"http://127.0.0.1:{port}/"]]


def _old_clients(port, connections, rate, seconds):
    return [["ab", "-q", "-r", "-t", str(seconds), "-n", "100000000", "-c", str(min(connections, 1000)), f"http://127.0.0.1:{port}/page"]]


# name: (what it is, what makes its command lines of port, connections, connections per second and seconds)
ATTACKS = {
    "slow-headers": ("slowhttptest -H: request heads that never end", _slow_headers),
    "slow-body": ("slowhttptest -B: request bodies that never end", _slow_body),
    "ranges": ("slowhttptest -R: many overlapping ranges of one page", _ranges),
    "slow-read": ("slowhttptest -X: answers taken a few bytes at a time", _slow_read),
    "large-read": ("the same where the answer, 10 MiB, is more than the gateway takes from the server", _large_read),
    "all-slow": ("the four of slowhttptest at once", _all_slow),
    "zero-window": ("sockstress: an answer asked for, and a window that stays closed", _hold("zero-window")),
    "sources": ("slow heads, each from another address of 127.0.0.0/8", _hold("sources")),
    "odd-heads": ("heads that are whole, or none, to some servers only", _hold("odd-heads")),
    "idle": ("connections on which nothing is ever sent", _hold("idle")),
    "syn-flood": ("hping3 -S: connections begun and never finished; needs root", _syn_flood),
    "request-flood": ("wrk: as many requests as go through", _request_flood),
    "connection-flood": ("siege: a connection for each request, as fast as it goes", _connection_flood),
    "old-clients": ("ab: HTTP/1.0, up to a thousand at once, each asking for 200 KiB over a connection of its own", _old_clients),
}
