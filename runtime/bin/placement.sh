# shellcheck shell=bash
# Which CPUs gateway, network stack and applications use (docs/decisions/0015). Sourced by ./ringfence.

# Up to so many CPUs are few: gateway, network stack and applications share one, the load has the others.
readonly FEW_CPUS=3

# The CPUs this process may use, one a line.
allowed_cpus() {
    local range
    for range in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do
        seq "${range%-*}" "${range#*-}"
    done
}

is_placement() { [[ $1 =~ ^(auto|together|spread|none)$ ]]; }

# choose_placement CHOICE PID: sets PLACEMENT to together, spread or none, and CPU to that of the gateway, which has this
# process id: several instances do not all choose the same.
choose_placement() {
    local -a cpus
    mapfile -t cpus < <(allowed_cpus)
    PLACEMENT=$1 CPU=${cpus[$2 % ${#cpus[@]}]}
    if [ "${#cpus[@]}" -eq 1 ]; then
        PLACEMENT=none
    elif [ "$PLACEMENT" = auto ]; then
        PLACEMENT=none
        [ "${#cpus[@]}" -gt $FEW_CPUS ] || PLACEMENT=together
    fi
}

# The threads of the gateway that carry data or start the network stack, by their names. The compiler's, the collector's and those
# that exchange bundles are left free: on the same CPU they would take turns with the data.
readonly PLACED_THREADS='ringfence-loop ringfence-ins'

# place_gateway PID CHOICE: the gateway's data path and its children, the network stack, go to one CPU; what they start later
# inherits it. At the start they had them all.
place_gateway() {
    local id
    choose_placement "$2" "$1"
    if [ "$PLACEMENT" != none ]; then
        for id in $(placed_threads "$1"); do
            taskset -pc "$CPU" "$id" >/dev/null 2>&1 || true # it may have ended
        done
        for id in $(descendants "$1"); do
            taskset -apc "$CPU" "$id" >/dev/null 2>&1 || true
        done
    fi
    { echo "$PLACEMENT $CPU $(allowed_cpus | paste -sd, -)" >"$STATE/placement"; } 2>/dev/null \
        || say "$STATE/placement: cannot be written: programs run where their callers do. Is its file system full?"
}

# The ids of those threads of the process PID.
placed_threads() {
    local task name
    for task in "/proc/$1/task"/*; do
        read -r name <"$task/comm" || continue # it has ended
        [[ " $PLACED_THREADS " != *" $name "* ]] || echo "${task##*/}"
    done 2>/dev/null
}

descendants() {
    local child
    for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
        echo "$child"
        descendants "$child"
    done
}

# application_cpus CHOICE: sets CPUS to a list for taskset(1), empty to leave the program where its caller is. A caller
# that may not use the CPU in question has been placed by somebody who knows better.
application_cpus() {
    local placement cpu
    CPUS=''
    read -r placement cpu _ 2>/dev/null <"$STATE/placement" || return 0
    [ "$1" = auto ] || placement=$1
    case $placement in
        together) CPUS=$(allowed_cpus | grep -x "$cpu" || true) ;;
        spread) CPUS=$(allowed_cpus | grep -vx "$cpu" | paste -sd, -) ;;
    esac
}
