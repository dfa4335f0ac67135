#!/usr/bin/env bash
# An INS in a network namespace of its own: servers answer on its addresses and not on the host's, two instances do not
# meet, and nothing of it stays, however it ends.
set -u
. "$(dirname -- "$0")/behind.sh"
rf=$ROOT/ringfence
needs "an INS with a network of its own" "$PYTHON" curl ip unshare nsenter ss sha256sum

if [ "$(id -u)" -ne 0 ]; then
    own_instance
    refused=$("$rf" up --ins-net own 2>&1)
    check_status "up --ins-net own without root is refused" 1 test $? -eq 0
    check "up --ins-net own without root says that it needs root" grep -q 'needs root, because' <<<"$refused"
    skip "an INS in a network namespace of its own" "needs root"
    exit 0
fi
# a network for the children of this file would be gone with them: this one tries whether the kernel lets it
if ! unshare --net ip link add name probe type veth peer name other 2>/dev/null; then
    skip "an INS in a network namespace of its own" "this machine allows no network namespaces with veth pairs"
    exit 0
fi

own_gateway --ins-net own
first=$RINGFENCE_STATE
second=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-e2e.XXXXXX")
end_second() {
    RINGFENCE_STATE=$second "$rf" down >/dev/null 2>&1
    rm -rf -- "$second"
    finish
}
trap 'end_second' EXIT

interface_of() { ip -o link show type veth | awk -F '[ :@]+' -v state="ringfence $1" 'index($0, "alias " state) { print $2; exit }'; }
v4_of() { awk '{ print $1 }' "$1/ins-address"; }
v6_of() { awk '{ print $2 }' "$1/ins-address"; }
namespace_of() { readlink "/proc/$1/ns/net"; }

check "up says on which addresses servers answer" grep -q "servers behind it answer on $(v4_of "$first")" "$SITE/up"
check "status says it, too" bash -c "'$rf' status | grep -q 'INS address .*$(v4_of "$first")'"
check "the INS's network namespace is not the host's" test "$(namespace_of "$INS")" != "$(namespace_of self)"
check "the gateway's is" test "$(namespace_of "$GATEWAY")" = "$(namespace_of self)"
check "the INS still is not root" test "$(stat -c %u "/proc/$INS")" -ne 0
interface=$(interface_of "$first")
check "the host's end of the veth pair names the instance" test -n "$interface"
host_ends=$(ip -o address show dev "$interface" | awk '{ print $4 }')
check "the host's ends have addresses of the same pairs" test "$(wc -w <<<"$host_ends")" -eq "$(wc -w <"$first/ins-address")"
# the host has none of the addresses that it had while the instance ran
no_host_ends() { ! ip -o address show | grep -qF "$(sed 's/.*/ & /' <<<"$host_ends")"; }

