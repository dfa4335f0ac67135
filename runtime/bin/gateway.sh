# shellcheck shell=bash
# The verbs up, down, status, shell and logs. Sourced by ./ringfence.

# Seconds from start to "ready", and from SIGTERM to SIGKILL.
readonly START_BOUND=${RINGFENCE_START_BOUND:-30}
readonly STOP_BOUND=${RINGFENCE_STOP_BOUND:-10}

help_up() {
    cat <<'EOF'
usage: ./ringfence up [--abi linux|netbsd | --ins PROGRAM [--ins-arg ARGUMENT ...]] [--ins-net host|own]
       [--placement auto|together|spread|none]

Starts the gateway and the isolated network stack (INS) and returns when they are ready. Does nothing when they
are. Builds first what has not been built.

  --abi      the ABI the built-in INS speaks (default: linux); netbsd is a stand-in for a NetBSD stack
  --ins      another INS, such as native/build/ringfence-ins-rump (docs/rumprun.md): it says itself what it speaks
  --ins-arg  an argument of its, again for each; '--socket PATH' is added
  --ins-net  the INS's network: that of the host, so that a protected server answers on the host's addresses
             (default), or a namespace of its own with addresses of its own, for which root is needed
  --placement  CPUs: gateway and INS share one with applications (together) or without them (spread), or the
             kernel chooses (none); auto (default): together on 2 or 3 CPUs, where waking across CPUs costs most.
             Applications that one CPU is not enough for get the others back

Environment: RINGFENCE_STATE (state directory), RINGFENCE_ABI (instead of --abi), RINGFENCE_INS_COMMAND (another INS
program), RINGFENCE_INS_ADDRESS (with --ins-net own: its addresses), RINGFENCE_PLACEMENT (in place of auto),
RINGFENCE_LOG_LEVEL (default: INFO), RINGFENCE_JAVA_OPTS (more JVM options), JAVA_HOME.
EOF
}

