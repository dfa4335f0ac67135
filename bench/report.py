"""The report: medians, and ratios within each round, as Markdown, CSV and plots."""
import csv, os, platform, statistics, sys

from variants import NATIVE

UNITS = {"per_second": "/s", "p50": "p50 µs", "p90": "p90 µs", "p99": "p99 µs", "p99_9": "p99.9 µs", "cpu_us": "CPU µs each",
         "gbit": "Gbit/s", "cpu_s_per_gb": "CPU s/GB", "errors": "errors", "longest": "longest µs", "bytes_each": "bytes each", "idle_cpu_percent": "CPU % idle", "roundtrip_us": "send+recv µs",
         "getsockopt_us": "getsockopt µs", "getpeername_us": "getpeername µs", "accept_us": "accept+recv+close µs", "connect_us": "connect+close µs"}


def label(point):
    if isinstance(point, tuple):
        return f"{point[0]} {'down' if point[1] else 'up'}"
    return str(point)


def median(values):
    return statistics.median(values) if values else float("nan")


class Table:
    """The figures of one work: rows[point][way][round] is a dictionary."""

    def __init__(self, work, results):
        self.rows = {}
        for name, point, r, way, figures in results:
            if name == work.name:
                self.rows.setdefault(point, {}).setdefault(way, {})[r] = figures

    def median(self, point, way, figure):
        return median([f[figure] for f in self.rows[point][way].values() if figure in f])

    def ratios(self, point, way, figure, base=NATIVE):
        """Of each round in which both were measured."""
        of, to = self.rows[point].get(way, {}), self.rows[point].get(base, {})
        return [of[r][figure] / to[r][figure] for r in of if r in to and to[r].get(figure)]


def number(value):
    if value != value:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(work, table):
    first = work.figures[0]
    lines = [f"## {work.name}: {work.title}", "", f"Of native: median of the ratios of {UNITS.get(first, first)} within a round (least to greatest).", ""]
    lines.append("| point | way | of native | " + " | ".join(UNITS.get(f, f) for f in work.figures) + " |")
    lines.append("|---|---|---|" + "---|" * len(work.figures))
    for point, ways in table.rows.items():
        for way in ways:
            ratios = table.ratios(point, way, first)
            ratio = f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "-"
            lines.append(f"| {point} | {way} | {ratio} | " + " | ".join(number(table.median(point, way, f)) for f in work.figures) + " |")
    return "\n".join(lines) + "\n"


def plot(out, work, table):
    """Bars of the ratio to native, with the least and the greatest of a round. False if there is no matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot
    points = list(table.rows)
    ways = list(dict.fromkeys(way for row in table.rows.values() for way in row))
    figure, axes = pyplot.subplots(figsize=(1.5 + 1.6 * len(points) * max(1, len(ways) / 5), 4))
    for i, way in enumerate(ways):
        xs, ys, low, high = [], [], [], []
        for j, point in enumerate(points):
            ratios = table.ratios(point, way, work.figures[0])
            if ratios:
                xs.append(j + (i - (len(ways) - 1) / 2) * 0.8 / len(ways))
                ys.append(median(ratios))
                low.append(ys[-1] - min(ratios))
                high.append(max(ratios) - ys[-1])
        axes.bar(xs, ys, 0.8 / len(ways), yerr=[low, high], capsize=2, label=way)
    axes.set_xticks(range(len(points)), points)
    axes.set_ylabel(f"{UNITS.get(work.figures[0], work.figures[0])}, native = 1")
    axes.set_title(work.title, fontsize=9)
    axes.axhline(1, color="black", linewidth=0.5)
    axes.legend(fontsize=7)
    figure.tight_layout()
    for kind in ("png", "svg"):
        figure.savefig(f"{out}/{work.name}.{kind}")
    pyplot.close(figure)
    return True


def microbenchmarks(micros, counted):
    lines = ["## micro: the gateway's hot path (JMH), and instructions of shim and INS (valgrind)", "",
             "| benchmark | parameters | ns | error | of the reference | at most | bytes allocated |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {m.name} | {m.parameters} | {m.nanoseconds:.1f} | {m.error:.1f} | {m.times:.2f} | {m.bound or ''} | {m.allocated or 0:.1f} |" for m in micros if m.nanoseconds]
    if counted:
        lines += ["", "| native code | instructions | at most |", "|---|---|---|"] + [f"| {what} | {count} | {bound} |" for what, count, bound, _ in counted]
    lines += ["", *[f"**Grown**: {complaint}" for complaint in grown(micros, counted)]]
    return "\n".join(lines)


def grown(micros, counted):
    """What microbenchmarks and counts are asserted not to do."""
    return [f"{m.name} {m.parameters}".strip() + f" {complaint}" for m in micros for complaint in m.complaints] + \
           [f"{what} takes {count} instructions, at most {bound}" for what, count, bound, within in counted if not within]


def write(out, chosen, results, micros, counted, rounds, seconds, on_server, on_client, spent):
    """Writes everything to `out`; returns a summary for the terminal."""
    with open(f"{out}/results.csv", "w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["work", "point", "round", "way", "figure", "value"])
        for name, point, r, way, figures in results:
            rows.writerows([name, point, r, way, figure, value] for figure, value in figures.items())
        rows.writerows(["micro", m.parameters, 0, m.name, "ns", m.nanoseconds] for m in micros)
    parts = ["# Ringfence bench", "",
             f"{rounds} rounds of {seconds} s, ways in turn within a round, {spent / 60:.0f} min. {platform.system()} {platform.release()}, "
             f"servers on CPU {sorted(on_server)}, load generators on CPU {sorted(on_client)}. Absolute figures are those of this machine "
             "at this time; compare ratios. The raw figures are in results.csv.", ""]
    drawn = True
    for work in chosen:
        table = Table(work, results)
        if table.rows:
            parts.append(markdown(work, table))
            if work.figures[0] != "errors":
                drawn = drawn and plot(out, work, table)
                if drawn:
                    parts.append(f"![{work.title}]({work.name}.svg)\n")
    if micros:
        parts.append(microbenchmarks(micros, counted))
    text = "\n".join(parts)
    with open(f"{out}/report.md", "w") as f:
        f.write(text)
    if not drawn:
        print("bench: no plots: python3-matplotlib is not installed", file=sys.stderr)
    return text + f"\nreport, CSV and plots are in {os.path.relpath(out)}"
