#!/usr/bin/env bash
# redis-server behind the gateway, its clients outside, and the other way round.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "redis-server behind the gateway" redis-server redis-cli redis-benchmark ss
own_gateway
port=$(free_port)

behind redis redis-server --port "$port" --bind 127.0.0.1 ::1 --save '' --appendonly no --dir "$SITE" --daemonize no
redis=$PROGRAM
serves redis-server "$port"

cli() { timeout 30 redis-cli -h "${HOST:-127.0.0.1}" -p "$port" "$@"; }
check "redis-server answers redis-cli" test "$(cli ping)" = PONG
check "redis-server answers over IPv6" test "$(HOST=::1 cli ping)" = PONG

check "redis-benchmark -c 50 -n 20000 -P 4 is answered" \
    bash -c "timeout 100 redis-benchmark -p $port -c 50 -n 20000 -P 4 -q -t ping,set,get,incr,lpush,lrange_100,mset 2>&1 | tr '\r' '\n' \
        | tee '$SITE/benchmark.log' | grep -q 'MSET.*requests per second'"
check "redis-benchmark without pipelining is answered" \
    bash -c "timeout 100 redis-benchmark -p $port -c 50 -n 10000 -q -t set,get 2>&1 | tr '\r' '\n' | grep -q 'GET.*requests per second'"

# a text, since redis-cli ends its output with a line feed
head -c 7500000 /dev/urandom | base64 -w 0 >"$SITE/value"
stored() { [ "$(cli -x set big <"$SITE/value")" = OK ] && [ "$(cli strlen big)" -eq 10000000 ]; }
check "redis-server takes a value of 10 MB" stored
check "redis-server gives the value of 10 MB back" bash -c \
    "timeout 30 redis-cli -p $port get big | head -c 10000000 | cmp -s - '$SITE/value'"

# a subscriber waits on an idle connection until somebody else speaks
outside redis-cli -p "$port" subscribe news
subscriber=$PROGRAM
heard() { cli publish news "the-message" >/dev/null; grep -q the-message "$SITE/outside.log"; }
check "a message reaches a waiting subscriber" within 10 heard
stop "$subscriber" KILL

# a client behind the gateway, of a server behind the gateway
check "redis-cli behind the gateway reaches redis-server" \
    bash -c "[ \"\$('$ROOT/ringfence' run --name redis-cli -- redis-cli -p $port ping)\" = PONG ]"
check "redis-benchmark behind the gateway is answered" \
    bash -c "timeout 100 '$ROOT/ringfence' run -- redis-benchmark -p $port -c 50 -n 20000 -P 4 -q -t get 2>&1 | tr '\r' '\n' \
        | grep -q 'GET.*requests per second'"

check "redis-server ends when it is told to" bash -c "timeout 10 redis-cli -p $port shutdown nosave; true"
check "redis-server is gone then" within 10 ended "$redis"
stop "$redis" KILL
nothing_stays redis-server
