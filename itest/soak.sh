#!/usr/bin/env bash
# The bundles of the data path are swapped again and again under load: wrk against nginx behind the gateway. Prints what is measured.
#   itest/soak.sh [SWAPS-OF-EACH [FACTOR [CONNECTIONS]]]     default: 100 1 64; SERVER=apache2 for apache2 (prefork) in the place of nginx
# The worst pause is to be 50 ms and the median 5 ms, times FACTOR: a machine with other load misses that. Calm phases alternate with
# those of swaps: wrk keeps every CPU busy, and a client beside it waits for one; what counts is how much longer it waits in a swap. 334 1 0 is a thousand swaps with only the one client that counts, which
# shows that nothing grows.
set -u
. "$(dirname -- "$0")/e2e/behind.sh"
SWAPS=${1:-100}
BOUND=${2:-1}
CONNECTIONS=${3:-64}
SERVER=${SERVER:-nginx}
PHASES=4
CALM_SECONDS=3
# The JVM counts what the platform's methods do, and keeps that in the metaspace, until it has compiled them for good: most of it is done after
# so many swaps of each. A short run begins sooner, and may grow by more; versions that stay would be 1 to 2 MB each.
WARM=5 METASPACE=8192 MAPPINGS=60
[ "$SWAPS" -lt 100 ] || WARM=20 METASPACE=3072
# Memory that the JVM gives back to the kernel and takes again divides its mappings, which says nothing about what stays: here it keeps it.
export RINGFENCE_JAVA_OPTS="-XX:+UnlockExperimentalVMOptions -XX:-ShenandoahUncommit -XX:+IgnoreUnrecognizedVMOptions -XX:MetaspaceReclaimPolicy=none -XX:TrimNativeHeapInterval=0 ${RINGFENCE_JAVA_OPTS:-}"
needs "soak" "$SERVER" wrk python3
configure() { # wrk is a flood of requests, which a server that does not keep up would be rid of
    mkdir -p "$RINGFENCE_STATE/conf"
    printf 'pressed = note\nhard = note\n' >"$RINGFENCE_STATE/conf/org.ringfence.policy.requests.cfg"
}
own_gateway
make_site

# What must not grow with the number of swaps: KiB of heap and metaspace, threads, descriptors, mappings of files and of shared memory, class
# loaders of bundles, anonymous mappings. After a collection of garbage.
JAVA_PID=$(cat "$RINGFENCE_STATE/gateway.pid")
JCMD=$(dirname -- "$(readlink -f "/proc/$JAVA_PID/exe")")/jcmd
use() {
    "$JCMD" "$JAVA_PID" GC.run >/dev/null
    "$JCMD" "$JAVA_PID" GC.run >/dev/null
    "$JCMD" "$JAVA_PID" GC.heap_info >"$SITE/heap"
    echo "$(awk '/garbage-first heap|generation .*used/ { for (i = 1; i < NF; i++) if ($i == "used") used += $(i + 1) } / committed, .* used/ { used = $(NF - 1) * ($(NF - 1) ~ /M/ ? 1024 : 1) } END { print used + 0 }' "$SITE/heap")" \
        "$("$JCMD" "$JAVA_PID" VM.metaspace scale=K | awk '/Both:/ { for (i = 2; i <= NF && $i !~ /^used/; i++) if ($i ~ /^[0-9]+[.][0-9]+$/) kb = $i; print int(kb); exit }')" \
        "$(find "/proc/$JAVA_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" "$(find "/proc/$JAVA_PID/fd" -mindepth 1 | wc -l)" \
        "$(awk 'NF > 5 && $6 != "[heap]"' "/proc/$JAVA_PID/maps" | wc -l)" "$("$JCMD" "$JAVA_PID" VM.classloader_stats | grep -c BundleClassLoader)" \
        "$(awk 'NF == 5' "/proc/$JAVA_PID/maps" | wc -l)"
}
# grown COLUMN BOUND: whether it is more than it was, by more than the bound
grown() { [ "$(awk "{ print \$$1 }" "$SITE/after")" -gt $(("$(awk "{ print \$$1 }" "$SITE/before")" + $2)) ]; }
# A version that has just been replaced may be known to somebody for a moment, and its classes count until then.
collected() { [ "$(use | awk '{ print $6 }')" -le "$(awk '{ print $6 }' "$SITE/before")" ]; }
can_tell=false
"$JCMD" "$JAVA_PID" VM.version >/dev/null 2>&1 && can_tell=true
remember # the JVM has opened a socket for jcmd

port=$(free_port)
if [ "$SERVER" = nginx ]; then
    serve_nginx "$port" 512 <<EOF
    keepalive_requests 1000000000;
    server { listen $port; root $SITE/www; }
EOF
    server=$nginx
else
    cat >"$SITE/apache2.conf" <<EOF
ServerRoot $SITE
ServerName localhost
Listen $port
PidFile $SITE/apache2.pid
ErrorLog $SITE/error.log
Mutex pthread
$([ "$(id -u)" -eq 0 ] && printf 'User www-data\nGroup www-data\n')
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
StartServers $((CONNECTIONS + 4))
MinSpareServers 1
MaxSpareServers $((CONNECTIONS + 8))
ServerLimit $((CONNECTIONS + 8))
MaxRequestWorkers $((CONNECTIONS + 8))
MaxKeepAliveRequests 0
KeepAliveTimeout 600
DocumentRoot $SITE/www
EOF
    behind apache2 apache2 -f "$SITE/apache2.conf" -D FOREGROUND
    server=$PROGRAM
    serves apache2 "$port"
