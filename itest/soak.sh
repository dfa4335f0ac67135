#!/usr/bin/env bash
# The bundles of the data path are swapped again and again under load: wrk against nginx behind the gateway. Prints what is measured.
#   itest/soak.sh [SWAPS-OF-EACH [FACTOR]]     default: 100 1
# The worst pause is to be 50 ms and the median 5 ms, times FACTOR: a machine with other load misses that.
set -u
. "$(dirname -- "$0")/e2e/behind.sh"
SWAPS=${1:-100}
BOUND=${2:-1}
needs "soak" nginx wrk python3
own_gateway
make_site
port=$(free_port)
serve_nginx "$port" 512 <<EOF
    keepalive_requests 1000000000;
    server { listen $port; root $SITE/www; }
EOF

# Lines for the shell: every bundle in turn, so many times.
swaps() {
    local i name
    for ((i = 0; i < $1; i++)); do
        for name in ring translator policy; do
            echo "ringfence:swap $name $ROOT/runtime/bundle/org.ringfence.$name.jar"
        done
    done
}

# load NAME COMMAND...: runs a command while wrk and a client with one connection are at work; their words are in NAME.wrk and NAME.pulse
load() {
    local name=$1 pulse wrk
    shift
    wrk -c 64 -t 2 -d 3600 "http://127.0.0.1:$port/small" >"$SITE/$name.wrk" 2>&1 &
    wrk=$!
    "$PYTHON" "$CLIENTS/pulse.py" "$port" /small "$SITE/www/small" >"$SITE/$name.pulse" 2>&1 &
    pulse=$!
    "$@"
    kill -INT $wrk
    wait $wrk
    kill -TERM $pulse
    wait $pulse
    PULSE=$?
    echo "# $name: wrk: $(grep -E 'requests in|Socket errors|Non-2xx' "$SITE/$name.wrk" | tr -s ' \n' ' ')"
    echo "# $name: a client with one connection: count, median, 99 %, worst in us: $(cat "$SITE/$name.pulse")"
}

swap_all() { swaps "$1" | shell >"$SITE/swaps.log" 2>&1; }
load calm sleep 3
swap_all 2 # the platform's own code is warm
shell ringfence:pauses reset >/dev/null
load swapping swap_all "$SWAPS"
shell ringfence:pauses | sed 's/^/# /'
pause() { shell ringfence:pauses | awk -v column="$1" '$1 == "swaps" { print $column }'; }
echo "# bundles swapped: $(grep -c ^swapped "$SITE/swaps.log")"
check "every swap succeeded" test "$(grep -c ^swapped "$SITE/swaps.log")" -eq $((SWAPS * 3))
check "no request failed and no connection was lost" sh -c "! grep -E 'Socket errors|Non-2xx' '$SITE/swapping.wrk'"
check "one connection lived through all of it, every answer right" test "$PULSE" -eq 0
check "the median pause is at most $((5 * BOUND)) ms" test "$(pause 3)" -le $((5000 * BOUND))
check "the worst pause is at most $((50 * BOUND)) ms" test "$(pause 5)" -le $((50000 * BOUND))
check "for the client, too" test "$(awk '{ print $4 }' "$SITE/swapping.pulse")" -le $((50000 * BOUND))
check "nginx ends when it is told to" stop "$nginx" QUIT
nothing_stays "swapping"
