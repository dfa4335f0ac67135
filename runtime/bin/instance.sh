# shellcheck shell=bash
# One instance: its state directory, its Java, its gateway process. Sourced by ./ringfence.

say() { printf 'ringfence: %s\n' "$*" >&2; }

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

# Sets STATE. The directory may not exist yet.
locate_state() {
    STATE=${RINGFENCE_STATE:-${XDG_RUNTIME_DIR:-/run}/ringfence}
    STATE=$(realpath -m -- "$STATE")
    if [ ${#STATE} -gt $LONGEST_STATE_PATH ]; then
        die "state directory $STATE: ${#STATE} bytes, sockets in it allow $LONGEST_STATE_PATH: set RINGFENCE_STATE to a shorter path"
    fi
}

# Makes the state directory, for its owner only.
make_state() {
    locate_state
    mkdir -p -- "$STATE" 2>/dev/null \
        || die "state directory $STATE: cannot be made: set RINGFENCE_STATE to a directory you may write to"
    [ -O "$STATE" ] \
        || die "state directory $STATE: belongs to another user: set RINGFENCE_STATE to a directory of your own"
    chmod 0700 -- "$STATE"
    mkdir -p -- "$STATE"/{data,log,conf,deploy}
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

# Runs commands of the gateway's shell: the arguments as one command, or standard input line by line.
gateway_shell() {
    local prompt=false
    local -a native=()
    find_java
    if [ $# -eq 0 ] && [ -t 0 ]; then
        prompt=true
        # the line editor unpacks a library that speaks to the terminal
        native=("-Djava.io.tmpdir=$STATE/data")
        [ "$JAVA_MAJOR" -lt 22 ] || native+=(--enable-native-access=ALL-UNNAMED)
    fi
    "$JAVA" ${native[@]+"${native[@]}"} -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx32m \
        -Dringfence.shell.prompt=$prompt -cp "$RUNTIME/bundle/org.ringfence.shell.jar:$RUNTIME/bundle/jline.jar" \
        org.ringfence.shell.client.ShellClient "$STATE/shell.sock" "$@"
}
