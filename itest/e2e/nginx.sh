#!/usr/bin/env bash
# nginx with two workers behind the gateway, as its package configures it.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "nginx behind the gateway" nginx curl ss
own_gateway
make_site
port=$(free_port)
url=http://127.0.0.1:$port

serve_nginx "$port" 768 <<EOF
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    gzip on;
    keepalive_requests 100000;
    server {
        listen $port;
        listen [::1]:$port;
        root $SITE/www;
        access_log $SITE/access.log;
        client_max_body_size 100m;
        location /length {
            client_body_buffer_size 16k;
            proxy_pass http://127.0.0.1:$port/received;
        }
        location /received { return 200 "\$content_length\n"; }
        location /version { return 200 "one\n"; }
    }
EOF

# nobody else's nginx: the workers are this one's children
workers() { pgrep -P "$nginx" | sort | tr '\n' ' '; }
two_workers() { [ "$(workers | wc -w)" -eq 2 ]; }
check "nginx has two workers" within 5 two_workers
check "nginx has no interface but lo, and that is down" \
    bash -c "! grep -qv -e lo: -e '|' /proc/$nginx/net/dev && [ ! -s /proc/$nginx/net/route -o \$(wc -l </proc/$nginx/net/route) -le 1 ]"

check "nginx serves 1 KiB" fetches "$url/small" "$SITE/www/small"
check "nginx serves 50 MiB" fetches "$url/large" "$SITE/www/large"
check "nginx serves 1 KiB to 64 curls at a time, 640 in all" fetched_by 64 10 "$url/small" "$SITE/www/small"
check "nginx serves 50 MiB to 64 curls at a time" fetched_by 64 1 "$url/large" "$SITE/www/large"
check "nginx serves 50 MiB to 64 curls that take 5 MiB a second each" fetched_by 64 1 "$url/large" "$SITE/www/large" 5M
check "nginx serves over IPv6" fetches "http://[::1]:$port/large" "$SITE/www/large"
check "nginx answers a range" bash -c \
    "curl -sSf -m 20 -r 1000000-30000000 $url/large | cmp -s - <(tail -c +1000001 $SITE/www/large | head -c 29000001)"
check "nginx serves 5,000 requests over one connection" "$PYTHON" "$CLIENTS/web.py" keepalive "$port" /small 5000 "$SITE/www/small"
check "nginx answers 1,000 pipelined requests in order" "$PYTHON" "$CLIENTS/web.py" pipeline "$port" /small 1000 "$SITE/www/small"

posted() { [ "$(curl -sSf -m 60 "$@")" = "$length" ]; }
length=1024
check "nginx takes a POST of 1 KiB and passes it on to itself" posted --data-binary "@$SITE/www/small" "$url/length"
length=$((50 * 1024 * 1024))
check "nginx takes a PUT of 50 MiB and passes it on to itself" posted -T "$SITE/www/large" "$url/length"

# ---- reload under load: nothing is refused, nothing is cut ----
before=$(workers)
fetched_by 8 40 "$url/small" "$SITE/www/small" >"$SITE/reload.log" 2>&1 &
load=$!
curl -sSf -m 60 --limit-rate 20M "$url/large" 2>>"$SITE/reload.log" | cmp -s - "$SITE/www/large" &
download=$!
sed -i 's/"one/"two/' "$SITE/nginx.conf"
kill -HUP "$nginx"
reloaded() { [ "$(curl -s -m 5 "$url/version")" = two ]; }
check "nginx -s reload brings in the new configuration" within 10 reloaded
wait $load
check "requests during a reload are all answered" test $? -eq 0
wait $download
check "a download that began before the reload is finished" test $? -eq 0
old_gone() { local p; for p in $before; do ended "$p" || return 1; done; two_workers; }
check "the workers of before the reload end" within 15 old_gone
check "after the reload nginx serves on" fetched_by 16 4 "$url/small" "$SITE/www/small"

check "nginx ends when it is told to" stop "$nginx" QUIT
# ---- the next binary takes over (USR2, then QUIT to the old one): only a daemon does that ----
pid_file=$(sed -n 's/^pid  *\(.*\);/\1/p' "$SITE/nginx.conf")
"$ROOT/ringfence" run --name nginx -- "$(command -v nginx)" -e "$SITE/error.log" -c "$SITE/nginx.conf" >"$SITE/daemon.log" 2>&1 </dev/null
check "nginx serves as a daemon" within 10 fetches "$url/small" "$SITE/www/small"
old=$(cat "$pid_file")
fetched_by 8 20 "$url/small" "$SITE/www/small" >"$SITE/upgrade.log" 2>&1 &
load=$!
kill -USR2 "$old"
upgraded() { local new; new=$(cat "$pid_file") && [ -n "$new" ] && [ "$new" != "$old" ] && [ "$(pgrep -P "$new" | wc -l)" -eq 2 ]; }
check "nginx's next binary starts beside it" within 15 upgraded
new=$(cat "$pid_file")
kill -QUIT "$old"
check "the old one ends" within 15 ended "$old"
wait $load
check "requests meanwhile are all answered" test $? -eq 0
check "the next binary serves on" fetched_by 8 4 "$url/small" "$SITE/www/small"
kill -QUIT "$new"
check "and ends when it is told to" within 10 ended "$new"
check "nginx says nothing alarming in its own log" bash -c "! grep -E '\[(alert|crit|emerg)\]' $SITE/error.log"
nothing_stays nginx
