#!/usr/bin/env bash
# up and run --placement: which CPUs gateway, network stack and applications may use.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "placement" taskset
rf=$ROOT/ringfence
mapfile -t cpus < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
all=$(IFS=,; echo "${cpus[*]}")
if [ "${#cpus[@]}" -lt 2 ]; then
    skip "placement" "one CPU"
    exit 0
fi
# those of every thread of a process, as one list of numbers
may_use() {
    "$PYTHON" -c 'import os, sys; print(*sorted({c for t in os.listdir(f"/proc/{sys.argv[1]}/task") for c in os.sched_getaffinity(int(t))}), sep=",")' "$1"
}
# thread_uses NAME: the CPUs of the gateway's thread of this name
thread_uses() {
    local task
    for task in "/proc/$GATEWAY/task"/*; do
        [ "$(cat "$task/comm" 2>/dev/null)" != "$1" ] || "$PYTHON" -c 'import os, sys; print(*sorted(os.sched_getaffinity(int(sys.argv[1]))), sep=",")' "${task##*/}"
    done | sort -u
}
program_uses() { "$rf" run "$@" -- "$PYTHON" -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep=",")' 2>/dev/null; }

own_gateway --placement together
read -r _ last _ <"$RINGFENCE_STATE/placement"
others=$(printf '%s\n' "${cpus[@]}" | grep -vx "$last" | paste -sd, -)
other=${others%%,*}
check "together: the thread that carries data has one CPU" test "$(thread_uses ringfence-loop)" = "$last"
check "together: the thread that starts the INS has the same CPU" test "$(thread_uses ringfence-ins)" = "$last"
check "together: the gateway's other threads have all CPUs" test "$(thread_uses java)" = "$all"
check "together: the INS has the same CPU" test "$(may_use "$INS")" = "$last"
check "together: a program has it, too" test "$(program_uses)" = "$last"
check "run --placement spread keeps off the gateway's CPU" test "$(program_uses --placement spread)" = "$others"
check "run --placement none leaves a program all CPUs" test "$(program_uses --placement none)" = "$all"
check "a caller with other CPUs than the gateway's is left there" \
    test "$(taskset -c "$other" "$rf" run -- "$PYTHON" -c 'import os; print(*os.sched_getaffinity(0))' 2>/dev/null)" = "$other"
check_status "run --placement wants a word it knows" 2 "$rf" run --placement here -- true
check_status "up with another placement than the running one's is refused" 1 "$rf" up --placement none
"$rf" down 2>/dev/null
check "up --placement none" "$rf" up --placement none
check "none: the gateway has all CPUs" test "$(may_use "$(gateway)")" = "$all"
check "none: a program has all CPUs" test "$(program_uses)" = "$all"
