#!/usr/bin/env bash
# PostgreSQL and memcached behind the gateway, and their clients on either side of it.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "databases behind the gateway" python3 ss
own_gateway

# ---- PostgreSQL ----
postgres=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
tools=$(dirname -- "${postgres:-/none}")
pgbench=$tools/pgbench
if [ -n "$postgres" ] && [ -x "$pgbench" ] && id postgres >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
    port=$(free_port)
    # it does not run as root
    mkdir -m 700 "$SITE/data"
    chown postgres "$SITE/data"
    as=(setpriv --reuid postgres --regid postgres --init-groups)
    check "initdb makes a cluster" "${as[@]}" env LC_ALL=C "$tools/initdb" -D "$SITE/data" -A trust -N -U postgres
    behind postgres "${as[@]}" env LC_ALL=C "$postgres" -D "$SITE/data" -p "$port" -h 127.0.0.1 -k "$SITE/data" -c fsync=off -c tcp_keepalives_idle=60 \
        -c tcp_user_timeout=20000
    server=$PROGRAM
    serves postgres "$port"
    at=(-h 127.0.0.1 -p "$port" -U postgres)
    asks() { "$tools/psql" "${at[@]}" -X -A -t -d postgres -c "$1"; }
    ready() { asks 'select 1'; }
    check "PostgreSQL answers" within 20 ready
    equal() { [ "$1" = "$2" ]; }
    check "it knows its client's address" equal "$(asks 'select inet_client_addr()')" 127.0.0.1
    check "a result of 20 MB comes whole" equal "$(asks "select repeat('ringfence ', 2000000)" | wc -c)" 20000001
    # loaded by COPY, from the client
    check "pgbench fills its tables" "$pgbench" "${at[@]}" -q -i -s 1 postgres
    # done SECONDS CLIENT...: transactions without a failure
    done_well() {
        local said
        said=$("$@" 2>&1) || return 1
        echo "$said"
        grep -qE '^number of transactions actually processed: 800' <<<"$said" && ! grep -qE 'aborted|failed transactions: [1-9]' <<<"$said"
    }
    check "800 transactions of 8 clients outside" done_well "$pgbench" "${at[@]}" -n -c 8 -j 2 -t 100 postgres
    check "with prepared statements" done_well "$pgbench" "${at[@]}" -n -M prepared -S -c 8 -j 2 -t 100 postgres
    check "with a connection for each transaction" done_well "$pgbench" "${at[@]}" -n -S -C -c 4 -t 200 postgres
    check "of 8 clients behind the gateway, too" done_well "$ROOT/ringfence" run --name pgbench -- "$pgbench" "${at[@]}" -n -c 8 -j 2 -t 100 postgres
    "$tools/psql" "${at[@]}" -X -d postgres -c "select pg_sleep(30)" >"$SITE/cancelled" 2>&1 &
    sleeper=$!
    sleeping() { [ "$(asks "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'")" = 1 ]; }
    within 10 sleeping
    check "a query is cancelled" equal "$(asks "select bool_or(pg_cancel_backend(pid)) from pg_stat_activity where query like 'select pg_sleep%'")" t
    wait $sleeper
    check "and says so to its client" grep -q 'canceling statement' "$SITE/cancelled"
    check "PostgreSQL ends when it is told to" stop "$server" INT
    nothing_stays PostgreSQL
else
    skip "PostgreSQL behind the gateway" "it is not installed, or not started by root"
fi

# ---- memcached ----
if command -v memcached >/dev/null; then
    port=$(free_port)
    behind memcached memcached -u root -l 127.0.0.1 -p "$port" -U "$port" -t 4 -m 64
    server=$PROGRAM
    serves memcached "$port"
    check "memcached keeps 8,000 values of 16 clients, by TCP and by UDP" "$PYTHON" "$CLIENTS/memcached.py" "$port"
    check "of clients behind the gateway, too" "$ROOT/ringfence" run -- "$PYTHON" "$CLIENTS/memcached.py" "$port"
    check "memcached ends when it is told to" stop "$server" TERM
    nothing_stays memcached
else
    skip "memcached behind the gateway" "it is not installed"
fi
