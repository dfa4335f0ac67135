#!/usr/bin/env bash
# Policies and bundles that change while connections live.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "policies end to end" nginx curl ss python3
configure() { # so that on a busy machine, too, what is to wait is not refused
    mkdir -p "$RINGFENCE_STATE/conf"
    echo 'policy.absent.timeout = 20000' >"$RINGFENCE_STATE/conf/org.ringfence.gateway.cfg"
}
own_gateway
make_site
port=$(free_port)
url=http://127.0.0.1:$port
serve_nginx "$port" 512 <<EOF
    keepalive_requests 1000000;
    server { listen $port; listen [::1]:$port; root $SITE/www; }
EOF

# One connection that was there before, and asks for the same file again and again until it is told to stop.
: >"$SITE/count"
outside "$PYTHON" "$CLIENTS/steady.py" "$port" /small "$SITE/www/small" "$SITE/count"
steady=$PROGRAM
count() { wc -c <"$SITE/count"; }
moves_on() {
    local before
    before=$(count)
    more() { [ "$(count)" -gt $((before + 5)) ]; }
    within 5 more
}
answered() { fetches "$url/small" "$SITE/www/small" -m "${1:-5}"; }
refused() { ! answered 5 2>/dev/null; }
unanswered() { ! answered 1 2>/dev/null; }
check "a connection is established" moves_on
check "nginx answers" answered

check "the address is blocked by a command" shell ringfence:block 127.0.0.1
check "new connections from it fail" within 5 refused
check "others do not: over IPv6 nginx answers" fetches "http://[::1]:$port/small" "$SITE/www/small" -m 5
check "the established connection goes on" moves_on
check "the block ends by a command" shell ringfence:unblock 127.0.0.1
check "new connections are answered again" within 5 answered

# A detector that blocks: a head that does not end, from an address of its own.
detector() { shell "ringfence:policy slow-headers set $1 $2"; }
for setting in 'seconds 1' 'heldToo true' 'blockAfter 1' 'calm block'; do
    check "the detector of slow heads has $setting" detector ${setting% *} ${setting#* }
done
outside "$PYTHON" -c "import socket, time
s = socket.create_connection(('127.0.0.1', $port), source_address=('127.0.0.9', 0))
s.sendall(b'GET / HTTP/1.1')
time.sleep(60)"
slow=$PROGRAM
is_blocked() { shell ringfence:blocked | grep -q 127.0.0.9; }
from_there() { curl -s -m 5 --interface 127.0.0.9 -o "$SITE/none" "$url/small"; }
not_from_there() { ! from_there; }
check "the source of a head that does not end is blocked" within 10 is_blocked
check "new connections from it fail" not_from_there
check "others are answered" answered
stop "$slow" KILL
check "the block ends" shell ringfence:unblock 127.0.0.9
check "connections from there are answered" from_there

# id NAME: of a bundle
id() { shell ringfence:bundles | awk -v name="$1" '$3 == name { print $1 }'; }
policy=$(id org.ringfence.policy)
check "the policy bundle stops" shell felix:stop "$policy"
check "without a policy nobody new gets in" unanswered
check "the established connection goes on without it" moves_on
check "the policy bundle starts" shell felix:start "$policy"
check "with a policy new connections are answered" within 10 answered

# who comes while it is away for a moment waits, and is served
shell felix:stop "$policy" >/dev/null
curl -sSf -m 20 "$url/small" -o "$SITE/waited" 2>"$SITE/waited.log" &
waiter=$!
check "the policy bundle starts again" shell felix:start "$policy"
wait $waiter
check "who came in between was served" cmp -s "$SITE/waited" "$SITE/www/small"

# all three bundles are updated from their files under load
fetched_by 4 60 "$url/small" "$SITE/www/small" >"$SITE/update.log" 2>&1 &
load=$!
curl -sSf -m 60 --limit-rate 20M "$url/large" 2>/dev/null | cmp -s - "$SITE/www/large" &
download=$!
for name in org.ringfence.translator org.ringfence.policy org.ringfence.ring; do
    check "$name is updated while connections live" shell felix:update "$(id $name)"
done
wait $load
status=$?
[ $status -eq 0 ] || shell ringfence:connections | grep -v 'allow (allow)$' | sed 's/^/# /'
check "every request during the updates was answered" test $status -eq 0
wait $download
check "a download that began before the updates was finished" test $? -eq 0
check "the established connection has outlived all of it" moves_on
kill -TERM "$steady"
wait "$steady"
check "and had every answer right" test $? -eq 0

check "nginx ends when it is told to" stop "$nginx" QUIT
nothing_stays "changing policies"
