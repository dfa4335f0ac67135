#!/usr/bin/env bash
# A gateway or an INS that goes in the middle of a transfer: connections are reset, nobody hangs.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "losing the gateway and the INS" curl ss python3
own_gateway
make_site

# a server that says what became of each connection
start_server() {
    port=$(free_port)
    : >"$SITE/sender.log"
    behind sender "$PYTHON" "$CLIENTS/sender.py" "$port"
    server=$PROGRAM
    serves "a server that sends without end" "$port"
}

# begin: a client that is in the middle of a transfer
begin() {
    : >"$SITE/got"
    outside curl -sS -m 60 --limit-rate 50M -o "$SITE/got" "http://127.0.0.1:$port/"
    client=$PROGRAM
    within 10 test -s "$SITE/got"
    check "$1: a transfer is under way" test -s "$SITE/got"
}

# broken WHAT: client and server see the end of it within 10 s
broken() {
    check "$1: the client's transfer ends" within 10 ended "$client"
    wait "$client"
    check "$1: and ends with an error" test $? -ne 0
    check "$1: the server's connection is reset" within 10 grep -qE '^(ECONNRESET|EPIPE)' "$SITE/sender.log"
    check "$1: the server lives" kill -0 "$server"
}

start_server
begin "INS killed"
ins=$INS
kill -KILL "$ins"
broken "INS killed"
another_ins() { local now; now=$(ins); [ -n "$now" ] && [ "$now" != "$ins" ] && [[ $now =~ ^[0-9]+$ ]]; }
check "INS killed: another one is started" within 20 another_ins
check "INS killed: the gateway is the same" test "$(gateway)" = "$GATEWAY"
INS=$(ins)
serves_on() { curl -s -m 10 "http://127.0.0.1:$port/" | head -c 100000 | wc -c | grep -qx 100000; }
check "INS killed: the same server serves at the next one" within 20 serves_on
check "INS killed: and has had no error of its listener" bash -c "! grep -q accept '$SITE/sender.log'"
stop "$server" KILL
within 10 no_ins_sockets
INS_DESCRIPTORS=$(descriptors "$INS")
start_server
check "INS killed: new sockets work" serves_on
stop "$server" KILL
left "INS killed: no application stays" no_applications shell ringfence:applications
left "INS killed: no socket stays in the INS" no_ins_sockets shell ringfence:ins
left "INS killed: no descriptor stays in the gateway" "has_descriptors $GATEWAY $GATEWAY_DESCRIPTORS" open_descriptors "$GATEWAY"
quiet_log "INS killed" 'INS \(pid .*detached|the INS is gone|starting it again|ended with status 137'

start_server
begin "gateway stopped"
"$ROOT/ringfence" down 2>/dev/null
broken "gateway stopped"
stop "$server" KILL

"$ROOT/ringfence" up 2>/dev/null
remember
start_server
begin "gateway killed"
kill -KILL "$GATEWAY"
broken "gateway killed"
check "gateway killed: who accepts again and again is slowed down" within 10 grep -qx slow "$SITE/sender.log"
check "gateway killed: its INS ends" within 10 ended "$INS"
stop "$server" KILL
check "gateway killed: up starts another one" "$ROOT/ringfence" up
start_server
check "gateway killed: the next one serves" serves_on
stop "$server" KILL
