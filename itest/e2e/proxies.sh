#!/usr/bin/env bash
# Reverse proxies behind the gateway: haproxy and nginx, each a server and a client at once, before servers on either side
# of the gateway.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "reverse proxies behind the gateway" haproxy nginx curl ss python3
own_gateway
make_site

# nginx, which serves files itself and passes /back/ on to haproxy's second port
files=$(free_port) front=$(free_port) middle=$(free_port) tcp=$(free_port)
cat >"$SITE/nginx.conf" <<EOF
daemon off;
worker_processes 2;
pid $SITE/nginx.pid;
error_log $SITE/nginx-error.log warn;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $SITE/body; proxy_temp_path $SITE/proxy; fastcgi_temp_path $SITE/fastcgi; uwsgi_temp_path $SITE/uwsgi; scgi_temp_path $SITE/scgi;
    client_max_body_size 100m;
    upstream back { server 127.0.0.1:$middle; keepalive 16; }
    server { listen 127.0.0.1:$files; root $SITE/www; }
    server {
        listen 127.0.0.1:$front;
        location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on; }
    }
}
EOF
[ "$(id -u)" -eq 0 ] && sed -i '1i user root;' "$SITE/nginx.conf"
cat >"$SITE/haproxy.cfg" <<EOF
global
    maxconn 2000
defaults
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    option tcpka
frontend http
    mode http
    bind 127.0.0.1:$middle defer-accept
    default_backend files
backend files
    mode http
    option httpchk GET /small
    http-reuse always
    server a 127.0.0.1:$files check inter 500
frontend stream
    mode tcp
    bind 127.0.0.1:$tcp
    default_backend raw
backend raw
    mode tcp
    option tcp-smart-connect
    server a 127.0.0.1:$files
EOF
behind nginx nginx -c "$SITE/nginx.conf"
nginx=$PROGRAM
serves nginx "$files"
behind haproxy haproxy -f "$SITE/haproxy.cfg"
haproxy=$PROGRAM
serves haproxy "$middle"
ready() { fetches "http://127.0.0.1:$middle/small" "$SITE/www/small"; }
check "haproxy finds its server by its health check" within 20 ready
through() { # through SENTENCE PORT
    check "$1: 1 KiB" fetches "http://127.0.0.1:$2/small" "$SITE/www/small"
    check "$1: 50 MiB" fetches "http://127.0.0.1:$2/large" "$SITE/www/large"
    check "$1: 1 KiB to 16 curls at a time, 160 in all" fetched_by 16 10 "http://127.0.0.1:$2/small" "$SITE/www/small"
}
through "haproxy before nginx" "$middle"
through "haproxy, bytes only" "$tcp"
through "nginx before haproxy before nginx" "$front"
missing() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$front/no-such-file")" = 404 ]; }
check "a status passes through both" missing
gone() { [ "$(curl -s -o /dev/null -w '%{http_code}' -m 20 "http://127.0.0.1:$front/small")" = 502 ]; }
check "haproxy ends when it is told to" stop "$haproxy" TERM
check "nginx says that its server is gone" within 20 gone
check "nginx ends when it is told to" stop "$nginx" QUIT
nothing_stays "the proxies"
