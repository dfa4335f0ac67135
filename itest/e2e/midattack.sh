#!/usr/bin/env bash
# A policy made from the template as its README says, and put into the chain in the middle of a slow attack: the attack goes on,
# a visitor is answered all the while, and the new policy is asked.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "a policy in the middle of an attack" slowhttptest mvn nginx curl ss
own_gateway
template=$ROOT/examples/policy-template
export RINGFENCE_HOME=$ROOT
make_site
port=$(free_port)
serve_nginx "$port" 256 <<END
    server { listen 127.0.0.1:$port; root $SITE/www; }
END
# block N: the README's Nth block of commands
block() { awk -v wanted="$1" '/^```sh$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside && n == wanted' "$template/README.md"; }

cd "$SITE" || exit 1 # outside of the source tree
check "the policy is built as the README says" bash -euc "$(block 1 | grep -v '^cp target/')"

# a visitor with a new connection each time, until he is told to stop; a byte in SITE/count for each answer
visitor() {
    trap 'stopped=1' TERM
    local stopped=''
    while [ -z "$stopped" ]; do
        curl -sSf -m 20 "http://127.0.0.1:$port/small" | cmp -s - "$SITE/www/small" || {
            echo "the visitor has no answer after $(wc -c <"$SITE/count")"
            return 1
        }
        printf . >>"$SITE/count"
    done
}
count() { wc -c <"$SITE/count"; }
: >"$SITE/count"
answered_more() { [ "$(count)" -ge "$wanted" ]; }
moves_on() {
    wanted=$(($(count) + 10))
    within 60 answered_more
}
visitor 2>>"$SITE/visitor.log" >>"$SITE/visitor.log" &
visitor=$!
PROGRAMS+=("$visitor")

check "a visitor is answered before the attack" moves_on
# more than nginx's two workers have connections for; they would stay much longer than this test takes
outside slowhttptest -H -c 700 -r 350 -i 10 -l 240 -u "http://127.0.0.1:$port/"
attack=$PROGRAM
open_connections() { [ "$(shell 'connections --state open --json' | grep -o '"id": ' | wc -l)" -ge 400 ]; }
check "hundreds of connections are open, with request heads that do not end" within 20 open_connections
check "the visitor is answered" moves_on
check "the policy is deployed as the README says" bash -euc "cd my-policy; $(block 1 | grep '^cp target/')"
in_chain() { shell policies | grep -q '^closed-ports .* 100 '; }
judged() { [ "$(shell policies | awk '$1 == "closed-ports" { print $3 }')" -ge 10 ]; }
check "it is in the chain" within 20 in_chain
check "the visitor is answered with it" moves_on
check "the attack goes on meanwhile" open_connections
check "it has been asked about those who came since" within 20 judged
check "every request of the visitor was answered" bash -c "! grep . '$SITE/visitor.log'"
stop "$visitor"
refused() { ! curl -sS -m 10 -o /dev/null "http://127.0.0.1:$port/small" 2>/dev/null; }
check "what it is told to do is done while the attack goes on" bash -euc "'$ROOT/ringfence' shell policy closed-ports set ports $port"
check "newcomers are refused by it" within 20 refused
shell policy closed-ports set ports 1 >/dev/null
check "and answered again" within 20 fetches "http://127.0.0.1:$port/small" "$SITE/www/small" -m 20
stop "$attack" INT
stop "$nginx" QUIT
