#!/usr/bin/env bash
# Programs that connect out from behind the gateway: curl, and iperf3 both ways.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "curl behind the gateway" curl ss python3
own_gateway
make_site
run=("$ROOT/ringfence" run --)

port=$(free_port)
outside "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$port"
server=$PROGRAM
serves "a server outside" "$port"
url=http://127.0.0.1:$port
got() { "${run[@]}" curl -sSf -m 60 "$1" | cmp -s - "$2"; }
check "curl behind the gateway fetches 1 KiB" got "$url/small" "$SITE/www/small"
check "curl behind the gateway fetches 50 MiB" got "$url/large" "$SITE/www/large"
# 200 connections of one process, 20 at a time
parallel() {
    "${run[@]}" curl -sSf -m 60 --parallel --parallel-max 20 -o "$SITE/got-#1" "$url/small?[1-200]" || return 1
    local n
    for n in $(seq 200); do cmp -s "$SITE/got-$n" "$SITE/www/small" || return 1; done
}
check "curl behind the gateway fetches 200 files in parallel" parallel
closed=$(free_port)
check_status "curl behind the gateway ends with 7 when nobody listens, as it does outside" 7 \
    "${run[@]}" curl -sS -m 20 "http://127.0.0.1:$closed/"
check_status "and over IPv6" 7 "${run[@]}" curl -sS -m 20 "http://[::1]:$closed/"
check_status "curl outside does" 7 curl -sS -m 20 "http://127.0.0.1:$closed/"
stop "$server" KILL
nothing_stays "curl as a client"

command -v iperf3 >/dev/null || {
    skip "iperf3 both ways" "iperf3 is not installed"
    exit 0
}

# moved COMMAND...: iperf3 moved at least 1 MB in each of its streams and reports no error
moved() {
    timeout 60 "$@" -J >"$SITE/iperf.json" 2>"$SITE/iperf-err.log" && "$PYTHON" - "$SITE/iperf.json" <<'EOF'
import json, sys
report = json.load(open(sys.argv[1]))
streams = [min(s["sender"]["bytes"], s["receiver"]["bytes"]) for s in report["end"]["streams"]]
moved = "error" not in report and streams and min(streams) >= 1000000
if not moved:
    print(report.get("error"), json.dumps(report["end"]["streams"]))
sys.exit(0 if moved else 1)
EOF
}

port=$(free_port)
behind iperf3 iperf3 -s -p "$port"
server=$PROGRAM
serves "iperf3 -s" "$port"
for options in '' '-R' '-P 8' '-P 8 -R' '--bidir'; do
    # shellcheck disable=SC2086 # options
    check "iperf3's server is behind the gateway: iperf3 -c${options:+ $options}" moved iperf3 -c 127.0.0.1 -p "$port" -t 2 $options
done
stop "$server" INT
nothing_stays "iperf3 as a server"

port=$(free_port)
outside iperf3 -s -p "$port"
server=$PROGRAM
serves "iperf3 -s" "$port"
for options in '' '-R' '-P 8' '-P 8 -R' '--bidir'; do
    # shellcheck disable=SC2086 # options
    check "iperf3's client is behind the gateway: iperf3 -c${options:+ $options}" \
        moved "${run[@]}" iperf3 -c 127.0.0.1 -p "$port" -t 2 $options
done
stop "$server" INT
nothing_stays "iperf3 as a client"
