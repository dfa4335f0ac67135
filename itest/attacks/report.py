"""What the runs showed: a table in Markdown, every request and sample as CSV, and a plot for each server and attack."""
import csv
import os

COLOURS = {"native": "tab:red", "ringfence": "tab:blue", "haproxy": "tab:orange"}


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


def share(phase):
    return f"{phase.answered} of {phase.asked}"


HEAD = ("server", "attack", "in front", "answered before", "answered during", "answered after", "p99 before, ms", "p99 during, ms",
        "held at most", "memory in front, MiB", "slow visitors: pages, uploads", "wrk before and during, requests/s")


def row(run):
    slow = "-" if run.slow is None else f"{run.slow['pages']}, {run.slow['uploads']} of {run.slow['visitors']}"
    throughput = "-" if run.throughput is None else "{:.0f}, {:.0f}".format(*run.throughput)
    return (run.server, run.attack, run.front, share(run.quiet), share(run.attacked), share(run.after), milliseconds(run.quiet.p99),
            milliseconds(run.attacked.p99), str(run.most_held), f"{run.memory / (1 << 20):.0f}" if run.memory else "-", slow, throughput)


def write(runs, options, out):
    with open(os.path.join(out, "report.md"), "w") as page:
        page.write("# Attack lab\n\n"
                   f"{options.connections} connections, {options.rate} a second; quiet for {options.before} s, attack for "
                   f"{options.duration} s, quiet for {options.after} s. A visitor asks for a page 20 times a second, each time over "
                   "a new connection; answered means within 2.5 s."
                   + (" The attack went to another server." if options.elsewhere else "") + "\n\n")
        page.write("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD) + "\n")
        for run in runs:
            page.write("| " + " | ".join(row(run)) + " |\n")
    with open(os.path.join(out, "requests.csv"), "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("server", "attack", "front", "seconds", "latency_seconds"))
        for run in runs:
            table.writerows((run.server, run.attack, run.front, f"{at:.3f}", "" if latency is None else f"{latency:.6f}")
                            for at, latency in sorted(run.fetched, key=lambda fetched: fetched[0]))
    with open(os.path.join(out, "samples.csv"), "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("server", "attack", "front", "seconds", "connections", "memory_bytes"))
        for run in runs:
            table.writerows((run.server, run.attack, run.front, f"{at:.1f}", held, memory) for at, held, memory in run.samples)
    for server, attack in dict.fromkeys((run.server, run.attack) for run in runs):
        plot([run for run in runs if (run.server, run.attack) == (server, attack)], os.path.join(out, f"{server}-{attack}"))


def plot(runs, path):
    """Goodput, latency and connections held over time, as PNG and SVG."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, (goodput, latency, held) = pyplot.subplots(3, 1, sharex=True, figsize=(9, 8))
    for run in runs:
        colour = COLOURS[run.front]
        seconds = range(int(max((at for at, _ in run.fetched), default=0)) + 1)
        in_second = [[late for at, late in run.fetched if int(at) == second] for second in seconds]
        goodput.plot(seconds, [100 * sum(late is not None for late in lates) / len(lates) if lates else None
                               for lates in in_second], color=colour, label=run.front)
        latency.plot(seconds, [max((late for late in lates if late is not None), default=None) or float("nan")
                               for lates in in_second], color=colour)
        held.plot([at for at, _, _ in run.samples], [count for _, count, _ in run.samples], color=colour)
        for axes in (goodput, latency, held):
            axes.axvspan(run.began, run.ended, color="0.93", zorder=0)
    goodput.set(ylabel="answered, %", ylim=(-4, 104), title=f"{runs[0].server}, {runs[0].attack}")
    latency.set(ylabel="slowest answer, s", yscale="log")
    held.set(ylabel="connections", xlabel="seconds")
    goodput.legend()
    figure.tight_layout()
    for kind in ("png", "svg"):
        figure.savefig(f"{path}.{kind}")
    pyplot.close(figure)
