# shellcheck shell=bash
# What the end-to-end tests share; sourced by them. Each test is one line on standard output:
#   ok - SENTENCE     not ok - SENTENCE: WHY     skip - SENTENCE: REASON
# ./ringfence test runs every executable *.sh in this directory and counts these lines.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
FAILURES=0
# many tests may run at the same time: none of them is to wait for one CPU while there are others
export RINGFENCE_PLACEMENT=none

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1: $2"
    FAILURES=$((FAILURES + 1))
}

skip() { echo "skip - $1: $2"; }

# check SENTENCE COMMAND...: the command must succeed; what it writes is shown when it does not.
check() {
    local sentence=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if [ $status -eq 0 ]; then
        ok "$sentence"
    else
        not_ok "$sentence" "'$*' ended with $status: ${output//$'\n'/ | }"
    fi
}

# check_status SENTENCE EXPECTED COMMAND...: the command must end with that status.
check_status() {
    local sentence=$1 expected=$2 output status=0
    shift 2
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -eq "$expected" ]; then
        ok "$sentence"
    else
        not_ok "$sentence" "'$*' ended with $status, expected $expected: ${output//$'\n'/ | }"
    fi
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -le $end ] || return 1
        sleep 0.05
    done
}

# An instance of its own for this test file, taken down when the file ends, however it ends.
own_instance() {
    RINGFENCE_STATE=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-e2e.XXXXXX")
    export RINGFENCE_STATE
    trap 'end_instance' EXIT
    trap 'exit 130' INT TERM
}

end_instance() {
    local status=$?
    "$ROOT/ringfence" down >/dev/null 2>&1
    if [ $FAILURES -gt 0 ]; then
        echo "# logs: $RINGFENCE_STATE/log"
    else
        rm -rf -- "$RINGFENCE_STATE"
    fi
    [ $FAILURES -eq 0 ] || status=1
    exit $status
}
