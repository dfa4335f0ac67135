#!/usr/bin/env bash
# apache2 behind the gateway: a process for each connection (prefork), and threads and processes (event).
set -u
. "$(dirname -- "$0")/behind.sh"
needs "apache2 behind the gateway" apache2 curl ss
own_gateway
make_site
modules=/usr/lib/apache2/modules

# serve_with MPM: the directives are those of Debian's mpm_prefork.conf and mpm_event.conf
serve_with() {
    local mpm=$1 user=''
    [ -e "$modules/mod_mpm_$mpm.so" ] || {
        skip "apache2 with mpm_$mpm behind the gateway" "$modules/mod_mpm_$mpm.so is not there"
        return
    }
    port=$(free_port)
    [ "$(id -u)" -eq 0 ] && user="User www-data
Group www-data"
    mkdir -p "$SITE/$mpm"
    cat >"$SITE/$mpm.conf" <<EOF
ServerRoot $SITE/$mpm
ServerName localhost
PidFile $SITE/$mpm/apache2.pid
DefaultRuntimeDir $SITE/$mpm
Mutex file:$SITE/$mpm default
ErrorLog $SITE/$mpm-error.log
LoadModule mpm_${mpm}_module $modules/mod_mpm_$mpm.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule mime_module $modules/mod_mime.so
TypesConfig /etc/mime.types
$user
Listen $port
Timeout 60
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 5
<IfModule mpm_prefork_module>
    StartServers 5
    MinSpareServers 5
    MaxSpareServers 10
    MaxRequestWorkers 150
    MaxConnectionsPerChild 0
</IfModule>
<IfModule mpm_event_module>
    StartServers 2
    MinSpareThreads 25
    MaxSpareThreads 75
    ThreadLimit 64
    ThreadsPerChild 25
    MaxRequestWorkers 150
    MaxConnectionsPerChild 0
</IfModule>
DocumentRoot $SITE/www
<Directory $SITE/www>
    Require all granted
</Directory>
EOF
    behind "apache-$mpm" apache2 -f "$SITE/$mpm.conf" -DFOREGROUND
    apache=$PROGRAM
    serves "apache2 with mpm_$mpm" "$port"
    url=http://127.0.0.1:$port

    check "apache2 ($mpm) serves 1 KiB" fetches "$url/small" "$SITE/www/small"
    check "apache2 ($mpm) serves 50 MiB" fetches "$url/large" "$SITE/www/large"
    # before the load: a process that has become superfluous ends its keep-alive connections
    check "apache2 ($mpm) serves 2,000 requests over one connection" \
        "$PYTHON" "$CLIENTS/web.py" keepalive "$port" /small 2000 "$SITE/www/small"
    check "apache2 ($mpm) serves 1 KiB to 64 curls at a time, 640 in all" fetched_by 64 10 "$url/small" "$SITE/www/small"
    check "apache2 ($mpm) serves 50 MiB to 64 curls at a time" fetched_by 64 1 "$url/large" "$SITE/www/large"

    fetched_by 8 40 "$url/small" "$SITE/www/small" >"$SITE/$mpm-load.log" 2>&1 &
    load=$!
    kill -USR1 "$apache" # graceful: new processes, the old ones finish
    wait $load
    check "apache2 ($mpm): requests during a graceful restart are all answered" test $? -eq 0

    check "apache2 ($mpm) ends when it is told to" stop "$apache" TERM
    nothing_stays "apache2 ($mpm)"
}

serve_with prefork
serve_with event
