"""JMH microbenchmarks of the gateway's hot path, compiled against what the build has made, tests included. They are asserted not to grow:
each has a bound in multiples of a reference benchmark of the same run, and may allocate nothing, or as much as bounds.tsv says."""
import csv, glob, os, subprocess

from variants import ROOT

JMH = f"{ROOT}/bench/jmh"
REFERENCE = "ReferenceBenchmark.rounds"
MODULES = ["bundles/api", "bundles/memory", "ring-bundle", "syscall-translator-bundle", "policy-bundle"]


def run(rounds, top):
    """[Micro], judged by bench/jmh/bounds.tsv"""
    libraries, classes = f"{JMH}/target/lib", f"{JMH}/target/classes"
    os.makedirs(classes, exist_ok=True)
    if not glob.glob(f"{libraries}/jmh-core*.jar"):
        subprocess.run(["mvn", "-q", "-B", "-f", f"{JMH}/pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"], check=True)
    path = ":".join(glob.glob(f"{libraries}/*.jar") + [f"{ROOT}/{m}/target/{kind}" for m in MODULES for kind in ("classes", "test-classes")])
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"
    subprocess.run([f"{java}c", "-nowarn", "-proc:full" if major(java) >= 23 else "-Xlint:-options", "-d", classes, "-cp", path]
                   + glob.glob(f"{JMH}/src/**/*.java", recursive=True), check=True, capture_output=True)
    result = f"{top}/jmh.csv"
    subprocess.run([java, "-cp", f"{classes}:{path}", f"-Dringfence.native={ROOT}/native/build", "org.openjdk.jmh.Main", "-f", "1", "-wi", "3", "-w", "300ms",
                    "-i", str(max(3, rounds)), "-r", "300ms", "-prof", "gc", "-jvmArgs", f"-Dringfence.native={ROOT}/native/build", "-rf", "csv", "-rff", result],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(result) as f:
        return judged(list(csv.DictReader(f)), bounds())


class Micro:
    """A benchmark's result: nanoseconds with their error, multiples of the reference, bytes allocated, and what is wrong with it."""

    def __init__(self, name, parameters, nanoseconds, error, times, allocated, bound, complaints):
        self.name, self.parameters, self.nanoseconds, self.error = name, parameters, nanoseconds, error
        self.times, self.allocated, self.bound, self.complaints = times, allocated, bound, complaints


def bounds():
    """{benchmark and parameters: (multiples of the reference, bytes)}"""
    with open(f"{JMH}/bounds.tsv") as f:
        return {name: (float(times), float(size)) for name, times, size in (line.rstrip("\n").split("\t") for line in f if not line.startswith("#"))}


def judged(rows, bound):
    """What the rows of JMH's CSV say. A benchmark without a bound, and a bound without a benchmark, is a complaint too."""
    scores, allocations = {}, {}
    for row in rows:
        parameters = ", ".join(f"{name[7:]} {value}" for name, value in row.items() if name.startswith("Param: ") and value)
        name, _, metric = row["Benchmark"].partition(":")
        key = (".".join(name.split(".")[-2:]), parameters)
        if not metric:
            scores[key] = float(row["Score"]), float(row["Score Error (99.9%)"])
        elif metric.endswith("gc.alloc.rate.norm"):
            allocations[key] = float(row["Score"])
    reference = scores.pop((REFERENCE, ""))[0]
    left, found = dict(bound), []
    for key, (nanoseconds, error) in scores.items():
        times, size = left.pop(" ".join(key).strip(), (None, None))
        allocated, complaints = allocations.get(key), []
        if times is None:
            complaints.append("has no bound in bounds.tsv")
        else:
            if nanoseconds - error > times * reference:
                complaints.append(f"takes {nanoseconds / reference:.2f} times the reference, at most {times}")
            if allocated is None or allocated >= size + 0.5:
                complaints.append(f"allocates {allocated} bytes, at most {size:.0f}")
        found.append(Micro(*key, nanoseconds, error, nanoseconds / reference, allocated, times, complaints))
    found += [Micro(name, "", 0, 0, 0, 0, times, ["was not run"]) for name, (times, _) in left.items()]
    return found


def major(java):
    text = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    return int(text.split('"')[1].split(".")[0])


def instructions():
    """[(what, instructions, bound, whether it is within)] of the native code, counted by valgrind; empty without it."""
    done = subprocess.run([f"{ROOT}/native/cost/check", f"{ROOT}/native/build/cost/messages"], capture_output=True, text=True)
    rows = []
    for line in done.stdout.splitlines():
        if " takes " in line:
            verdict, rest = line.split(" - ", 1)
            what, figures = rest.split(" takes ")
            count, _, _, _, bound = figures.replace(",", "").split()
            rows.append((what.strip(","), int(count), int(bound), verdict == "ok"))
    return rows
