#!/usr/bin/env bash
# Many connections: idle ones, short ones, and one whose reader is slow.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "many connections" nginx python3 curl ss
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" -ge 4500 ] || [ "$(ulimit -n)" = unlimited ] || {
    skip "2,000 idle connections" "the limit on open files is $(ulimit -n), 4500 are needed"
    exit 0
}
configure() { # these are silent on purpose, for as long as 2,000 take: who has said nothing for 5 s goes when others wait for nginx
    mkdir -p "$RINGFENCE_STATE/conf"
    echo 'seconds = 120' >"$RINGFENCE_STATE/conf/org.ringfence.policy.idle.cfg"
}
own_gateway
make_site
port=$(free_port)
serve_nginx "$port" 4096 <<EOF
    keepalive_timeout 120s;
    server { listen $port backlog=1024; root $SITE/www; }
EOF
client=("$PYTHON" "$CLIENTS/web.py")

check "2,000 idle connections: 200 others are answered, then each of the 2,000" \
    "${client[@]}" idle "$port" /small 2000 "$SITE/www/small"
only_listener() { [ "$(ins_sockets)" -le 65 ]; } # the listener, and what it keeps posted for accept
left "2,000 connections leave nothing but the listener" only_listener shell ringfence:ins
check "10,000 connections one after the other, eight at a time" "${client[@]}" short "$port" /small 10000 "$SITE/www/small"
left "10,000 connections leave nothing but the listener" only_listener shell ringfence:ins
check "a reader who is slow stops nobody, and gets its 50 MiB in the end" \
    "${client[@]}" slow "$port" /large 200 "$SITE/www/large" "$SITE/www/small"
if command -v ab >/dev/null; then
    check "ab -n 5000 -c 100 sees no failed request" bash -c \
        "ab -q -n 5000 -c 100 http://127.0.0.1:$port/small | grep -q '^Failed requests: *0\$'"
else
    skip "ab -n 5000 -c 100 sees no failed request" "ab is not installed"
fi
check "nginx ends when it is told to" stop "$nginx" QUIT
nothing_stays "many connections"
