# shellcheck shell=bash
# The verb bench: Ringfence against native sockets and reverse proxies. Sourced by ./ringfence.

help_bench() { bench_python --help; }

# Debian's, for its matplotlib, rather than a version manager's
bench_python() { PATH=/usr/bin:$PATH PYTHONDONTWRITEBYTECODE=1 python3 "$ROOT/bench/bench.py" "$@"; }

cmd_bench() {
    need_programs bench
    build_if_missing
    bench_python "$@"
}
