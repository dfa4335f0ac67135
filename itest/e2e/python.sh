#!/usr/bin/env bash
# Servers in Python behind the gateway: threads, asyncio, and children that close every descriptor.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "Python's servers behind the gateway" python3 curl ss
own_gateway
make_site

port=$(free_port)
behind http.server "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$port"
server=$PROGRAM
serves "python3 -m http.server" "$port"
url=http://127.0.0.1:$port
check "python3 -m http.server serves 1 KiB" fetches "$url/small" "$SITE/www/small"
check "python3 -m http.server serves 50 MiB" fetches "$url/large" "$SITE/www/large"
check "python3 -m http.server serves 1 KiB to 16 curls at a time, 160 in all" fetched_by 16 10 "$url/small" "$SITE/www/small"
check "python3 -m http.server serves 50 MiB to 8 curls at a time" fetched_by 8 1 "$url/large" "$SITE/www/large"
check "python3 -m http.server ends when it is told to" stop "$server" TERM
nothing_stays "python3 -m http.server"

port=$(free_port)
behind asyncio "$PYTHON" "$CLIENTS/echo.py" serve "$port"
server=$PROGRAM
serves "an asyncio server" "$port"
check "an asyncio server echoes 64 MiB over 32 connections" "$PYTHON" "$CLIENTS/echo.py" ask "$port" 32 2097152
check "an asyncio client behind the gateway is echoed to" \
    "$ROOT/ringfence" run -- "$PYTHON" "$CLIENTS/echo.py" ask "$port" 8 1048576
check "the asyncio server ends when it is told to" stop "$server" TERM
nothing_stays "an asyncio server"

port=$(free_port)
behind children "$PYTHON" "$CLIENTS/children.py" "$port"
server=$PROGRAM
serves "a server with children" "$port"
children() { [ "$(curl -sSf -m 30 "http://127.0.0.1:$port/")" = "child says hello" ]; }
check "a server whose children close every descriptor answers" children
many() { local n; for n in $(seq 50); do children || return 1; done; }
check "and goes on answering, 50 times" many
check "the server with children ends when it is told to" stop "$server" TERM
nothing_stays "a server with children"

port=$(free_port)
behind lasting "$PYTHON" "$CLIENTS/lasting.py" serve "$port"
server=$PROGRAM
serves "a server that closes at once" "$port"
check "4,096 connections that are closed with bytes under way get all of them" "$PYTHON" "$CLIENTS/lasting.py" ask "$port" 4096
stop "$server" KILL
nothing_stays "a server that closes at once"

port=$(free_port)
behind edges "$PYTHON" "$CLIENTS/edges.py" serve "$port"
server=$PROGRAM
serves "an edge-triggered reader" "$port"
check "an edge-triggered reader that leaves bytes unread is told of each arrival" "$PYTHON" "$CLIENTS/edges.py" ask "$port" 40
stop "$server" KILL
nothing_stays "an edge-triggered reader"

port=$(free_port)
: >"$SITE/untaken.log"
behind untaken.server "$PYTHON" "$CLIENTS/untaken.py" serve "$port" "$SITE/untaken.log"
server=$PROGRAM
serves "a server of long pages" "$port"
check "a server of long pages answers" curl -sSf -m 30 -o "$SITE/untaken" "http://127.0.0.1:$port/200"
# room for 64 KiB is granted beforehand (docs/decisions/0044)
page() { curl -sSf -m 30 -o "$SITE/untaken" "http://127.0.0.1:$port/60" && tail -n 1 "$SITE/untaken.server.log" | tee "$SITE/taken" | grep -qE '^([0-9]+) of \1 B at once$'; }
check "who writes a page of 60 KiB that was asked for before can write all of it at once" within 10 page
: >"$SITE/untaken.log"
# NetBSD's stack takes 256 KiB, Linux's 64 until the peer takes what it is sent (docs/decisions/0027)
long=200
[ "${RINGFENCE_ABI:-linux}" = linux ] || long=600
check "who takes nothing of a long page has one worker's work, not two" "$PYTHON" "$CLIENTS/untaken.py" ask "$port" "$SITE/untaken.log" "$long"
stop "$server" KILL
nothing_stays "a server of long pages"
