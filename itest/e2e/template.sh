#!/usr/bin/env bash
# The policy template: what its README says is done, word for word, by a user who has nothing but it.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "the policy template" mvn curl python3 ss
own_gateway
template=$ROOT/examples/policy-template
export RINGFENCE_HOME=$ROOT

check "the template is less than 60 lines of Java" \
    test "$(find "$template/src" -name '*.java' -exec cat {} + | wc -l)" -lt 60

# block N FILE: the README's Nth block of commands, with the port of this test in the place of its 8080.
block() {
    awk -v wanted="$1" '/^```sh$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside && n == wanted' "$template/README.md" \
        | sed "s/8080/$port/"
}
port=$(free_port)
check "the README has five blocks of commands" test "$(grep -c '^```sh$' "$template/README.md")" -eq 5

behind web "$PYTHON" -m http.server "$port" --directory "$SITE"
web=$PROGRAM
serves web "$port"
reached() { curl -sS -m 5 -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null; }
unreached() { ! reached; }
check "the server is reached" reached

cd "$SITE" || exit 1 # outside of the source tree
check "it is built and deployed as the README says" bash -euc "$(block 1)"
in_chain() { shell policies | grep -q '^closed-ports .* 100 '; }
check "it is in the chain" within 10 in_chain
check "the README's command shows the chain" bash -euc "$(block 2)"
check "connections pass through it" reached
check "it is configured as the README says" bash -euc "$(block 3)"
check "the port is closed" unreached
shell policy closed-ports set ports 1 >/dev/null
check "and opened again" within 5 reached
check "its file is written as the README says" bash -euc "$(block 4)"
check "the port is closed by the file" within 10 unreached
check "it is removed as the README says" bash -euc "$(block 5)"
not_in_chain() { ! shell policies | grep -q closed-ports; }
check "it is no longer in the chain" within 10 not_in_chain
check "the server is reached again" within 5 reached
check "the source tree is as it was" test ! -e "$template/target"
echo hello >"$RINGFENCE_STATE/deploy/no-bundle.jar"
check "a file that is no bundle is named in the log" within 20 grep -q 'deploy/no-bundle.jar is passed over: it is no jar' "$RINGFENCE_STATE/log/gateway.log"
check "and status says so" bash -c "'$ROOT/ringfence' status | grep -q 'no-bundle.jar is passed over'"
stop "$web"
