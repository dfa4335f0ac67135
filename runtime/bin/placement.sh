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

# place_gateway PID CHOICE: every thread of the gateway and its children, the network stack, go to one CPU; what they
# start later inherits it. At the start they had them all.
place_gateway() {
    local pid
    choose_placement "$2" "$1"
    if [ "$PLACEMENT" != none ]; then
        for pid in "$1" $(descendants "$1"); do
            taskset -apc "$CPU" "$pid" >/dev/null 2>&1 || true # it may have ended
        done
    fi
    echo "$PLACEMENT $CPU $(allowed_cpus | paste -sd, -)" >"$STATE/placement"
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
