#!/usr/bin/env bash
# Names and interfaces: what programs are told behind the gateway is what they are told natively, by a real name server in
# the network of the INS.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "names behind the gateway" dnsmasq getent ip curl ss python3 unshare
[ "$(id -u)" -eq 0 ] || {
    skip "names behind the gateway" "only root can run a name server, and other files in the place of resolv.conf"
    exit 0
}
own_gateway
make_site
programs=$ROOT/itest/e2e/programs

# An address of loopback that no other name server has.
server=127.77.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))
options=(--keep-in-foreground --no-resolv --no-hosts --no-poll --conf-file=/dev/null --pid-file= --user=root --bind-interfaces
    --listen-address="$server" --local=// --host-record=www.example.test,192.0.2.7,2001:db8::7 --cname=alias.example.test,www.example.test
    --host-record=four.example.test,192.0.2.4 --txt-record=text.example.test,hello --address=/site.example.test/127.0.0.1)
for i in $(seq 100); do options+=("--host-record=long.example.test,10.0.9.$i"); done
outside dnsmasq "${options[@]}"
dnsmasq=$PROGRAM
answers() { dig +short +tries=1 +time=1 "@$server" www.example.test 2>/dev/null | grep -q .; }
check "the name server is there" within 10 answers

# With other files in the place of the machine's. The first name server of resolv.conf does not listen.
printf 'nameserver 127.77.0.254\nnameserver %s\nsearch nowhere.test example.test\noptions timeout:2 attempts:2\n' "$server" >"$SITE/resolv.conf"
printf '127.0.0.1 localhost\n::1 localhost\n192.0.2.99 fromfile.example.test fromfile\n' >"$SITE/hosts"
printf 'hosts: files dns\nservices: files\nprotocols: files\n' >"$SITE/nsswitch.conf"
cat >"$SITE/with-files" <<EOF
for file in resolv.conf hosts nsswitch.conf; do
    mount --bind "$SITE/\$file" "\$(readlink -f /etc/\$file)" || exit 99
done
exec "\$@"
EOF
native() { timeout 60 unshare -m bash "$SITE/with-files" "$@" 2>&1; }
gated() { timeout 60 "$ROOT/ringfence" run --name names -- unshare -m bash "$SITE/with-files" "$@" 2>&1; }

# same SENTENCE COMMAND...: what the command writes, and its exit status, are those of a native run.
same() {
    local sentence=$1 expected got
    shift
    expected=$(native "$@"; echo "status $?")
    got=$(gated "$@"; echo "status $?")
    if [ -n "$expected" ] && [ "$expected" = "$got" ]; then
        ok "$sentence"
    else
        not_ok "$sentence" "$(diff <(echo "$expected") <(echo "$got") | head -n 6 | tr '\n' '|')"
    fi
}

# shellcheck disable=SC2016 # expanded by the inner shell
same "getent finds names, names of /etc/hosts, no names that are not there, and the name of an address" bash -c \
    'for name in www.example.test www fromfile missing.invalid; do getent ahosts $name; echo $?; done; getent hosts 192.0.2.7'
same "Python asks in every way" "$PYTHON" "$CLIENTS/names.py"
told=$(gated "$PYTHON" "$CLIENTS/names.py")
check "and really found what the name server says" grep -qF "a name [('AF_INET', 'SOCK_STREAM', 6, '', ('192.0.2.7', 80))" <<<"$told"
check "by connection, too, where the answer is long" grep -qx "a long answer 100" <<<"$told"
links() { ip -o link | sed -E 's/ (qdisc|group) [a-z_]+//g; s/[\\ ]+/ /g'; }
same "ip tells interfaces, addresses and routes" bash -c \
    "$(declare -f links); links; ip -o addr; ip -o addr show dev lo; ip route; ip -6 route; cat /proc/net/route; sort /proc/net/if_inet6"
if command -v node >/dev/null; then
    same "Node finds names and interfaces" node "$programs/names.mjs"
else
    skip "Node finds names and interfaces" "node is not installed"
fi
if command -v java >/dev/null && javac -d "$SITE" "$programs/Names.java"; then
    same "Java finds names and interfaces" java -XX:+UseSerialGC -Xshare:auto -cp "$SITE" Names
else
    skip "Java finds names and interfaces" "no Java"
fi

# a server and its client, both behind the gateway, by name
port=$(free_port)
behind site "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$port"
site=$PROGRAM
serves site "$port"
by_name() { gated curl -sSf -m 30 "http://site.example.test:$port/small" | cmp -s - "$SITE/www/small"; }
check "curl fetches by name" by_name
stop "$site"

# nobody answers: the time-outs of resolv.conf
stop "$dnsmasq"
same "without a name server a name is not found" getent ahosts www.example.test
nothing_stays "names"
"$ROOT/ringfence" down

# ---- the same from a stack of NetBSD's ABI ----
outside dnsmasq "${options[@]}"
check "the name server is there again" within 10 answers
check "a gateway with the other ABI starts" "$ROOT/ringfence" up --abi netbsd
same "--abi netbsd: names and addresses" bash -c "getent ahosts www.example.test; ip -o addr"
