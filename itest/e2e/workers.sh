#!/usr/bin/env bash
# Workers that are killed in the middle of their work: others go on, and nothing of them stays.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "killing workers" python3 ss
own_gateway

port=$(free_port)
behind acceptors "$PYTHON" "$CLIENTS/acceptors.py" serve "$port" 8 50
server=$PROGRAM
serves "eight blocked acceptors" "$port"
check "eight blocked acceptors, one killed every 50 accepts: none of 4,000 connections is lost" \
    "$PYTHON" "$CLIENTS/acceptors.py" ask "$port" 4000 20
check "workers were killed" bash -c "[ \$(grep -c killed '$SITE/acceptors.log') -ge 20 ]"
stop "$server" KILL
nothing_stays "killed acceptors"

command -v nginx >/dev/null && command -v curl >/dev/null || {
    skip "nginx's workers killed under load" "nginx or curl is not installed"
    exit 0
}
make_site
port=$(free_port)
serve_nginx "$port" 512 <<EOF
    server { listen $port; root $SITE/www; }
EOF
seq 8 | xargs -P 8 -I{} sh -c 'for n in $(seq 40); do curl -s -m 30 -o /dev/null "$1" || true; done' load "http://127.0.0.1:$port/large" \
    >/dev/null 2>&1 &
load=$!
for round in 1 2 3 4 5 6; do
    worker=$(pgrep -P "$nginx" | head -n 1)
    kill -KILL "$worker"
    within 5 ended "$worker"
    check "worker killed, round $round: nginx answers" within 10 fetches "http://127.0.0.1:$port/small" "$SITE/www/small" -m 5
done
kill $load 2>/dev/null
stop "$nginx" TERM
wait $load 2>/dev/null
nothing_stays "killed workers of nginx"
