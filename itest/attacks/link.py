"""A bad line between a network namespace of its own and the host: delay, loss, and a rate for each address.

usage: link.py NAMESPACE NETWORK CLIENTS KBIT DELAY-MS LOSS-PERCENT

Makes the namespace with CLIENTS addresses from NETWORK.2 on; the host has NETWORK.1. Prints "ready" and forwards packets
between two TUN devices until it is ended; then the namespace is gone. Needs root. (The kernel's netem does the same, but is
not in every kernel.)
"""
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 1, 0x1000
CLONE_NEWNET = 0x40000000  # linux/sched.h
QUEUE_SECONDS = 4  # what a queue of a slow line holds at most; more is dropped
libc = ctypes.CDLL(None, use_errno=True)


def tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def enter(path):
    space = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(space, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns to {path}")
    os.close(space)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Line:
    """One direction: packets wait for their turn on their client's line, travel, and some are lost."""

    def __init__(self, out, address_at, kbit, delay, loss):
        self.out, self.address_at = out, address_at
        self.bytes_per_second, self.delay, self.loss = kbit * 1000 / 8, delay, loss
        self.free_at = {}
        self.travelling = []
        self.count = 0

    def put(self, packet, now):
        if packet[0] >> 4 != 4 or random.random() < self.loss:
            return
        client = packet[self.address_at:self.address_at + 4]
        begins = max(now, self.free_at.get(client, 0))
        if begins - now > QUEUE_SECONDS:
            return
        self.free_at[client] = begins + len(packet) / self.bytes_per_second
        self.count += 1
        heapq.heappush(self.travelling, (self.free_at[client] + self.delay, self.count, packet))

    def deliver(self, now):
        """Delivers what has arrived; seconds until the next does."""
        while self.travelling and self.travelling[0][0] <= now:
            try:
                os.write(self.out, heapq.heappop(self.travelling)[2])
            except OSError:
                pass
        return self.travelling[0][0] - now if self.travelling else 1


def main(namespace, network, clients, kbit, delay_ms, loss_percent):
    ip("netns", "add", namespace)
    try:
        with open("/proc/self/ns/net") as host:
            outside = tun(namespace[:15])
            ip("addr", "add", f"{network}.1/24", "dev", namespace[:15])
            ip("link", "set", namespace[:15], "up")
            enter(f"/run/netns/{namespace}")
            inside = tun("line")
            enter(f"/proc/self/fd/{host.fileno()}")
        for client in range(2, 2 + clients):
            ip("-n", namespace, "addr", "add", f"{network}.{client}/24", "dev", "line")
        ip("-n", namespace, "link", "set", "line", "up")
        # IPv4's header has the source at byte 12 and the destination at byte 16 (RFC 791)
        lines = {inside: Line(outside, 12, kbit, delay_ms / 1000, loss_percent / 100),
                 outside: Line(inside, 16, kbit, delay_ms / 1000, loss_percent / 100)}
        print("ready", flush=True)
        while True:
            wait = min(line.deliver(time.monotonic()) for line in lines.values())
            for device in select.select(list(lines), [], [], max(0, wait))[0]:
                lines[device].put(os.read(device, 65536), time.monotonic())
    finally:
        ip("netns", "delete", namespace)


def told_to_end(*_):
    raise SystemExit(0)


signal.signal(signal.SIGTERM, told_to_end)
main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5]), *map(float, sys.argv[5:7]))
