# shellcheck shell=bash
# Programs behind a gateway of their own, and that nothing of them stays there. Sourced by the end-to-end tests.

# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/assert.sh"

# Debian's, rather than a version manager's shell script of that name
PYTHON=$(PATH=/usr/bin:$PATH command -v python3)
CLIENTS=$ROOT/itest/e2e/python
PROGRAMS=() # process groups that were started here
SITE=''     # files that programs serve, configurations and their logs
STARTED=$SECONDS

# needs SENTENCE PROGRAM...: ends this file with a skip line if a program is not there.
needs() {
    local sentence=$1 program
    shift
    for program; do
        command -v "$program" >/dev/null || {
            skip "$sentence" "$program is not installed"
            exit 0
        }
    done
}

# A gateway for this file alone, and a directory that servers may read after they changed to another user. A function
# 'configure' of the file is called before the gateway starts.
own_gateway() {
    own_instance
    SITE=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-site.XXXXXX")
    chmod 0755 "$SITE"
    trap 'finish' EXIT
    ! declare -F configure >/dev/null || configure
    trap 'exit 129' HUP PIPE # whoever reads the lines is gone: bash would end without the trap above
    "$ROOT/ringfence" up "$@" 2>"$SITE/up" || {
        not_ok "the gateway starts" "$(tr '\n' '|' <"$SITE/up")"
        exit 1
    }
    remember
}

