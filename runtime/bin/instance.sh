# shellcheck shell=bash
# One instance: its state directory, its Java, its gateway process. Sourced by ./ringfence.

# Nobody may be there to read it, which changes nothing else.
say() { printf 'ringfence: %s\n' "$*" >&2 || true; }

die() {
    say "$*"
    exit 1
}

usage_error() {
    say "$*"
    exit 2
}

# The longest socket path the kernel takes is 107 bytes (unix(7)); "attach.sock" is the longest name in STATE.
readonly LONGEST_STATE_PATH=95

# Sets STATE. The directory may not exist yet; one that does must be the caller's, and nobody else's to write to: what is in it
# is believed, opened and removed.
locate_state() {
    local path bytes
    STATE=${RINGFENCE_STATE:-${XDG_RUNTIME_DIR:-/run}/ringfence}
    for path in "$STATE" "$(realpath -m -- "$STATE")" "$ROOT"; do
        [[ $path != *[,$'\n']* ]] || die "'${path//$'\n'/\\n}': has a comma or a line break, which separate paths in lists: use a path without"
    done
    STATE=$(realpath -m -- "$STATE")
    bytes=$(printf %s "$STATE" | wc -c)
    if [ "$bytes" -gt $LONGEST_STATE_PATH ]; then
        die "state directory $STATE: $bytes bytes, sockets in it allow $LONGEST_STATE_PATH: set RINGFENCE_STATE to a shorter path"
    fi
    [ -e "$STATE" ] || return 0
    [ -d "$STATE" ] || die "state directory $STATE: is no directory: set RINGFENCE_STATE to another path"
    [ -O "$STATE" ] \
        || die "state directory $STATE: belongs to another user ($(state_has %U)): set RINGFENCE_STATE to a directory of your own, or be that user"
    (($(state_has 0%a) & 022)) || return 0
    die "state directory $STATE: others may write to it (mode $(state_has %a)): set RINGFENCE_STATE to another one; if it is Ringfence's alone, chmod 0700 it"
}

# state_has FORMAT: the state directory's owner or mode, as stat(1) writes it.
state_has() { stat -c "$1" -- "$STATE"; }

# Prints the name of something in the state directory that says it is none; nothing if an earlier 'up' has filled it, or if there is
# nothing in it but what belongs there.
strange_in_state() {
    [ ! -f "$STATE/lock" ] || [ ! -d "$STATE/data" ] || [ ! -d "$STATE/log" ] || return 0
    find "$STATE" -mindepth 1 -maxdepth 1 ! -name data ! -name log ! -name conf ! -name deploy ! -name lock ! -name options ! -name ready \
        ! -name placement ! -name ins-address ! -name gateway.pid ! -name '*.sock' ! -name authorized_keys ! -name ssh_host_key \
        ! -name shell_history ! -name lost+found -printf '%f\n' -quit
}

# Makes the state directory, for its owner only. One that is there is taken as it is, or not at all.
make_state() {
    local strange
    locate_state
    if [ ! -e "$STATE" ]; then
        { mkdir -p -- "$(dirname -- "$STATE")" && mkdir -m 0700 -- "$STATE"; } 2>/dev/null || [ -d "$STATE" ] \
            || die "state directory $STATE: cannot be made: set RINGFENCE_STATE to a directory you may write to"
        locate_state # somebody may have been faster
    fi
    strange=$(strange_in_state)
    [ -z "$strange" ] \
        || die "state directory $STATE: '$strange' is in it, so it is not one of Ringfence: set RINGFENCE_STATE to an empty one, or to a path that is not there yet"
    [[ $(state_has %a) =~ ^[0-7]?700$ ]] \
        || die "state directory $STATE: has mode $(state_has %a), and others must not see into it: set RINGFENCE_STATE to another one; if it is Ringfence's alone, chmod 0700 it"
    mkdir -p -- "$STATE"/{data,log,conf,deploy} || die "state directory $STATE: cannot be filled: see the line above"
}

# Prints the process id of the running gateway; fails if there is none. A pid file may be stale and its number
# taken by another program, so the process must be a Java that was started for this very directory.
gateway_pid() {
    local pid
    pid=$(cat -- "$STATE/gateway.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "-Dringfence.state=$STATE" || return 1
    echo "$pid"
}

gateway_ready() { gateway_pid >/dev/null && [ -e "$STATE/ready" ] && [ -S "$STATE/attach.sock" ]; }

# Sets PATHS_LOCALE: what Java is started by, so that it can open paths beyond ASCII whatever the locale is (it takes their encoding
# from there).
utf8_paths() {
    local charmap
    PATHS_LOCALE=()
    [[ $STATE$ROOT == *[^[:ascii:]]* ]] && [ "$(locale charmap 2>/dev/null)" != UTF-8 ] || return 0
    charmap=$(LC_ALL=C.UTF-8 locale charmap 2>/dev/null) || true
    [ "$charmap" = UTF-8 ] \
        || die "'$STATE' or '$ROOT' has letters beyond ASCII, and the locale knows none: set LC_ALL to a locale with UTF-8 ('locale -a' lists them)"
    PATHS_LOCALE=(env LC_ALL=C.UTF-8)
}

# Runs commands of the gateway's shell: the arguments as one command, or standard input line by line.
gateway_shell() {
    local prompt=false
    local -a native=()
    find_java
    utf8_paths
    if [ $# -eq 0 ] && [ -t 0 ]; then
        prompt=true
        # the line editor unpacks a library that speaks to the terminal
        native=("-Djava.io.tmpdir=$STATE/data")
        [ "$JAVA_MAJOR" -lt 22 ] || native+=(--enable-native-access=ALL-UNNAMED)
    fi
    ${PATHS_LOCALE[@]+"${PATHS_LOCALE[@]}"} "$JAVA" ${native[@]+"${native[@]}"} -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx32m \
        -Dringfence.shell.prompt=$prompt -cp "$RUNTIME/bundle/org.ringfence.shell.jar:$RUNTIME/bundle/jline.jar" \
        org.ringfence.shell.client.ShellClient "$STATE/shell.sock" "$@"
}
