# shellcheck shell=bash
# The verbs run and env: programs behind the gateway. Sourced by ./ringfence.

help_run() {
    cat <<'EOF'
usage: ./ringfence run [--name N] [--ins I] [--host-net] [--placement auto|together|spread|none]
       -- COMMAND [ARGUMENT ...]

Runs COMMAND behind the gateway, in an empty network namespace: what it does with internet sockets is done by the
isolated network stack. Exit status and signals pass through; the process keeps its id.

  --name N     what the gateway calls the application (default: the name of COMMAND)
  --ins I      the INS its sockets are on, by its name, where several are attached (default: the one with the fewest)
  --host-net   leave COMMAND in the network namespace of its caller
  --placement  COMMAND runs on the gateway's CPU (together), on the others (spread), or where its caller runs (none);
               auto (default): as 'up' chose. A caller that may not use that CPU is left where it is

Without root the program runs in a user namespace with one user id: setgid(), setgroups() and changing to another
user fail there, and so do ports below 1024; set-user-ID programs cannot be put behind the gateway. Statically linked
ones cannot in any case: one line says so, and they run without network.
EOF
}

# Sets NAME from what the user or the program is called: at most 31 of [A-Za-z0-9._-].
application_name() {
    NAME=${1##*/}
    NAME=${NAME//[^A-Za-z0-9._-]/_}
    NAME=${NAME:0:31}
    NAME=${NAME:-unnamed}
}

# Sets PRELOAD: the shim, after libraries that are preloaded already. ld.so splits LD_PRELOAD at spaces and colons.
preload_path() {
    local shim=$NATIVE/libringfence.so
    [ -e "$shim" ] || die "$shim: not there: './ringfence build' makes it"
    case $shim in
        *[\ :]*) die "$shim: LD_PRELOAD cannot hold a path with spaces or colons: move the installation" ;;
    esac
    case :${LD_PRELOAD:-}: in
        *[:\ ]"$shim"[:\ ]*) PRELOAD=$LD_PRELOAD ;;
        *) PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$shim ;;
    esac
}

# number FILE OFFSET BYTES: an unsigned little-endian number in a file; nothing if the file is shorter.
number() { od -An -v -t "u$3" -j "$2" -N "$3" --endian=little -- "$1" 2>/dev/null | tr -d ' \n'; }

# has_loader FILE: false for a 64-bit ELF program without PT_INTERP, which nothing can be preloaded into. True for all
# else: scripts are their interpreter's affair.
has_loader() {
    local offset size count
    [ "$(number "$1" 0 4)" = 1179403647 ] && [ "$(number "$1" 4 1)" = 2 ] || return 0
    offset=$(number "$1" 32 8) size=$(number "$1" 54 2) count=$(number "$1" 56 2)
    while [ "${count:-0}" -gt 0 ]; do
        [ "$(number "$1" "$offset" 4)" = 3 ] && return 0
        offset=$((offset + size))
        count=$((count - 1))
    done
    return 1
}

