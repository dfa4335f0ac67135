# shellcheck shell=bash
# The verb demo: the whole system once, with an nginx that knows nothing of it. Sourced by ./ringfence.

help_demo() {
    cat <<'EOF'
usage: ./ringfence demo

Builds Ringfence, starts it in a temporary state directory, runs an unmodified nginx behind it in a network
namespace without any interface but an idle loopback, fetches a page from outside, and shows what the gateway saw.
Stops everything at the end. As root on Debian or Ubuntu it installs the programs it needs.
EOF
}

step() { printf '\n== %s\n' "$*"; }

cmd_demo() {
    [ $# -eq 0 ] || usage_error "demo: takes no arguments, got '$1'"
    DEMO_NGINX=''
    DEMO_SITE=''
    DEMO_STATE=''
    DEMO_STOPPED=''
    need_programs demo
    build_all

    trap demo_cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # two directories: the state is its owner's only, the site must be readable for nginx's workers
    DEMO_STATE=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-demo.XXXXXX")
    DEMO_SITE=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-site.XXXXXX")
    export RINGFENCE_STATE=$DEMO_STATE

    step "Gateway and isolated network stack"
    locate_state
    "$ROOT/ringfence" up
    demo_serve
    demo_show
    step "Stopping everything"
    demo_stop
    say "demo: done"
}

# A TCP port nobody listens on.
free_port() {
    local port
    for port in $(shuf -i 20000-32000 -n 50); do
        if [ -z "$(ss -Hltn "sport = :$port")" ]; then
            echo "$port"
            return
        fi
    done
    die "no free TCP port among 50 tried between 20000 and 32000"
}

demo_configuration() {
    local user=''
    if [ "$(id -u)" -eq 0 ]; then
        user="user $(id -nu www-data 2>/dev/null || echo nobody);"
    fi
    cat <<EOF
$user
worker_processes 2;
pid $DEMO_SITE/nginx.pid;
error_log $DEMO_SITE/error.log;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $DEMO_SITE/body;
    proxy_temp_path $DEMO_SITE/proxy;
    fastcgi_temp_path $DEMO_SITE/fastcgi;
    uwsgi_temp_path $DEMO_SITE/uwsgi;
    scgi_temp_path $DEMO_SITE/scgi;
    server {
        listen $DEMO_PORT;
        root $DEMO_SITE/www;
    }
}
EOF
}

demo_serve() {
    local polls=200
    DEMO_PORT=$(free_port)
    chmod 0755 "$DEMO_SITE"
    mkdir "$DEMO_SITE/www"
    echo 'Served by an nginx that has no network of its own.' >"$DEMO_SITE/www/index.html"
    chmod -R a+rX "$DEMO_SITE/www"
    demo_configuration >"$DEMO_SITE/nginx.conf"

    step "nginx, unmodified, behind the gateway: ./ringfence run --name nginx -- nginx ..."
    "$ROOT/ringfence" run --name nginx -- \
        nginx -e "$DEMO_SITE/error.log" -c "$DEMO_SITE/nginx.conf" -g 'daemon off;' &
    DEMO_NGINX=$!
    until curl -sf -m 2 -o /dev/null "http://127.0.0.1:$DEMO_PORT/"; do
        polls=$((polls - 1))
        if [ $polls -eq 0 ] || ! kill -0 "$DEMO_NGINX" 2>/dev/null; then
            tail -n 15 "$DEMO_SITE/error.log" "$DEMO_STATE/log/gateway.log" >&2 || true
            die "demo: nginx does not answer on port $DEMO_PORT: the lines above are the ends of its log and the gateway's"
        fi
        sleep 0.05
    done
    echo "nginx is process $DEMO_NGINX and its workers $(pgrep -d ' ' -P "$DEMO_NGINX")"

    step "The network interfaces nginx has (/proc/$DEMO_NGINX/net/dev), and its addresses there"
    awk -F: 'NR > 2 { split($2, n, " "); print $1 ": received " n[1] " bytes, sent " n[9] }' "/proc/$DEMO_NGINX/net/dev"
    local -a enter=(nsenter --target "$DEMO_NGINX" --net)
    [ "$(id -u)" -eq 0 ] || enter+=(--user --preserve-credentials)
    "${enter[@]}" ip -o link || true
    if [ -z "$("${enter[@]}" ip -o addr 2>/dev/null)" ]; then
        echo "no addresses: nothing reaches nginx this way"
    fi
}

demo_show() {
    step "Fetched from outside, through the isolated network stack: curl http://127.0.0.1:$DEMO_PORT/"
    curl -sSf -m 5 -i "http://127.0.0.1:$DEMO_PORT/" || die "demo: curl failed: see above"

    # a connection that stays open, so that there is one to see
    exec 7<>"/dev/tcp/127.0.0.1/$DEMO_PORT"
    printf 'GET / HTTP/1.1\r\nHost: demo\r\n\r\n' >&7
    read -r -t 5 _ <&7 || die "demo: no answer within 5 s on a second connection"

    step "The calls as the gateway saw them: ./ringfence shell trace --last 40"
    gateway_shell trace --last 40 || die "demo: the gateway's trace cannot be shown"
    step "The connections: ./ringfence shell connections"
    gateway_shell connections || die "demo: the gateway's connections cannot be shown"
    exec 7>&-
}

demo_stop() {
    local polls=200
    if [ -n "$DEMO_NGINX" ] && kill -TERM "$DEMO_NGINX" 2>/dev/null; then
        while kill -0 "$DEMO_NGINX" 2>/dev/null && [ $polls -gt 0 ]; do
            sleep 0.05
            polls=$((polls - 1))
        done
        if kill -0 "$DEMO_NGINX" 2>/dev/null; then
            say "nginx (pid $DEMO_NGINX): still there 10 s after SIGTERM: killing it"
            pkill -KILL -P "$DEMO_NGINX" || true
            kill -KILL "$DEMO_NGINX" 2>/dev/null || true
        fi
        wait "$DEMO_NGINX" 2>/dev/null || true
    fi
    DEMO_NGINX=''
    if [ -n "$DEMO_STATE" ] && [ -d "$DEMO_STATE" ]; then
        [ -n "$DEMO_STOPPED" ] || cmd_down
        DEMO_STOPPED=true
    fi
}

# At the end in any case: error and Ctrl-C included. Keeps the exit status.
demo_cleanup() {
    local status=$?
    trap - EXIT INT TERM
    set +e
    demo_stop
    if [ $status -ne 0 ] && [ -n "$DEMO_STATE" ]; then
        say "demo: failed; logs are in $DEMO_STATE/log"
    else
        rm -rf -- "$DEMO_STATE"
    fi
    rm -rf -- "$DEMO_SITE"
    exit $status
}
