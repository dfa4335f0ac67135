#!/usr/bin/env bash
# ./ringfence bench measures, and reports what it measured. Whether the figures are good is not a test's affair.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "bench writes a report" wrk nginx python3
SITE=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-site.XXXXXX")
trap 'rm -rf -- "$SITE"' EXIT

check "bench ends well" bash -c "timeout 120 '$ROOT/ringfence' bench --rounds 1 --only requests --points 16 \
    --ways native,ringfence --out '$SITE' >'$SITE/bench.log' 2>&1 || { tail -n 5 '$SITE/bench.log' | sed 's/^/# /'; false; }"
for way in native ringfence; do
    check "bench's CSV has what wrk counted: $way" awk -F, -v way="$way" \
        '$1 == "requests" && $4 == way && $5 == "per_second" && $6 > 10 { found = 1 } END { exit !found }' "$SITE/results.csv"
    check "bench's report has a line: $way" grep -q "^| 16 | $way |" "$SITE/report.md"
done
if PATH=/usr/bin:$PATH python3 -c 'import matplotlib' 2>/dev/null; then
    check "bench plots" test -s "$SITE/requests.png" -a -s "$SITE/requests.svg"
else
    skip "bench plots" "python3-matplotlib is not installed"
fi
# What JMH's figures are judged by.
judge() {
    PYTHONPATH=$ROOT/bench python3 -c '
import sys, micro
nanoseconds, size, bound = sys.argv[1:4]
row = lambda name, score: {"Benchmark": "org.ringfence." + name, "Score": score, "Score Error (99.9%)": "1"}
rows = [row("ReferenceBenchmark.rounds", "100"), row("A.b", nanoseconds), row("A.b:\u00b7gc.alloc.rate.norm", size)]
print("; ".join(complaint for m in micro.judged(rows, {"A.b": (float(bound), 0)}) for complaint in m.complaints))' "$@"
}
check "a microbenchmark within its bounds is no complaint" test -z "$(judge 250 0.001 2.6)"
check "one that takes longer, in multiples of the reference, is" test "$(judge 250 0.001 2)" = "takes 2.50 times the reference, at most 2.0"
check "and one that allocates" test "$(judge 250 16 3)" = "allocates 16.0 bytes, at most 0"
exit $((FAILURES > 0))
