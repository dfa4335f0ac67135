#!/usr/bin/env python3
"""compare.py KIND NATIVE BEHIND: of the tests that passed in the log NATIVE, how many passed in the log BEHIND, and which did not.

KIND says whose logs they are: python (unittest -v), tap, tinytest (libevent's), redis (runtest),
ruby (test-unit -v). Prints one row of the table, the
share, and a line for each test that passed natively only."""

import re
import sys

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def lines(path):
    with open(path, errors="replace") as log:
        for line in log:
            yield COLOUR.sub("", line.rstrip("\n"))


def python(path):
    """'name (module.Class.name) ... ok'; what a test writes may stand between its name and its result."""
    result, last = {}, None
    for line in lines(path):
        begins = re.match(r"(\w+) \(([\w.]+)\)(.*)", line)
        if begins and begins.group(1) not in ("ERROR", "FAIL"):
            last, line = begins.group(2), begins.group(3)
            result.setdefault(last, False)
        if last and re.search(r"(^|\.\.\. .*|.)\bok$", line) and not line.startswith("test OK"):
            result[last] = True
            last = None
        failed = re.match(r"(?:FAIL|ERROR): \w+ \(([\w.]+)\)", line)
        if failed:
            result[failed.group(1)] = False
    return {name for name, passed in result.items() if passed}


def tap(path):
    """'ok 12 - name' and '== program' before the lines of each program. A name that comes twice gets a number."""
    passed, program = set(), ""
    for line in lines(path):
        if line.startswith("== "):
            program = line[3:] + ": "
        match = re.match(r"ok (\d+)(?: - )?(.*)", line)
        if match and "# SKIP" not in line and "# skip" not in line:
            name = re.sub(r"(0x[0-9a-f]+|\b\d{4,}\b)", "N", match.group(2))
            passed.add(program + (f"{match.group(1)} {name}" if program else name))
    return passed


def tinytest(path):
    passed, group = set(), ""
    for line in lines(path):
        match = re.match(r"([\w/-]+): (?:\[forking\] )?(.*)", line)
        if match:
            group = match.group(1)
            if match.group(2).endswith("OK"):
                passed.add(group)
        elif line.strip() == "OK" and group:
            passed.add(group)
    return passed


def redis(path):
    passed = set()
    for line in lines(path):
        match = re.match(r"\[ok\]: (.*?)(?: \(\d+ ms\))?$", line)
        if match:
            passed.add(re.sub(r"\b\d{4,}\b", "N", match.group(1)))
    return passed


def ruby(path):
    """'[ 1/9] Class#test = 0.01 s', and '1) Failure:' or '2) Error:' before the name of each that did not pass; skipped ones likewise."""
    ran, not_passed, told = set(), set(), False
    for line in lines(path):
        match = re.match(r"\[ *\d+/\d+\] (\S+) = ", line)
        if match:
            ran.add(match.group(1))
        elif told:
            not_passed.add(re.split(r"[ :\[]", line)[0])
        told = re.match(r" *\d+\) (Failure|Error|Skipped|Timeout):", line)
    return ran - not_passed


def main():
    kind, native, behind = sys.argv[1:4]
    parse = {"python": python, "tap": tap, "tinytest": tinytest, "redis": redis, "ruby": ruby}[kind]
    natively, there = parse(native), parse(behind)
    kept = natively & there
    share = 100 * len(kept) / len(natively) if natively else 0
    print(f"{len(natively):6} {len(kept):6} {share:6.1f} %")
    for name in sorted(natively - there):
        print(f"         natively only: {name}")


if __name__ == "__main__":
    main()
