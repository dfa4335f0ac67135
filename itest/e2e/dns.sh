#!/usr/bin/env bash
# Name servers and dig on either side of the gateway: datagrams both ways, over IPv4 and IPv6, and TCP for what is long.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "dnsmasq and dig behind the gateway" dnsmasq dig ss
own_gateway

# Answers only what it is told, from nobody's files.
options=(--keep-in-foreground --no-resolv --no-hosts --no-poll --conf-file=/dev/null --pid-file= --user=root --bind-interfaces
    --listen-address=127.0.0.1 --listen-address=::1 --address=/example.test/192.0.2.7 --address=/example.test/2001:db8::7)
for i in $(seq 40); do options+=("--txt-record=long.test,$(printf '%060d' "$i")"); done

ask() { timeout 20 dig +short +tries=2 +time=3 "@${SERVER:-127.0.0.1}" -p "$port" "$@"; }
ask_behind() { timeout 30 "$ROOT/ringfence" run --name dig -- dig +short +tries=2 +time=3 "@${SERVER:-127.0.0.1}" -p "$port" "$@"; }
equal() { [ "$1" = "$2" ]; }
lines() { [ "$(wc -l <<<"$1")" -eq "$2" ]; }

answers() { # answers WHO ASK
    check "$1: an address" equal "$($2 www.example.test A)" 192.0.2.7
    check "$1: an address of IPv6" equal "$($2 www.example.test AAAA)" 2001:db8::7
    check "$1: over IPv6" equal "$(SERVER=::1 $2 www.example.test A)" 192.0.2.7
    check "$1: a long answer in one datagram" lines "$($2 +bufsize=4096 long.test TXT)" 40
    check "$1: a long answer by TCP" lines "$($2 +bufsize=512 long.test TXT)" 40
}

port=$(free_port)
outside dnsmasq --port="$port" "${options[@]}"
check "dnsmasq outside is there" within 10 listens "$port"
answers "dig behind the gateway" ask_behind
stop "$PROGRAM" TERM

port=$(free_port)
behind dnsmasq dnsmasq --port="$port" "${options[@]}"
serves dnsmasq "$port"
answers "dnsmasq behind the gateway" ask
answers "both behind the gateway" ask_behind
check "dig is told at once that nobody listens" bash -c \
    "timeout 20 '$ROOT/ringfence' run -- dig +tries=1 +time=10 @127.0.0.1 -p $(free_port) example.test | grep -q 'connection refused'"
stop "$PROGRAM" TERM
nothing_stays "dnsmasq and dig"
