"""JMH microbenchmarks of the gateway's hot path, compiled against what the build has made, tests included."""
import csv, glob, os, subprocess

from variants import ROOT

JMH = f"{ROOT}/bench/jmh"
MODULES = ["bundles/api", "bundles/memory", "ring-bundle", "syscall-translator-bundle", "policy-bundle"]


def run(rounds, top):
    """[(benchmark, parameters, nanoseconds, error)]"""
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
                    "-i", str(max(3, rounds)), "-r", "300ms", "-jvmArgs", f"-Dringfence.native={ROOT}/native/build", "-rf", "csv", "-rff", result],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = []
    with open(result) as f:
        for row in csv.DictReader(f):
            parameters = ", ".join(f"{name[7:]} {value}" for name, value in row.items() if name.startswith("Param: ") and value)
            rows.append((".".join(row["Benchmark"].split(".")[-2:]), parameters, float(row["Score"]), float(row["Score Error (99.9%)"])))
    return rows


def major(java):
    text = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    return int(text.split('"')[1].split(".")[0])


def instructions():
    """[(what, instructions)] of the native code, counted by valgrind; empty without it."""
    done = subprocess.run([f"{ROOT}/native/cost/check", f"{ROOT}/native/build/cost/messages"], capture_output=True, text=True)
    rows = []
    for line in done.stdout.splitlines():
        if " takes " in line:
            what, rest = line.split(" - ", 1)[1].split(" takes ")
            rows.append((what, int(rest.split()[0])))
    return rows