fi

# Lines for the shell: every bundle in turn, so many times.
swaps() {
    local i name
    for ((i = 0; i < $1; i++)); do
        for name in ring translator policy; do
            echo "ringfence:swap $name $ROOT/runtime/bundle/org.ringfence.$name.jar"
        done
    done
}

# The load: wrk, and a client with one connection that counts: where that is allowed one that gets a CPU as soon as it wants it, or it
# measures how long wrk keeps it from its answers.
AT_ONCE=$(chrt -f 1 echo chrt -f 1 2>/dev/null)
begin_load() {
    if [ "$CONNECTIONS" -gt 0 ]; then
        wrk -c "$CONNECTIONS" -t 2 -d 36000 "http://127.0.0.1:$port/small" >"$SITE/wrk" 2>&1 &
    else
        echo "no other load" >"$SITE/wrk"
        sleep 36000 &
    fi
    WRK=$!
    # shellcheck disable=SC2086 # words
    $AT_ONCE "$PYTHON" "$CLIENTS/pulse.py" "$port" /small "$SITE/www/small" >"$SITE/pulse" 2>&1 &
    PULSE=$!
}
WRK='' PULSE=''
# The load ends with this script, whose status stays what it is: 'kill' without a process would be one.
end_early() {
    local status=$?
    [ -z "$WRK$PULSE" ] || kill $WRK $PULSE 2>/dev/null
    (exit $status)
    finish
}
trap end_early EXIT

# end_load: both have ended; PULSE_STATUS is the client's. What they say is in SITE/wrk and SITE/pulse.
end_load() {
    kill -INT $WRK
    [ "$CONNECTIONS" -gt 0 ] || kill $WRK
    wait $WRK 2>/dev/null
    kill -TERM $PULSE
    wait $PULSE
    PULSE_STATUS=$?
    WRK='' PULSE=''
    echo "# wrk: $(grep -E 'requests in|Socket errors|Non-2xx' "$SITE/wrk" | tr -s ' \n' ' ')"
    sed 's/^/# a client with one connection: phase, answers, median, 99 %, worst in us: /' "$SITE/pulse"
}
unharmed() {
    check "$1: no request failed and no connection was lost" sh -c "! grep -E 'Socket errors|Non-2xx' '$SITE/wrk'"
    check "$1: one connection lived through all of it, every answer right" test "$PULSE_STATUS" -eq 0
}

swap_all() { swaps "$1" | shell >>"$SITE/swaps.log" 2>&1; }

swap_all $WARM
: >"$SITE/swaps.log"
$can_tell && use >"$SITE/before"
shell ringfence:pauses reset >/dev/null
begin_load
for ((phase = 0; phase < PHASES; phase++)); do
    sleep $CALM_SECONDS # how long the calm is that is compared with
    kill -USR2 $PULSE
    swap_all $((SWAPS * (phase + 1) / PHASES - SWAPS * phase / PHASES))
    kill -USR1 $PULSE
done
end_load
shell ringfence:pauses | sed 's/^/# /'
pause() { shell ringfence:pauses | awk -v column="$1" '$1 == "swaps" { print $column }'; }
echo "# bundles swapped: $(grep -c ^swapped "$SITE/swaps.log")"
check "every swap succeeded" test "$(grep -c ^swapped "$SITE/swaps.log")" -eq $((SWAPS * 3))
unharmed swaps
check "the median pause is at most $((5 * BOUND)) ms" test "$(pause 3)" -le $((5000 * BOUND))
check "the worst pause is at most $((50 * BOUND)) ms" test "$(pause 5)" -le $((50000 * BOUND))
client_worst() { awk -v phase="$1" '$1 == phase { print $5 }' "$SITE/pulse"; }
check "a client waits at most $((50 * BOUND)) ms longer than it does without swaps" \
    test $(($(client_worst swapping) - $(client_worst calm))) -le $((50000 * BOUND))

# the platform's own way, which breaks before it makes: everything waits, nothing is lost
updates() {
    local i name id
    for ((i = 0; i < $1; i++)); do
        for name in ring translator policy; do
            id=$(shell bundles | awk -v name="org.ringfence.$name" '$0 ~ name && /active/ { print $1; exit }')
            shell "felix:update $id file:$ROOT/runtime/bundle/org.ringfence.$name.jar" || return 1
        done
    done
}
begin_load
check "bundles are updated by the platform's own command" updates $((SWAPS < 40 ? 2 : SWAPS / 20))
end_load
unharmed "plain updates"

check "$SERVER ends when it is told to" stop "$server" "$([ "$SERVER" = nginx ] && echo QUIT || echo TERM)"
if $can_tell; then
    within 20 collected
    use >"$SITE/after"
    echo "# KiB of heap, of metaspace, threads, descriptors, mappings of files and shared memory, class loaders, anonymous mappings:" \
        "$(cat "$SITE/before"), after the swaps $(cat "$SITE/after")"
    check "the class loaders of old versions are collected" eval '! grown 6 3'
    check "the heap does not grow" eval '! grown 1 3072'
    check "the metaspace does not grow" eval "! grown 2 $METASPACE"
    check "no thread stays" eval '! grown 3 5'
    check "no descriptor stays" eval '! grown 4 3'
    check "no mapping of a file or of shared memory stays" eval '! grown 5 4'
    check "other mappings do not grow" eval "! grown 7 $MAPPINGS"
else
    skip "nothing grows with the number of swaps" "there is no jcmd beside the gateway's java"
fi
nothing_stays "swapping"
