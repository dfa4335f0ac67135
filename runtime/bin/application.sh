# shellcheck shell=bash
# The verbs run and env: programs behind the gateway. Sourced by ./ringfence.

help_run() {
    cat <<'EOF'
usage: ./ringfence run [--name N] [--host-net] -- COMMAND [ARGUMENT ...]

Runs COMMAND behind the gateway, in an empty network namespace: what it does with internet sockets is done by the
isolated network stack. Exit status and signals pass through; the process keeps its id.

  --name N     what the gateway calls the application (default: the name of COMMAND)
  --host-net   leave COMMAND in the network namespace of its caller

Without root the program runs in a user namespace with one user id: setgid(), setgroups() and changing to another
user fail there, and so do ports below 1024. Programs that are set-user-ID or statically linked cannot be run.
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

launch_id() { echo "$1-$$-$(date +%s%N)"; }

require_gateway() {
    locate_state
    gateway_pid >/dev/null || die "$1: no gateway is running (state directory $STATE): './ringfence up' starts it"
    gateway_ready || die "$1: the gateway is not ready: './ringfence status' and './ringfence logs' say why"
}

cmd_run() {
    local name='' host_net=false
    while [ $# -gt 0 ]; do
        case $1 in
            --name)
                [ -n "${2:-}" ] || usage_error "run: --name wants a name"
                name=$2
                shift
                ;;
            --name=*) name=${1#*=} ;;
            --host-net) host_net=true ;;
            --)
                shift
                break
                ;;
            -*) usage_error "run: option '$1' is unknown: './ringfence run --help' shows them" ;;
            *) break ;;
        esac
        shift
    done
    [ $# -gt 0 ] || usage_error "run: no command: ./ringfence run [--name N] [--host-net] -- COMMAND ..."
    require_gateway run
    if ! command -v -- "$1" >/dev/null; then
        say "run: '$1' is not a program on the path"
        exit 127
    fi
    preload_path
    application_name "${name:-$1}"
    RINGFENCE_LAUNCH=$(launch_id "$NAME")
    export RINGFENCE_ATTACH=$STATE/attach.sock RINGFENCE_LAUNCH RINGFENCE_NAME=$NAME

    local -a namespace=()
    if ! $host_net; then
        namespace=(unshare --net)
        [ "$(id -u)" -eq 0 ] || own_user_namespace
    fi
    # Only COMMAND itself gets the shim, so a shell sets LD_PRELOAD as the last thing (env(1) would take a COMMAND
    # with '=' in its name for a variable). Every step is an exec: the process id stays.
    # shellcheck disable=SC2016 # expanded by the inner shell
    exec ${namespace[@]+"${namespace[@]}"} ${namespace[@]+--} \
        sh -c 'export LD_PRELOAD="$1"; shift; exec "$@"' ringfence "$PRELOAD" "$@"
}

# Without root: a user namespace in which the caller keeps its id, around the network namespace.
own_user_namespace() {
    namespace=(unshare --user --map-current-user --net)
    "${namespace[@]}" -- true 2>/dev/null \
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
