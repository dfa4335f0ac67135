#!/usr/bin/env bash
# Programs that Go compiles make system calls past libc: Caddy serves files and is a proxy, both behind the gateway.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "a program of Go's behind the gateway" caddy curl ss python3
own_gateway
make_site
head -c 5000000 /dev/urandom >"$SITE/www/large"

port=$(free_port)
behind files env HOME="$SITE" caddy file-server --listen "127.0.0.1:$port" --root "$SITE/www"
files=$PROGRAM
serves "a file server of Go's" "$port"
known() { shell apps | grep -qw files; }
check "it is an application of the gateway's" known
check "a small file arrives" fetches "http://127.0.0.1:$port/small" "$SITE/www/small"
check "so does a large one" fetches "http://127.0.0.1:$port/large" "$SITE/www/large"
many() {
    local pids=() pid status=0
    for _ in $(seq 16); do
        fetches "http://127.0.0.1:$port/large" "$SITE/www/large" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return $status
}
check "and sixteen at once" many

second=$(free_port)
cat >"$SITE/Caddyfile" <<EOF
{
    admin off
    auto_https off
}
http://127.0.0.1:$second {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:$port
}
EOF
behind proxy env HOME="$SITE" caddy run --adapter caddyfile --config "$SITE/Caddyfile"
proxy=$PROGRAM
serves "a proxy of Go's" "$second"
check "what it fetches behind the gateway arrives" fetches "http://127.0.0.1:$second/large" "$SITE/www/large"
check "the proxy ends when it is told to" stop "$proxy" TERM
check "the file server ends when it is told to" stop "$files" TERM
nothing_stays "programs of Go's"