# ---- a server behind it ----
port=$(free_port)
mkdir "$SITE/www"
echo first >"$SITE/www/who"
behind web "$PYTHON" -m http.server --directory "$SITE/www" --bind 0.0.0.0 "$port"
web=$PROGRAM
answers() { [ "$(curl -s -m 5 --noproxy '*' "http://$1:$port/who")" = "$2" ]; }
check "a server behind it answers on the namespace's address" within 15 answers "$(v4_of "$first")" first
check_status "and not on the host's loopback: connection refused (7)" 7 curl -s -m 5 --noproxy '*' "http://127.0.0.1:$port/who"
check "nothing on the host listens on its port" bash -c "[ -z \"\$(ss -Hltn 'sport = :$port')\" ]"
# the host's own server of the same port is untouched by it
mkdir "$SITE/host"
echo host >"$SITE/host/who"
outside "$PYTHON" -m http.server --directory "$SITE/host" --bind 127.0.0.1 "$port"
host=$PROGRAM
check "the host's own server has the port at the same time" within 15 answers 127.0.0.1 host
inside() { [ "$("$rf" run -- curl -s -m 5 --noproxy '*' "http://$1:$port/who")" = "$2" ]; }
check "127.0.0.1 in an application is the INS's loopback" inside 127.0.0.1 first
check_status "an application cannot reach an address without a route (7)" 7 "$rf" run -- curl -s -m 5 --noproxy '*' http://203.0.113.1/
stop "$host" KILL

if [ -n "$(v6_of "$first")" ]; then
    port6=$(free_port)
    behind web6 "$PYTHON" -m http.server --directory "$SITE/www" --bind :: "$port6"
    answers6() { [ "$(curl -s -g -m 5 --noproxy '*' "http://[$(v6_of "$first")]:$port6/who")" = first ]; }
    check "a server answers on the namespace's IPv6 address" within 15 answers6
    stop "$PROGRAM"
else
    skip "a server answers on the namespace's IPv6 address" "IPv6 is off"
fi

# ---- the INS is started again: the addresses come again ----
kill -KILL "$INS"
new_ins() { local pid; pid=$(ins) && [ -n "$pid" ] && [ "$pid" != "$INS" ]; }
check "an INS that is killed is started again" within 20 new_ins
check "with the same address" bash -c "nsenter --net=/proc/$(ins)/ns/net ip -o address show dev ins | grep -q ' $(v4_of "$first")/'"
stop "$web" KILL
behind web "$PYTHON" -m http.server --directory "$SITE/www" --bind 0.0.0.0 "$port"
web=$PROGRAM
check "and a server behind it answers on that" within 15 answers "$(v4_of "$first")" first

# ---- two instances ----
RINGFENCE_STATE=$second "$rf" up --ins-net own 2>>"$SITE/up"
check "a second instance has another address" test "$(v4_of "$second")" != "$(v4_of "$first")"
mkdir "$SITE/second"
echo second >"$SITE/second/who"
RINGFENCE_STATE=$second behind web2 "$PYTHON" -m http.server --directory "$SITE/second" --bind 0.0.0.0 "$port"
web2=$PROGRAM
check "its server has the same port on its own address" within 15 answers "$(v4_of "$second")" second
check "the first instance's server answers as before" answers "$(v4_of "$first")" first
second_interface=$(interface_of "$second")
second_ins=$(RINGFENCE_STATE=$second ins)
stop "$web2" KILL
RINGFENCE_STATE=$second "$rf" down 2>/dev/null
check "down of the second removes its veth pair" bash -c "[ -n '$second_interface' ] && ! ip link show dev '$second_interface' 2>/dev/null"
check "down of the second ends its INS" within 5 ended "$second_ins"
check "and leaves the first alone" answers "$(v4_of "$first")" first

# ---- the gateway is killed ----
address=$(v4_of "$first")
stop "$web" KILL
kill -KILL "$GATEWAY"
within 5 ended "$GATEWAY"
check "up after the gateway was killed succeeds" "$rf" up --ins-net own
check "with the same address" test "$(v4_of "$first")" = "$address"
behind web "$PYTHON" -m http.server --directory "$SITE/www" --bind 0.0.0.0 "$port"
web=$PROGRAM
check "a server behind it answers" within 15 answers "$address" first
check "there is one veth pair of it" test "$(ip -o link show type veth | grep -c "ringfence $first")" -eq 1
stop "$web" KILL

# ---- nothing stays ----
last_ins=$(ins)
namespace=$(namespace_of "$last_ins")
"$rf" down 2>/dev/null
check "down leaves no address on the host" no_host_ends
check "down leaves no veth pair" bash -c "! ip link show dev '$interface' 2>/dev/null"
check "down leaves no INS" within 5 ended "$last_ins"
in_namespace() { find /proc -maxdepth 3 -path '*/ns/net' -lname "$namespace" 2>/dev/null | grep -q .; }
no_namespace() { ! in_namespace; }
check "down leaves no process in the namespace" within 5 no_namespace
check "the namespace never had a name" bash -c "! ip netns list 2>/dev/null | grep -q ringfence"

# ---- addresses of one's own ----
chosen='100.127.255.9'
others='100.127.255.8/31'
if [ "$(wc -w <<<"$host_ends")" -eq 2 ]; then
    chosen+=' fd00:6:6::6'
    others+=' fd00:6:6::7/127'
fi
RINGFENCE_INS_ADDRESS=${chosen/ /,} "$rf" up --ins-net own 2>"$SITE/up"
check "RINGFENCE_INS_ADDRESS chooses the addresses" test "$(cat "$first/ins-address")" = "$chosen"
host_ends=$(ip -o address show dev "$interface" | awk '{ print $4 }')
check "the host has the other one of each pair" test "${host_ends//$'\n'/ }" = "$others"
"$rf" down 2>/dev/null
refused=$(RINGFENCE_INS_ADDRESS=nonsense "$rf" up --ins-net own 2>&1)
check_status "an address that is none is refused" 1 test $? -eq 0
check "and up says why" grep -q "RINGFENCE_INS_ADDRESS: 'nonsense'" <<<"$refused"
check "after all that no address is left on the host" no_host_ends