cmd_up() {
    local abi='' ins='' ins_net=host placement=${RINGFENCE_PLACEMENT:-auto} asked=$#
    local -a arguments=()
    is_placement "$placement" || usage_error "up: RINGFENCE_PLACEMENT is '$placement', not auto, together, spread or none"
    local level=${RINGFENCE_LOG_LEVEL:-INFO}
    [[ ${level^^} =~ ^(ERROR|WARN|INFO|DEBUG|TRACE|ALL|OFF)$ ]] \
        || usage_error "up: RINGFENCE_LOG_LEVEL is '$RINGFENCE_LOG_LEVEL', not ERROR, WARN, INFO, DEBUG, TRACE, ALL or OFF"
    while [ $# -gt 0 ]; do
        case $1 in
            --abi=* | --ins=* | --ins-arg=* | --ins-net=* | --placement=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        esac
        case "$1 ${2:-}" in
            '--abi linux' | '--abi netbsd') abi=$2 ;;
            '--ins-net host' | '--ins-net own') ins_net=$2 ;;
            '--ins '?*) ins=$2 ;;
            '--ins-arg '?*)
                [[ $2 != *$'\n'* ]] || usage_error "up: an argument of the INS cannot have two lines"
                arguments+=("$2")
                ;;
            '--placement '*)
                placement=${2:-}
                is_placement "$placement" || usage_error "up: --placement wants auto, together, spread or none, got '$placement'"
                ;;
            *) usage_error "up: '$1${2:+ $2}' is not understood: './ringfence up --help' shows the options" ;;
        esac
        shift 2
    done
    if [ -n "$ins" ]; then
        [ -z "$abi" ] || usage_error "up: --abi is for the built-in INS: '$ins' says itself what it speaks; pass it --ins-arg"
        command -v -- "$ins" >/dev/null || die "up: --ins '$ins': not a program that can be run"
        ins=$(realpath -- "$(command -v -- "$ins")")
    elif [ ${#arguments[@]} -gt 0 ]; then
        usage_error "up: --ins-arg is for the program of --ins"
    fi
    # shellcheck disable=SC2206 # RINGFENCE_INS_COMMAND is separated by blanks
    if [ -z "$ins" ]; then
        abi=${abi:-${RINGFENCE_ABI:-linux}}
        [[ $abi =~ ^(linux|netbsd)$ ]] || usage_error "up: RINGFENCE_ABI is '$abi', not linux or netbsd"
        INS_COMMAND=(${RINGFENCE_INS_COMMAND:-"$NATIVE/ringfence-ins" --abi "$abi"})
        INS_OPTIONS="--abi $abi"
    else
        INS_COMMAND=("$ins" ${arguments[@]+"${arguments[@]}"})
        INS_OPTIONS="--ins ${INS_COMMAND[*]}"
    fi
    if [ $ins_net = own ]; then
        "$RUNTIME/bin/ins-own-net" --check || exit 1
    fi
    umask 077
    make_state
    build_if_missing
    with_lock start_gateway "$ins_net" "$placement" "$asked"
}

# Runs a function while no other up or down of this instance is at work.
with_lock() {
    if [ -L "$STATE/lock" ] || { [ -e "$STATE/lock" ] && [ ! -f "$STATE/lock" ]; }; then
        die "$STATE/lock: is no regular file: remove it"
    fi
    exec 9>>"$STATE/lock"
    flock -w 60 9 || die "$STATE/lock: held by another 'up' or 'down' for 60 s: wait for it or end it"
    "$@"
    exec 9>&-
}

# start_gateway INS_NET PLACEMENT ASKED: a gateway that runs already must be as asked for, if ASKED is not 0. INS_COMMAND is the
# program of the INS, INS_OPTIONS how it was asked for.
# Names the programs that a former gateway of this state directory served: their sockets went with it, and no other gateway takes
# them over.
cut_off() {
    local environment pid list=''
    for environment in $(grep -lzxsF -- "RINGFENCE_ATTACH=$STATE/attach.sock" /proc/[0-9]*/environ); do
        pid=${environment//[!0-9]/}
        if grep -qs memfd:ringfence "/proc/$pid/maps"; then
            list+="${list:+, }$(cat -- "/proc/$pid/comm" 2>/dev/null) (pid $pid)"
        fi
    done
    [ -z "$list" ] || say "up: these ran behind a gateway that is gone, and their sockets with it; start them again: $list"
}

start_gateway() {
    local options="$INS_OPTIONS --ins-net $1 --placement $2" pid started=false
    if pid=$(gateway_pid); then
        if [ "$3" -ne 0 ] && [ "$options" != "$(cat -- "$STATE/options" 2>/dev/null)" ]; then
            die "gateway (pid $pid) runs with '$(cat -- "$STATE/options")', not '$options': run './ringfence down' first"
        fi
    else
        cut_off
        rm -f -- "$STATE"/{gateway.pid,ready,placement,attach.sock,ins.sock,shell.sock}
        remove_own_net
        { echo "$options" >"$STATE/options"; } 2>/dev/null || die "$STATE/options: cannot be written, so nothing was started: is its file system full?"
        launch_gateway "$1" || die "$STATE/gateway.pid: cannot be written, so the gateway was ended again: is its file system full?"
        pid=$(cat -- "$STATE/gateway.pid")
        started=true
    fi
    await_ready "$pid" $started
    if $started; then
        place_gateway "$pid" "$2"
    fi
    say "up: gateway pid $pid, state in $STATE"
    if [ -s "$STATE/ins-address" ]; then
        say "up: servers behind it answer on $(cat -- "$STATE/ins-address")"
    fi
}

# Starts the JVM in a session of its own, so that Ctrl-C in this terminal does not reach it. The lock's descriptor
# is closed in it: an inherited lock would be held as long as the gateway runs. Fails if its id cannot be noted: nobody would find it.
launch_gateway() {
    local logging=$RUNTIME/conf/logback.xml ins pid
    [ "$1" = own ] && INS_COMMAND=("$RUNTIME/bin/ins-own-net" "${INS_COMMAND[@]}")
    ins=$(printf '%s\n' "${INS_COMMAND[@]}") # a line for each, so that blanks stay in them
    find_java
    utf8_paths
    [ -e "$STATE/conf/logback.xml" ] && logging=$STATE/conf/logback.xml
    # a heap for tables and the OSGi platform: the application's bytes are in shared memory, not on it. While few applications are attached the transport has it
    # stay below 128 MiB.
    local -a flags=(-Xms32m -Xmx512m -XX:MetaspaceSize=64m -Xshare:auto -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError
        "-XX:ErrorFile=$STATE/log/hs_err.log")
    # C2 would take a CPU from the data path for its first minutes, and again after each exchange of a bundle (docs/decisions/0032).
    flags+=(-XX:TieredStopAtLevel=1)
    # What only soft references keep, the platform's notes on the classes of replaced bundles among them, goes within seconds and not minutes.
    flags+=(-XX:SoftRefLRUPolicyMSPerMB=20)
    # shellcheck disable=SC2207 # options are separated by blanks
    flags+=($(memory_options))
    mapfile -t -O ${#flags[@]} flags < <(class_archive)
    [ "$JAVA_MAJOR" -ge 22 ] && flags+=(--enable-native-access=ALL-UNNAMED)
    [ "$JAVA_MAJOR" -ge 24 ] && flags+=(--sun-misc-unsafe-memory-access=allow)
    # shellcheck disable=SC2206 # options are separated by spaces
    flags+=(${RINGFENCE_JAVA_OPTS:-})
    flags+=("-Dringfence.state=$STATE" "-Dringfence.runtime=$RUNTIME" "-Dringfence.native=$NATIVE"
        "-Dringfence.ins.command=$ins"
        "-Dringfence.ins.net=$1" "-Dringfence.log.level=${RINGFENCE_LOG_LEVEL:-INFO}"
        "-Djna.tmpdir=$STATE/data" "-Djava.io.tmpdir=$STATE/data" -Djava.awt.headless=true
        "-Dlogback.configurationFile=$logging" "-Dfelix.config.properties=file:$RUNTIME/conf/config.properties")
    (
        cd "$STATE" || exit
        # the gateway itself must not run behind a gateway
        unset LD_PRELOAD RINGFENCE_ATTACH RINGFENCE_LAUNCH RINGFENCE_NAME
        # setsid does not fork here (a background child leads no process group), so $! is the JVM
        setsid ${PATHS_LOCALE[@]+"${PATHS_LOCALE[@]}"} "$JAVA" "${flags[@]}" -cp "$RUNTIME/lib/*" org.apache.felix.main.Main \
            </dev/null >log/console.log 2>&1 8<&- 9>&- &
        pid=$!
        echo $pid 2>/dev/null >gateway.pid || {
            kill -KILL $pid
            rm -f -- gateway.pid options
            exit 1
        }
    )
}

# await_ready PID STARTED: a gateway that was not started by this 'up' is left as it is, whatever it lacks: others have sockets there.
await_ready() {
    local pid=$1 polls=$((START_BOUND * 20)) problem="not ready after $START_BOUND s"
    while [ ! -e "$STATE/ready" ] && [ $polls -gt 0 ]; do
        # before its exec the child is still this shell, so ask whether it lives, not what it is
        if ! kill -0 "$pid" 2>/dev/null; then
            problem="ended while it started"
            break
        fi
        sleep 0.05
        polls=$((polls - 1))
    done
    [ -e "$STATE/ready" ] && return
    if ! $2 && gateway_pid >/dev/null; then
        gateway_shell status >&2 || true
        die "gateway (pid $pid): runs since an earlier 'up', is $problem, and is left running: mend what is 'missing' above, or './ringfence down' first"
    fi
    {
        echo "--- last lines of $STATE/log/console.log"
        tail -n 15 -- "$STATE/log/console.log" 2>/dev/null || true
        echo "--- last lines of $STATE/log/gateway.log"
        tail -n 15 -- "$STATE/log/gateway.log" 2>/dev/null || true
        echo "---"
    } >&2
    stop_gateway
    die "gateway (pid $pid): $problem: mend what the lines above name, then './ringfence up' again"
}

help_down() {
    cat <<'EOF'
usage: ./ringfence down

Stops the gateway and the isolated network stack. Applications behind it see their connections reset.
EOF
}

cmd_down() {
    [ $# -eq 0 ] || usage_error "down: takes no arguments, got '$1'"
    umask 077 # the lock
    locate_state
    if [ ! -d "$STATE" ] || [ -n "$(strange_in_state)" ]; then
        say "down: nothing runs in $STATE"
        return
    fi
    with_lock stop_gateway
    say "down: nothing runs in $STATE any more"
}

stop_gateway() {
    local pid polls=$((STOP_BOUND * 20))
    if pid=$(gateway_pid); then
        kill -TERM "$pid"
        while gateway_pid >/dev/null && [ $polls -gt 0 ]; do
            sleep 0.05
            polls=$((polls - 1))
        done
        if gateway_pid >/dev/null; then
            say "gateway (pid $pid): still there $STOP_BOUND s after SIGTERM: killing it"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    fi
    rm -f -- "$STATE"/{gateway.pid,ready,attach.sock,ins.sock,shell.sock}
    remove_own_net
    rm -f -- "$STATE/options"
}

# The host's end of the INS's own network, if there is one: the kernel may take its time to remove it.
remove_own_net() {
    grep -qs -- '--ins-net own' "$STATE/options" || return 0
    rm -f -- "$STATE/ins-address"
    "$RUNTIME/bin/ins-own-net" --remove "$STATE" || say "$STATE: the INS's veth could not be removed"
}

help_status() {
    cat <<'EOF'
usage: ./ringfence status

Shows gateway, isolated network stack, applications and policies, and what is missing and why. Exit status 0 when the
gateway is ready, 1 when not, 3 when it does not answer. './ringfence shell health' looks deeper.
EOF
}

cmd_status() {
    local pid answer status=0
    [ $# -eq 0 ] || usage_error "status: takes no arguments, got '$1'"
    locate_state
    pid=$(gateway_pid) || die "gateway: down (state directory $STATE): './ringfence up' starts it"
    answer=$(gateway_shell status) || status=$?
    gateway_ready || [ $status -ne 0 ] || status=1
    echo "instance      $([ $status -eq 0 ] && echo ready || echo 'not ready'), pid $pid, up $(ps -o etime= -p "$pid" | tr -d ' ')," \
        "$(cat -- "$STATE/options" 2>/dev/null)"
    echo "state         $STATE"
    echo "placement     $(sed 's/none .*/none/; s/ / on CPU /; s/ / of /4' "$STATE/placement" 2>/dev/null)"
    if [ -s "$STATE/ins-address" ]; then
        echo "INS address   $(cat -- "$STATE/ins-address")"
    fi
    [ -z "$answer" ] || printf '\n%s\n' "$answer"
    [ $status -ne 1 ] || die "gateway (pid $pid): running but not ready: './ringfence logs' says why"
    return $status
}

help_shell() {
    cat <<'EOF'
usage: ./ringfence shell [COMMAND ...]

The Gogo shell of the running gateway. With COMMAND: runs it, prints what it writes, and exits with status 1 if it
failed, 2 if it was called wrongly, 3 if no gateway answers, or none within 10 s. Several arguments are the words of one command; one argument
is a line as it would be typed ('connections | grep nginx'). Without: runs the lines of standard input; on a terminal
with a history (Up, Ctrl-R) and completion (Tab), and Ctrl-C ends the command that runs. 'help' lists the commands, 'exit'
or end of file leaves.
EOF
}

cmd_shell() {
    umask 077 # the history
    locate_state
    gateway_pid >/dev/null || { say "gateway: down (state directory $STATE): './ringfence up' starts it"; exit 3; }
    gateway_shell "$@"
}

help_logs() {
    cat <<'EOF'
usage: ./ringfence logs [TAIL-OPTIONS]

Shows the last lines of the gateway's log. Options are those of tail(1): -f follows, -n 100 shows a hundred lines.
EOF
}

cmd_logs() {
    locate_state
    [ -e "$STATE/log/gateway.log" ] || die "$STATE/log/gateway.log: not there: no gateway has run in this state directory"
    if [ -s "$STATE/log/console.log" ]; then
        echo "--- $STATE/log/console.log: what the platform printed since the start"
        tail -n 20 -- "$STATE/log/console.log"
        echo "--- $STATE/log/gateway.log"
    fi
    case " $* " in
        *' -f '*) set -- "$@" --follow=name --retry ;; # the file is rotated
    esac
    exec tail "$@" -- "$STATE/log/gateway.log"
}
