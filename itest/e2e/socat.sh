#!/usr/bin/env bash
# socat behind the gateway, with four kinds of address: a program, another connection, datagrams, and both standard streams.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "socat behind the gateway" socat ss python3
own_gateway
head -c 3000000 /dev/urandom >"$SITE/bytes"
digest=$(md5sum <"$SITE/bytes")

# echoes ADDRESS: what goes there comes back
echoes() { [ "$(timeout 60 socat -t 10 - "$1" <"$SITE/bytes" | md5sum)" = "$digest" ]; }
echoes_behind() { [ "$(timeout 60 "$ROOT/ringfence" run --name socat -- socat -t 10 - "$1" <"$SITE/bytes" | md5sum)" = "$digest" ]; }

port=$(free_port)
behind exec socat "TCP4-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,backlog=16" EXEC:cat
program=$PROGRAM
serves "socat with a program" "$port"
check "TCP4-LISTEN to EXEC echoes" echoes "TCP4:127.0.0.1:$port"
check "to a client behind the gateway, too" echoes_behind "TCP4:127.0.0.1:$port"
many() {
    local pids=() pid status=0
    for _ in $(seq 8); do
        echoes "TCP4:127.0.0.1:$port" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return $status
}
check "to eight at once" many

second=$(free_port)
behind forward socat "TCP6-LISTEN:$second,bind=[::1],reuseaddr,fork" "TCP4:127.0.0.1:$port"
forward=$PROGRAM
serves "socat to another connection" "$second"
check "TCP6-LISTEN to TCP4 echoes by way of the first" echoes "TCP6:[::1]:$second"
stop "$forward"

third=$(free_port)
behind datagrams socat -b 9000 "UDP4-RECVFROM:$third,bind=127.0.0.1,fork" EXEC:cat
datagrams=$PROGRAM
bound() { [ -n "$(ss -Hlun "sport = :$third")" ]; }
check "socat receives datagrams" within 10 bound
datagram() { [ "$(head -c 5000 "$SITE/bytes" | timeout 20 "$@" socat -b 9000 -T 5 -t 2 - "UDP4:127.0.0.1:$third" | md5sum)" = "$(head -c 5000 "$SITE/bytes" | md5sum)" ]; }
check "UDP4-RECVFROM to EXEC sends a datagram back" datagram env
check "to a client behind the gateway, too" datagram "$ROOT/ringfence" run --name socat --
stop "$datagrams"

fourth=$(free_port)
behind nofork socat "TCP4-LISTEN:$fourth,bind=127.0.0.1,reuseaddr" 'EXEC:tr a-z A-Z,nofork'
serves "socat that becomes another program" "$fourth"
upper() { [ "$(echo ringfence | timeout 20 socat -t 5 - "TCP4:127.0.0.1:$fourth")" = RINGFENCE ]; }
check "TCP4-LISTEN becomes a program whose standard streams are the connection" upper
stop "$PROGRAM"

check "socat ends when it is told to" stop "$program" TERM
nothing_stays socat
