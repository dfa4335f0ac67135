#!/usr/bin/env bash
# The bundles of the data path are swapped again and again under load: wrk against nginx behind the gateway. Prints what is measured.
#   itest/soak.sh [SWAPS-OF-EACH [FACTOR [CONNECTIONS]]]     default: 100 1 64
# The worst pause is to be 50 ms and the median 5 ms, times FACTOR: a machine with other load misses that. 334 1 0 is a thousand swaps
# with only the one client that counts, which shows that nothing grows.
set -u
. "$(dirname -- "$0")/e2e/behind.sh"
SWAPS=${1:-100}
BOUND=${2:-1}
CONNECTIONS=${3:-64}
needs "soak" nginx wrk python3
own_gateway
make_site

# What must not grow with the number of swaps (what the JVM learns of its own methods, and what it keeps softly, is bounded): KiB of heap and metaspace, threads, descriptors, mappings, class loaders of bundles. After a collection of garbage.
JAVA_PID=$(cat "$RINGFENCE_STATE/gateway.pid")
JCMD=$(dirname -- "$(readlink -f "/proc/$JAVA_PID/exe")")/jcmd
use() {
    "$JCMD" "$JAVA_PID" GC.run >/dev/null
    "$JCMD" "$JAVA_PID" GC.run >/dev/null
    "$JCMD" "$JAVA_PID" GC.heap_info >"$SITE/heap"
    echo "$(awk '/garbage-first heap|generation .*used/ { for (i = 1; i < NF; i++) if ($i == "used") used += $(i + 1) } END { print used + 0 }' "$SITE/heap")" \
        "$("$JCMD" "$JAVA_PID" VM.metaspace scale=K | awk '/Both:/ { for (i = 2; i <= NF && $i !~ /^used/; i++) if ($i ~ /^[0-9]+[.][0-9]+$/) kb = $i; print int(kb); exit }')" \
        "$(find "/proc/$JAVA_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" "$(find "/proc/$JAVA_PID/fd" -mindepth 1 | wc -l)" \
        "$(wc -l <"/proc/$JAVA_PID/maps")" "$("$JCMD" "$JAVA_PID" VM.classloader_stats | grep -c BundleClassLoader)"
}
# grown COLUMN BOUND: whether it is more than it was, by more than the bound
grown() { [ "$(awk "{ print \$$1 }" "$SITE/after")" -gt $(("$(awk "{ print \$$1 }" "$SITE/before")" + $2)) ]; }
collected() { [ "$(use | awk '{ print $6 }')" -le $(($(awk '{ print $6 }' "$SITE/before") + 3)) ]; }
can_tell=false
"$JCMD" "$JAVA_PID" VM.version >/dev/null 2>&1 && can_tell=true
remember # the JVM has opened a socket for jcmd

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
    if [ "$CONNECTIONS" -gt 0 ]; then
        wrk -c "$CONNECTIONS" -t 2 -d 3600 "http://127.0.0.1:$port/small" >"$SITE/$name.wrk" 2>&1 &
    else
        echo "no other load" >"$SITE/$name.wrk"
        sleep 3600 &
    fi
    wrk=$!
    "$PYTHON" "$CLIENTS/pulse.py" "$port" /small "$SITE/www/small" >"$SITE/$name.pulse" 2>&1 &
    pulse=$!
    "$@"
    kill -INT $wrk
    [ "$CONNECTIONS" -gt 0 ] || kill $wrk
    wait $wrk 2>/dev/null
    kill -TERM $pulse
    wait $pulse
    PULSE=$?
    echo "# $name: wrk: $(grep -E 'requests in|Socket errors|Non-2xx' "$SITE/$name.wrk" | tr -s ' \n' ' ')"
    echo "# $name: a client with one connection: count, median, 99 %, worst in us: $(cat "$SITE/$name.pulse")"
}

swap_all() { swaps "$1" | shell >"$SITE/swaps.log" 2>&1; }

load calm sleep 3
swap_all 5 # the platform's own code is warm, and its caches are full
$can_tell && use >"$SITE/before"
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
if $can_tell; then
    within 20 collected
    use >"$SITE/after"
    echo "# KiB of heap, of metaspace, threads, descriptors, mappings, class loaders: $(cat "$SITE/before"), after the swaps $(cat "$SITE/after")"
    check "the class loaders of old versions are collected" eval '! grown 6 3'
    check "the heap does not grow" eval '! grown 1 6144'
    check "the metaspace does not grow" eval '! grown 2 8192'
    check "no thread stays" eval '! grown 3 5'
    check "no descriptor stays" eval '! grown 4 3'
    check "no mapping stays" eval '! grown 5 250'
else
    skip "nothing grows with the number of swaps" "there is no jcmd beside the gateway's java"
fi
nothing_stays "swapping"
