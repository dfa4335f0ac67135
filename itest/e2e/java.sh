#!/usr/bin/env bash
# Java behind the gateway: the JDK's HTTP server and client, and Netty with its selectors of both kinds, that of the JDK and
# its own on epoll.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "Java behind the gateway" java javac curl ss python3
own_gateway
make_site
programs=$ROOT/itest/e2e/programs
netty=$ROOT/itest/target/netty
java=(java -XX:+UseSerialGC -Xshare:auto -Xmx200m)

javac -d "$SITE" "$programs/Pages.java"
port=$(free_port)
behind pages "${java[@]}" -cp "$SITE" Pages serve "$port" "$SITE/www"
server=$PROGRAM
serves "the JDK's HTTP server" "$port"
url=http://127.0.0.1:$port
check "the JDK's HTTP server serves 50 MiB" fetches "$url/large" "$SITE/www/large"
check "and 1 KiB to 16 curls at a time, 160 in all" fetched_by 16 10 "$url/small" "$SITE/www/small"
check "the JDK's HTTP client fetches behind the gateway, 100 times at once" \
    "$ROOT/ringfence" run --name client -- "${java[@]}" -cp "$SITE" Pages ask "$url/small" "$SITE/www/small" 100
check "the server ends when it is told to" stop "$server" TERM
nothing_stays "the JDK's HTTP server"

if ls "$netty"/netty-transport-*.jar >/dev/null 2>&1; then
    class_path=$SITE:$netty/*
    javac -cp "$class_path" -d "$SITE" "$programs/NettyEcho.java"
    for transport in nio epoll; do
        port=$(free_port)
        behind "netty-$transport" "${java[@]}" -cp "$class_path" NettyEcho "$transport" serve "$port"
        server=$PROGRAM
        serves "Netty on $transport" "$port"
        check "Netty on $transport echoes 32 MiB over 32 connections" "$PYTHON" "$CLIENTS/echo.py" ask "$port" 32 1048576
        check "Netty's client on $transport is echoed to behind the gateway" \
            "$ROOT/ringfence" run --name client -- "${java[@]}" -cp "$class_path" NettyEcho "$transport" ask "$port" 16 1048576
        check "Netty on $transport ends when it is told to" stop "$server" TERM
    done
    nothing_stays Netty
else
    skip "Netty behind the gateway" "Maven has not fetched it: mvn verify does"
fi