# One line for a program that LD_PRELOAD does not reach, instead of its silence.
warn_out_of_reach() {
    local program=$1 interpreter
    [ -r "$program" ] || return 0
    if IFS= read -r -n 256 interpreter <"$program" 2>/dev/null && [[ $interpreter == '#!'* ]]; then
        interpreter=${interpreter#'#!'}
        read -r program _ <<<"$interpreter"
        [ -r "$program" ] || return 0
    fi
    if ! has_loader "$program"; then
        say "run: '$program' is statically linked: the shim cannot be preloaded into it, so it is not behind the gateway"
    elif { [ -u "$program" ] && [ "$(stat -Lc %u -- "$program")" != "$(id -u)" ]; } ||
        { [ -g "$program" ] && [ "$(stat -Lc %g -- "$program")" != "$(id -g)" ]; }; then
        say "run: '$program' is set-user-ID or set-group-ID: the loader does not preload the shim into it, so it is not behind the gateway"
    fi
}

launch_id() { echo "$1-$$-$(date +%s%N)"; }

require_gateway() {
    locate_state
    gateway_pid >/dev/null || die "$1: no gateway is running (state directory $STATE): './ringfence up' starts it"
    gateway_ready || die "$1: the gateway is not ready: './ringfence status' and './ringfence logs' say why"
}

cmd_run() {
    local name='' ins='' host_net=false placement=auto
    while [ $# -gt 0 ]; do
        case $1 in
            --name)
                [ -n "${2:-}" ] || usage_error "run: --name wants a name"
                name=$2
                shift
                ;;
            --name=*) name=${1#*=} ;;
            --ins)
                [ -n "${2:-}" ] || usage_error "run: --ins wants the name of an INS"
                ins=$2
                shift
                ;;
            --ins=*) ins=${1#*=} ;;
            --host-net) host_net=true ;;
            --placement=*) placement=${1#*=} ;;
            --placement)
                placement=${2:-}
                [ $# -lt 2 ] || shift
                ;;
            --)
                shift
                break
                ;;
            -*) usage_error "run: option '$1' is unknown: './ringfence run --help' shows them" ;;
            *) break ;;
        esac
        shift
    done
    [ $# -gt 0 ] || usage_error "run: no command: ./ringfence run [--name N] [--ins I] [--host-net] -- COMMAND ..."
    is_placement "$placement" || usage_error "run: --placement wants auto, together, spread or none, got '$placement'"
    require_gateway run
    if ! command -v -- "$1" >/dev/null; then
        say "run: '$1' is not a program on the path"
        exit 127
    fi
    warn_out_of_reach "$(command -v -- "$1")"
    preload_path
    application_name "${name:-$1}"
    RINGFENCE_LAUNCH=$(launch_id "$NAME")
    if [ -n "$ins" ]; then
        [[ $ins =~ ^[A-Za-z0-9._-]{1,15}$ ]] || usage_error "run: --ins '$ins': an INS's name has 1 to 15 of A-Z a-z 0-9 . _ -"
        NAME=${NAME:0:$((30 - ${#ins}))}@$ins # docs/protocol.md, "Attaching"
    fi
    export RINGFENCE_ATTACH=$STATE/attach.sock RINGFENCE_LAUNCH RINGFENCE_NAME=$NAME

    local -a namespace=()
    if ! $host_net; then
        namespace=(unshare --net --)
        if [ "$(id -u)" -ne 0 ]; then
            own_user_namespace
        elif own_preload_list; then
            namespace=(unshare --net --mount --propagation slave --)
        fi
    fi
    application_cpus "$placement"
    if [ -n "$CPUS" ]; then
        namespace=(taskset -c "$CPUS" ${namespace[@]+"${namespace[@]}"})
    fi
    # Only COMMAND itself gets the shim, so a shell sets LD_PRELOAD as the last thing (env(1) would take a COMMAND
    # with '=' in its name for a variable). Every step is an exec: the process id stays.
    # shellcheck disable=SC2016 # expanded by the inner shell
    exec ${namespace[@]+"${namespace[@]}"} sh -c '
        [ -z "$2" ] || { mount --bind "$2" /etc/ld.so.preload; rm -f "$2"; }
        export LD_PRELOAD="$1"; shift 2; exec "$@"' ringfence "$PRELOAD" "$PRELOAD_LIST" "$@"
}

# As root: sets PRELOAD_LIST, a file that COMMAND's own mount namespace has in the place of /etc/ld.so.preload. So what it
# executes is behind the gateway even with an environment that the shim could not complete, and set-user-ID programs are.
# The loader needs a file to lay it over: where there is none, an empty one is made, which says nothing to anybody.
PRELOAD_LIST=''
own_preload_list() {
    { [ -e /etc/ld.so.preload ] || : >/etc/ld.so.preload; } 2>/dev/null || return 1
    unshare --mount --propagation slave -- mount --bind /etc/ld.so.preload /etc/ld.so.preload 2>/dev/null || return 1
    PRELOAD_LIST=$(mktemp "$STATE/preload.XXXXXX") || return 1
    {
        printf '#\tRINGFENCE_ATTACH=%s\tRINGFENCE_LAUNCH=%s\tRINGFENCE_NAME=%s\n%s\n' \
            "$RINGFENCE_ATTACH" "$RINGFENCE_LAUNCH" "$NAME" "$NATIVE/libringfence.so"
        sed 's/#.*//' /etc/ld.so.preload
    } >"$PRELOAD_LIST"
    chmod 0644 "$PRELOAD_LIST"
}

# Without root: a user namespace in which the caller keeps its id, around the network namespace.
own_user_namespace() {
    namespace=(unshare --user --map-current-user --net --)
    "${namespace[@]}" true 2>/dev/null \
        || die "run: this system allows no unprivileged user namespaces: run as root, allow them (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), or use --host-net"
    say "run: not root: one user id only, so '$NAME' can neither setgid(), setgroups() nor bind ports below 1024"
}

help_env() {
    cat <<'EOF'
usage: ./ringfence env [--name N]

Prints export lines for starting a program behind the gateway by hand, in the network namespace it is started in:

    (eval "$(./ringfence env --name web)"; exec ./server)

Each call makes a new launch: programs that are to share their sockets must be started with the same lines.
EOF
}

cmd_env() {
    local name=shell
    case ${1:-} in
        --name)
            [ -n "${2:-}" ] || usage_error "env: --name wants a name"
            name=$2
            shift 2
            ;;
        --name=*)
            name=${1#*=}
            shift
            ;;
    esac
    [ $# -eq 0 ] || usage_error "env: '$1' is not understood: './ringfence env --help' shows the options"
    require_gateway env
    preload_path
    application_name "$name"
    printf 'export %s=%q\n' RINGFENCE_ATTACH "$STATE/attach.sock" RINGFENCE_LAUNCH "$(launch_id "$NAME")" \
        RINGFENCE_NAME "$NAME" LD_PRELOAD "$PRELOAD"
}