# At the end in any case, with the exit status as it was: every program, then the gateway.
finish() {
    local status=$? group each
    for group in "${PROGRAMS[@]}"; do
        kill -KILL -- "-$group" 2>/dev/null
    done
    # what has left its group but is behind this gateway
    for each in $(grep -lzx "RINGFENCE_ATTACH=$RINGFENCE_STATE/attach.sock" /proc/[0-9]*/environ 2>/dev/null); do
        each=${each#/proc/}
        kill -KILL "${each%/environ}" 2>/dev/null
    done
    # what a failed test leaves is worth reading
    [ $FAILURES -gt 0 ] && [ -d "$SITE" ] && tail -n 5 "$SITE"/*.log 2>/dev/null | sed 's/^/# /'
    [ -n "$SITE" ] && rm -rf -- "$SITE"
    echo "# $(basename "$0"): $((SECONDS - STARTED)) s"
    # shellcheck disable=SC2317
    (exit $status)
    end_instance
}

# A TCP port nobody uses, on IPv4 and IPv6, below those that the kernel gives to clients.
free_port() {
    "$PYTHON" - <<'EOF'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    try:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            with socket.socket(family) as s:
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind((address, port))
        print(port)
        break
    except OSError:
        pass
EOF
}

# outside COMMAND... and behind NAME COMMAND...: start a program in the background, in a process group of its own, and
# set PROGRAM to its id. What it writes goes to NAME.log in SITE, for programs outside to outside.log.
outside() {
    setsid "$@" >>"$SITE/outside.log" 2>&1 </dev/null &
    PROGRAM=$!
    PROGRAMS+=("$PROGRAM")
}

behind() {
    local -a run=("$ROOT/ringfence" run --name "$1" --)
    local name=$1
    shift
    # to see how a program fares without Ringfence
    [ "${BEHIND:-}" = nothing ] && run=()
    # setsid does not fork in a background child, and 'run' is replaced by the program: the process id stays
    setsid "${run[@]}" "$@" >>"$SITE/$name.log" 2>&1 </dev/null &
    PROGRAM=$!
    PROGRAMS+=("$PROGRAM")
}

# ended PID: the process is gone, or is a zombie that somebody else has to reap.
ended() {
    local state
    state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
    [[ $state == Z* ]]
}

# stop PID [SIGNAL]: ends a program that was started here; fails if it does not end within 10 s.
stop() {
    local group=$1 kept=() each status=0
    kill "-${2:-TERM}" "$group" 2>/dev/null
    if ! within 10 ended "$group"; then
        status=1
    fi
    kill -KILL -- "-$group" 2>/dev/null
    { wait "$group"; } 2>/dev/null
    for each in "${PROGRAMS[@]}"; do
        [ "$each" = "$group" ] || kept+=("$each")
    done
    PROGRAMS=("${kept[@]}")
    return $status
}

# listens PORT: a TCP socket listens there, on whatever address.
listens() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

# serves NAME PORT: waits until the program that was started last listens; ends this file if it does not.
serves() {
    local polls=300
    until listens "$2"; do
        polls=$((polls - 1))
        if [ $polls -eq 0 ] || ended "$PROGRAM"; then
            not_ok "$1 starts behind the gateway" "it does not listen on port $2: $(tail -n 5 "$SITE"/*.log | tr '\n' '|')"
            exit 1
        fi
        sleep 0.05
    done
}

shell() { "$ROOT/ringfence" shell "$@"; }

# on_terminal WHAT COMMAND...: types on the terminal of a command that is an interactive shell of the gateway.
on_terminal() {
    local what=$1 line
    shift
    while IFS= read -r line; do
        case $line in
            'ok - '*) ok "$what: ${line#ok - }" ;;
            *) not_ok "$what on a terminal" "$line" ;;
        esac
    done < <("$PYTHON" "$CLIENTS/terminal.py" "$@" 2>&1)
}

# ---- what must not stay ----

gateway() { cat "$RINGFENCE_STATE/gateway.pid"; }
ins() { shell ringfence:ins | awk 'NR == 2 { print $2 }'; }
ins_sockets() { shell ringfence:ins | awk 'NR > 1 { n += $4 } END { print n + 0 }'; }

# descriptors PID: how many sockets, memory files, event descriptors and pipes a process has. Files of the JVM's own
# classes, which it opens when it first needs them, are not counted.
descriptors() { find "/proc/$1/fd" -lname '*:*' -printf 'x\n' 2>/dev/null | wc -l; }

open_descriptors() { find "/proc/$1/fd" -lname '*:*' -printf '%f %l\n'; }

# steady PID: no descriptor has come or gone for half a second. "Ready" is before the last bundle has started.
steady() {
    local polls before now
    before=$(descriptors "$1")
    for polls in 1 2 3 4 5; do
        sleep 0.1
        now=$(descriptors "$1")
        [ "$now" -eq "$before" ] || return 1
    done
}

remember() {
    GATEWAY=$(gateway)
    INS=$(ins) # whose connection to the shell has to be gone, too
    within 10 steady "$GATEWAY"
    GATEWAY_DESCRIPTORS=$(descriptors "$GATEWAY")
    INS_DESCRIPTORS=$(descriptors "$INS")
}

no_applications() { shell ringfence:applications | grep -q '^none attached'; }
no_ins_sockets() { [ "$(ins_sockets)" -eq 0 ]; }
has_descriptors() { [ "$(descriptors "$1")" -eq "$2" ]; }

# nothing_stays WHOSE: after WHOSE end the gateway and the INS are as they were when they were remembered.
nothing_stays() {
    left "$1 leaves no application in the gateway" no_applications shell ringfence:applications
    left "$1 leaves no socket in the INS" no_ins_sockets shell ringfence:ins
    left "$1 leaves no descriptor in the gateway" "has_descriptors $GATEWAY $GATEWAY_DESCRIPTORS" open_descriptors "$GATEWAY"
    left "$1 leaves no descriptor in the INS" "has_descriptors $INS $INS_DESCRIPTORS" open_descriptors "$INS"
    quiet_log "$1"
}

# left SENTENCE CONDITION COMMAND...: the condition comes true within 15 s; else the command shows what is.
left() {
    local sentence=$1 condition=$2
    shift 2
    # shellcheck disable=SC2086 # a command with its arguments
    if within 15 $condition; then
        ok "$sentence"
    else
        not_ok "$sentence" "after 15 s: $("$@" 2>&1 | tr '\n' '|')"
    fi
}

# quiet_log WHOSE [PATTERN]: nothing in the log is a warning, an error or an exception, save for lines with PATTERN.
quiet_log() {
    local log=$RINGFENCE_STATE/log found
    found=$(grep -hE 'WARN|ERROR|Exception|^\s+at ' "$log/gateway.log" | grep -vE "${2:-^$}" | head -n 5)
    # the JVM's own warnings are the platform's
    found+=$(grep -hE 'Exception|^\s+at ' "$log/console.log" | head -n 5)
    if [ -z "$found" ]; then
        ok "$1: no warning, error or exception in the gateway's log"
    else
        not_ok "$1: no warning, error or exception in the gateway's log" "${found//$'\n'/ | }"
    fi
}

# ---- files to serve, and many clients ----

# Makes SITE/www with a file of 1 KiB and one of 50 MiB.
make_site() {
    mkdir -p "$SITE/www"
    head -c 1024 /dev/urandom >"$SITE/www/small"
    head -c $((50 * 1024 * 1024)) /dev/urandom >"$SITE/www/large"
    chmod -R a+rX "$SITE/www"
}

# nginx_configuration CONNECTIONS [MAIN]: writes SITE/nginx.conf for two workers of so many connections each; what its http block
# says beside log and temporary files is read from standard input, MAIN is one more line outside of it.
nginx_configuration() {
    local user=''
    [ "$(id -u)" -eq 0 ] && user="user $(id -nu www-data 2>/dev/null || echo nobody);"
    cat >"$SITE/nginx.conf" <<EOF
$user
worker_processes 2;
pid $SITE/nginx.pid;
error_log $SITE/error.log;
${2:-}
events { worker_connections $1; }
http {
    access_log off;
    client_body_temp_path $SITE/body;
    proxy_temp_path $SITE/proxy;
    fastcgi_temp_path $SITE/fastcgi;
    uwsgi_temp_path $SITE/uwsgi;
    scgi_temp_path $SITE/scgi;
$(cat)
}
EOF
}

# serve_nginx PORT CONNECTIONS: starts an nginx behind the gateway, configured as nginx_configuration says, and waits until it
# listens. Sets nginx to its process id.
serve_nginx() {
    nginx_configuration "$2"
    behind nginx nginx -e "$SITE/error.log" -c "$SITE/nginx.conf" -g 'daemon off;'
    # shellcheck disable=SC2034 # the caller's
    nginx=$PROGRAM
    serves nginx "$1"
}

# fetches URL FILE [ARGUMENT...]: what curl fetches is the file.
fetches() {
    local url=$1 file=$2
    shift 2
    curl -sSf -m 60 "$@" "$url" | cmp -s - "$file"
}

# fetched_by N TIMES URL FILE [RATE]: N curls at the same time, each TIMES in turn (at most RATE fast, as curl's
# --limit-rate has it), all get the file. Fails with the number of those that did not.
fetched_by() {
    local missing errors
    errors=$(mktemp -d)
    # shellcheck disable=SC2016 # expanded by the inner shell
    missing=$(seq $(($1 * $2)) | xargs -P "$1" -I{} sh -c \
        'curl -sS -f -m 120 --limit-rate "$4" "$1" 2>"$3/{}.curl" | cmp -s - "$2" || echo "{} $(cat "$3/{}.curl")"' \
        fetch "$3" "$4" "$errors" "${5:-0}")
    rm -rf -- "$errors"
    [ -z "$missing" ] || {
        echo "$(wc -l <<<"$missing") of $(($1 * $2)) fetches differ, the first: ${missing%%$'\n'*}"
        return 1
    }
}
