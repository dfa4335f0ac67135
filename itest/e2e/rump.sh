#!/usr/bin/env bash
# The INS that is built against a rump kernel, started with --ins: here against a double of the kernel's libraries, which
# answers NetBSD's system calls on the host's sockets (native/ins/rump/double). docs/rumprun.md is about the real one.
set -u
. "$(dirname -- "$0")/behind.sh"
. "$(dirname -- "$0")/sockets.sh"
needs "programs behind an INS with a rump kernel" nginx curl redis-server redis-cli "$PYTHON" ss make cc

make --no-print-directory -C "$ROOT/native" ins-rump-double >/dev/null 2>&1 \
    || { not_ok "the INS is built against a rump kernel's prefix" "make -C native ins-rump-double fails"; exit 1; }
ok "the INS is built against a rump kernel's prefix"
NOTES=$(mktemp "${TMPDIR:-/tmp}/ringfence-rump.XXXXXX")
export RUMP_DOUBLE_LOG=$NOTES
own_gateway --ins "$ROOT/native/build/rump-double/build/ringfence-ins-rump" --ins-arg --no-sandbox \
    --ins-arg --interface --ins-arg shmif0@"a bus" --ins-arg --address --ins-arg 10.77.0.2/20 \
    --ins-arg --address=fd77::2/64 --ins-arg --gateway=10.77.0.1
is_netbsd() { shell ringfence:ins | awk 'NR == 2 { exit $3 != "netbsd" }'; }
check "the INS of --ins says itself that it speaks NetBSD" is_netbsd
configured() { diff "$NOTES" <(printf '%s\n' 'dad_count 0 ' 'create shmif0 ' 'link shmif0 a bus' \
    'address shmif0 10.77.0.2 255.255.240.0' 'address shmif0 fd77::2 64' 'up shmif0 ' 'gateway 10.77.0.1 '); }
check "its kernel has made the interface that --ins-arg names" configured
rm -f -- "$NOTES"
check_status "up refuses --abi beside --ins" 2 "$ROOT/ringfence" up --ins /bin/true --abi netbsd
check_status "up refuses --ins-arg without --ins" 2 "$ROOT/ringfence" up --ins-arg x

sockets_are_as_natively

make_site
port=$(free_port)
serve_nginx "$port" 512 <<END
    sendfile on;
    tcp_nopush on;
    server {
        listen $port;
        listen [::1]:$port;
        root $SITE/www;
    }
END
check "nginx serves 1 KiB to 32 curls at a time, 320 in all" fetched_by 32 10 "http://127.0.0.1:$port/small" "$SITE/www/small"
check "nginx serves 50 MiB" fetches "http://127.0.0.1:$port/large" "$SITE/www/large"
check "nginx serves 50 MiB over IPv6" fetches "http://[::1]:$port/large" "$SITE/www/large"
fetches_behind() { "$ROOT/ringfence" run -- curl -sSf -m 20 "http://127.0.0.1:$port/large" | cmp -s - "$SITE/www/large"; }
check "curl behind the gateway fetches 50 MiB" fetches_behind
check "nginx ends when it is told to" stop "$nginx" QUIT

port=$(free_port)
behind redis redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$SITE"
redis=$PROGRAM
serves redis-server "$port"
says() { [ "$(redis-cli -p "$port" "${@:2}")" = "$1" ]; }
check "redis answers" says PONG ping
check "redis ends when it is told to" stop "$redis"
nothing_stays "programs behind an INS with a rump kernel"
