#!/usr/bin/env bash
# A flood of connection requests from addresses that answer nothing, on an INS with a network namespace of its own: it is named, and a visitor does not
# notice. All packets stay on the veth pair between the two.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "a SYN flood is named" hping3 curl ip nsenter "$PYTHON"
if [ "$(id -u)" -ne 0 ] || ! unshare --net ip link add name probe type veth peer name other 2>/dev/null; then
    skip "a SYN flood is named" "needs root, and network namespaces with veth pairs"
    exit 0
fi
own_gateway --ins-net own
address=$(awk '{ print $1 }' "$RINGFENCE_STATE/ins-address")
interface=$(ip -o link show type veth | awk -F '[ :@]+' -v state="ringfence $RINGFENCE_STATE" 'index($0, "alias " state) { print $2; exit }')
port=$(free_port)
mkdir "$SITE/www"
echo here >"$SITE/www/page"
behind web "$PYTHON" -m http.server --directory "$SITE/www" --bind 0.0.0.0 "$port"
answers() { [ "$(curl -s -m 5 --noproxy '*' "http://$address:$port/page")" = here ]; }
check "a server behind it answers" within 15 answers

# 198.51.100.0/24 (RFC 5737) lies behind the host's end for this INS, and the host has none of it: what is sent there is lost
inside() { nsenter --net="/proc/$INS/ns/net" -- "$@"; }
check "its namespace sends SYN cookies" test "$(inside cat /proc/sys/net/ipv4/tcp_syncookies)" = 1
inside ip route add 198.51.100.0/24 dev ins
for last in 7 8 9; do
    inside ip neigh replace "198.51.100.$last" lladdr "$(cat "/sys/class/net/$interface/address")" dev ins
done
FLOODS=()
named() { grep -q "syn-flood: note: .*$1" "$RINGFENCE_STATE/log/gateway.log"; }
check_status "in calm times there is none" 1 named 'connection requests'
began=$(date +%s%N)
for last in 7 8 9; do
    outside hping3 -q -S -a "198.51.100.$last" -p "$port" -i u1000 "$address"
    FLOODS+=("$PROGRAM")
done
check "a flood of 3,000 connection requests a second is named" within 20 named 'a second that nobody finishes'
at=$(grep -h 'syn-flood' "$RINGFENCE_STATE/log/gateway.log" | head -n 1 | cut -d ' ' -f 1)
echo "# after $((($(date -d "$at" +%s%N) - began) / 1000000)) ms: $(grep -h 'syn-flood' "$RINGFENCE_STATE/log/gateway.log" | head -n 1)"
all_answered() {
    local n
    for n in {1..20}; do answers || return 1; done
}
check "20 visitors in turn are answered meanwhile" all_answered
check "the command events shows it" bash -c "'$ROOT/ringfence' shell events | grep -q 'many .*syn-flood'"
for flood in "${FLOODS[@]}"; do stop "$flood"; done
check "its end is told, too" within 40 named 'is over'
check "the server answers afterwards" answers

