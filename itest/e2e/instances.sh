#!/usr/bin/env bash
# Two instances at a time, and what others may see of one.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "two instances" python3 curl ss
own_gateway
make_site
first=$RINGFENCE_STATE
second=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-e2e.XXXXXX")
both_end() {
    local status=$?
    RINGFENCE_STATE=$second "$ROOT/ringfence" down >/dev/null 2>&1
    rm -rf -- "$second"
    (exit $status)
    finish
}
trap both_end EXIT
check "a second instance starts beside the first" env RINGFENCE_STATE="$second" "$ROOT/ringfence" up
check "the two are different gateways" test "$(cat "$first/gateway.pid")" != "$(cat "$second/gateway.pid")"

for state in "$first" "$second"; do
    check "a state directory is its owner's only" test "$(stat -c %a "$state")" = 700
    check "so are its sockets" bash -c "! find '$state' -type s ! -perm 600 | grep -q ."
    check "and no file in it is open to others" bash -c "! find '$state' -perm /077 ! -type l | grep -q ."
done

serve() {
    RINGFENCE_STATE=$1 behind "$2" "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$3"
    serves "a server of the $2 instance" "$3"
}
one=$(free_port)
serve "$first" first "$one"
server=$PROGRAM
two=$(free_port)
serve "$second" second "$two"
other=$PROGRAM
check "each serves" bash -c "curl -sSf -m 10 -o /dev/null http://127.0.0.1:$one/small && curl -sSf -m 10 -o /dev/null http://127.0.0.1:$two/small"
names() { RINGFENCE_STATE=$1 "$ROOT/ringfence" shell ringfence:applications | awk 'NR > 1 { print $2 }' | tr '\n' ' '; }
check "each has its own application only" test "$(names "$first")+$(names "$second")" = "first +second "
for file in /proc/$server/net/dev /proc/$other/net/dev; do
    check "a program behind a gateway has no interface but lo" bash -c "! grep -qv -e lo: -e '|' $file"
done
if [ "$(id -u)" -eq 0 ] && command -v nsenter >/dev/null; then
    check "and that is down" bash -c "nsenter --target $server --net ip -o link show lo | grep -q 'state DOWN'"
else
    skip "lo is down" "entering the namespace takes root and nsenter"
fi
check "the second goes down" env RINGFENCE_STATE="$second" "$ROOT/ringfence" down
check "the first serves on" fetches "http://127.0.0.1:$one/large" "$SITE/www/large"
stop "$other" KILL
stop "$server" TERM
nothing_stays "the first instance"
