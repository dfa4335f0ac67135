#!/usr/bin/env bash
# Programs behind an INS that speaks NetBSD: every number, address, option and error is translated there and back.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "programs behind a stack that speaks NetBSD" nginx curl redis-server redis-cli "$PYTHON" ss
own_gateway --abi netbsd

is_netbsd() { shell ringfence:ins | awk 'NR == 2 { exit $3 != "netbsd" }'; }
check "the INS speaks NetBSD" is_netbsd
check "status says that it does" bash -c "'$ROOT/ringfence' status | grep -q -- '--abi netbsd'"

# ---- what a program sees of its sockets is what it sees natively ----
. "$(dirname -- "$0")/sockets.sh"
sockets_are_as_natively

# ---- nginx ----
make_site
port=$(free_port)
serve_nginx "$port" 512 <<END
    sendfile on;
    tcp_nopush on;
    server {
        listen $port so_keepalive=30s:10s:3;
        listen [::1]:$port ipv6only=on;
        root $SITE/www;
        location /client { return 200 "\$remote_addr\n"; }
    }
END
check "nginx serves 1 KiB to 32 curls at a time, 320 in all" fetched_by 32 10 "http://127.0.0.1:$port/small" "$SITE/www/small"
check "nginx serves 50 MiB" fetches "http://127.0.0.1:$port/large" "$SITE/www/large"
check "nginx serves 50 MiB over IPv6" fetches "http://[::1]:$port/large" "$SITE/www/large"
client_is() { [ "$(curl -sSf -m 10 "http://$1:$port/client")" = "$2" ]; }
check "nginx sees the address of an IPv4 client" client_is 127.0.0.1 127.0.0.1
check "nginx sees the address of an IPv6 client" client_is '[::1]' ::1

# a client behind the gateway, and a refusal it has to report
fetches_behind() { "$ROOT/ringfence" run -- curl -sSf -m 20 "http://localhost:$port/large" | cmp -s - "$SITE/www/large"; }
check "curl behind the gateway fetches 50 MiB" fetches_behind
check "nginx ends when it is told to" stop "$nginx" QUIT
check_status "curl behind the gateway says that a connection is refused (7)" 7 \
    "$ROOT/ringfence" run -- curl -sS -m 20 "http://127.0.0.1:$port/"

# ---- redis ----
port=$(free_port)
behind redis redis-server --port "$port" --bind 127.0.0.1 ::1 --save '' --appendonly no --dir "$SITE"
redis=$PROGRAM
serves redis-server "$port"
says() { [ "$(redis-cli -h "$1" -p "$port" "${@:3}")" = "$2" ]; }
check "redis answers" says 127.0.0.1 PONG ping
check "redis keeps a value" says 127.0.0.1 OK set key "$(head -c 5000 /dev/zero | tr '\0' v)"
check "redis gives it back over IPv6" says ::1 "$(head -c 5000 /dev/zero | tr '\0' v)" get key
client_behind() { [ "$("$ROOT/ringfence" run -- redis-cli -p "$port" strlen key)" = 5000 ]; }
check "redis-cli behind the gateway asks it, too" client_behind
check "redis ends when it is told to" stop "$redis"

nothing_stays "programs behind NetBSD"
