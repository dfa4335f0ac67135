"""The attack lab: real attacks on real servers, with and without the gateway, while a visitor wants a page."""
import argparse
import os
import shutil
import signal
import sys
import tempfile

import report
from attackers import ATTACKS
from fronts import FRONTS
from processes import ROOT, LabError, raise_open_files, stop_all
from runs import SLOW_KBIT, Run
from servers import SERVERS, make_site

SLOWHTTPTEST = ("slow-headers", "slow-body", "ranges", "slow-read")


def arguments():
    parser = argparse.ArgumentParser(
        prog="./ringfence attack-lab", formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="attacks:\n" + "".join(f"  {name:18}{what}\n" for name, (what, _) in ATTACKS.items()) +
               "\nAll attacks go to loopback, or to a network namespace that is made for the run.")
    parser.add_argument("--server", action="append", choices=[*SERVERS, "all"], help="attacked (default: all)")
    parser.add_argument("--attack", action="append", choices=[*ATTACKS, "all"],
                        help="default: the four of slowhttptest")
    parser.add_argument("--front", action="append", choices=[*FRONTS, "all"], help="what stands in front (default: all)")
    parser.add_argument("--connections", type=int, default=1000, help="of an attack (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=200, help="connections a second (default: %(default)s)")
    parser.add_argument("--before", type=int, default=15, metavar="S", help="quiet seconds before (default: %(default)s)")
    parser.add_argument("--duration", type=int, default=30, metavar="S", help="seconds of attack (default: %(default)s)")
    parser.add_argument("--after", type=int, default=15, metavar="S", help="quiet seconds after (default: %(default)s)")
    parser.add_argument("--slow-clients", action="store_true",
                        help="50 visitors with 30 kbit/s (--slow-line), 600 ms of delay and 2 %% loss during the attack: give it 240 s; needs root")
    parser.add_argument("--slow-line", type=int, default=SLOW_KBIT, metavar="KBIT", help="their kbit/s (default: %(default)s)")
    parser.add_argument("--throughput", action="store_true",
                        help="wrk, 16 connections, as fast as it goes, before and all through the attack; the visitor is one of many then")
    parser.add_argument("--elsewhere", action="store_true",
                        help="the attack goes to another server, which holds all of it: what the attacker by itself takes of the machine")
    parser.add_argument("--published", action="store_true",
                        help="16,384 connections, 256 a second, for 300 s")
    parser.add_argument("--out", default=os.path.join(ROOT, "target", "attack-lab"), metavar="DIR",
                        help="where report.md, CSV and plots go (default: target/attack-lab)")
    parser.add_argument("--require", type=float, metavar="SHARE",
                        help="exit with 1 unless this share of requests behind the gateway, and of what slow clients asked for, was answered during each attack")
    options = parser.parse_args()
    for name in ("connections", "rate", "before", "duration", "after", "slow_line"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} {getattr(options, name)}: must be greater than 0")
    if options.throughput and options.duration < 8:
        parser.error(f"--duration {options.duration}: --throughput needs at least 8")
    if options.published:
        options.connections, options.rate, options.duration = 16384, 256, 300
    every = {"server": SERVERS, "attack": ATTACKS, "front": FRONTS}
    defaults = {"server": list(SERVERS), "attack": list(SLOWHTTPTEST), "front": list(FRONTS)}
    for name, known in every.items():
        asked = getattr(options, name) or defaults[name]
        setattr(options, name, list(known) if "all" in asked else asked)
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, too
    raise_open_files()
    os.makedirs(options.out, exist_ok=True)
    site = tempfile.mkdtemp(prefix="ringfence-lab.")
    runs, plan = [], [(server, attack, front) for server in options.server for attack in options.attack for front in options.front]
    seconds = options.before + options.duration + options.after + 5
    print(f"{len(plan)} runs of about {seconds} s, {len(plan) * seconds // 60 + 1} min in all; results go to {options.out}", flush=True)
    try:
        www = make_site(site)
        for number, (server, attack, front) in enumerate(plan, 1):
            run = Run(server, front, attack, site, www, options).perform()
            runs.append(run)
            print(f"[{number}/{len(plan)}] {server}, {attack}, {front}: answered {report.share(run.quiet)} before, "
                  f"{report.share(run.attacked)} during, {report.share(run.after)} after; p99 {report.milliseconds(run.quiet.p99)} and "
                  f"{report.milliseconds(run.attacked.p99)} ms; {run.most_held} connections at most", flush=True)
            if run.throughput:
                print("    wrk: {:.0f} requests/s before, {:.0f} during the attack".format(*run.throughput), flush=True)
            if run.slow:
                print(f"    slow visitors: {run.slow['pages']} pages and {run.slow['uploads']} uploads of {run.slow['visitors']}", flush=True)
            report.write(runs, options, options.out)
    finally:
        stop_all()
        shutil.rmtree(site, ignore_errors=True)
    print(f"report: {os.path.join(options.out, 'report.md')}")
    short = [run for run in runs if run.front == "ringfence" and options.require and run.served() < options.require]
    for run in short:
        print(f"{run.server}, {run.attack}: {run.served():.0%} answered, required are {options.require:.0%}", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"attack-lab: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
