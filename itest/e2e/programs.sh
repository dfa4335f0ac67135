#!/usr/bin/env bash
# Programs that become other programs behind the gateway: other environments, other users, other roots, nginx's
# upgrade of its binary; Node, which makes its system calls by number; and programs that cannot be preloaded into.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "programs that become others behind the gateway" curl ss python3
own_gateway
make_site

# ---- environments and users ----
# becomes SENTENCE COMMAND...: Python, started by COMMAND, serves a file.
becomes() {
    local sentence=$1 port
    shift
    port=$(free_port)
    behind become "$@" "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$port"
    serves "$sentence" "$port"
    check "$sentence serves" fetches "http://127.0.0.1:$port/small" "$SITE/www/small"
    check "$sentence ends" stop "$PROGRAM"
}
becomes "a program started by env -i" env -i
becomes "a program with an LD_PRELOAD of its own" env LD_PRELOAD=libm.so.6
# shellcheck disable=SC2016 # expanded by the inner shell
becomes "a program started by a shell that forgot its environment" \
    sh -c 'unset LD_PRELOAD RINGFENCE_ATTACH RINGFENCE_LAUNCH; exec "$@"' sh
if [ "$(id -u)" -eq 0 ]; then
    becomes "a program of another user" setpriv --reuid nobody --regid nogroup --clear-groups
    becomes "a program of another user with a fresh environment" \
        setpriv --reuid nobody --regid nogroup --clear-groups env -i
    port=$(free_port)
    behind chroot "$PYTHON" -c "
import encodings.idna, http.server, os, sys
os.chroot(sys.argv[1])
os.chdir('/')
os.setgid(65534)
os.setuid(65534)
http.server.HTTPServer(('127.0.0.1', int(sys.argv[2])), http.server.SimpleHTTPRequestHandler).serve_forever()" \
        "$SITE/www" "$port"
    serves "a program below another root directory" "$port"
    check "a program whose first socket is opened below another root directory serves" \
        fetches "http://127.0.0.1:$port/small" "$SITE/www/small"
    check "and ends" stop "$PROGRAM"
else
    skip "programs of other users and below other root directories" "only root can start them"
fi
nothing_stays "programs in other environments"

# ---- inetd: the connection is the descriptors 0 and 1 of another program ----
port=$(free_port)
cat >"$SITE/inetd.py" <<'EOF'
import os, socket, sys
if len(sys.argv) == 1:
    while data := os.read(0, 4096):
        os.write(1, data.upper())
    sys.exit()
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
for _ in range(3):
    connection, _ = listener.accept()
    child = os.fork()
    if child == 0:
        os.dup2(connection.fileno(), 0)
        os.dup2(connection.fileno(), 1)
        os.closerange(3, 65536)
        os.execve(sys.executable, [sys.executable, __file__], {})
    connection.close()
    os.waitpid(child, 0)
EOF
behind inetd "$PYTHON" "$SITE/inetd.py" "$port"
serves inetd "$port"
shouts() {
    "$PYTHON" -c '
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
    s.sendall(b"hello " * 5000)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while data := s.recv(65536):
        got += data
sys.exit(got != b"HELLO " * 5000)' "$1"
}
for nth in first second third; do
    check "inetd: the $nth connection is answered by a program of its own" shouts "$port"
done
check "inetd ends" within 5 ended "$PROGRAM"
nothing_stays inetd

# ---- Node: libuv ----
if command -v node >/dev/null; then
    port=$(free_port)
    cat >"$SITE/server.js" <<'EOF'
const fs = require('fs'), http = require('http');
const [root, port] = process.argv.slice(2);
http.createServer((request, response) => {
    if (request.method === 'POST') {
        let length = 0;
        request.on('data', data => { length += data.length; });
        request.on('end', () => response.end(`${length}\n`));
    } else if (request.url === '/itself') {
        http.get({ host: '127.0.0.1', port, path: '/small' }, inner => inner.pipe(response));
    } else {
        fs.createReadStream(root + request.url).on('error', () => response.destroy()).pipe(response);
    }
}).listen(Number(port), '127.0.0.1');
EOF
    behind node node "$SITE/server.js" "$SITE/www" "$port"
    url=http://127.0.0.1:$port
    serves node "$port"
    check "node serves 1 KiB" fetches "$url/small" "$SITE/www/small"
    check "node serves 50 MiB" fetches "$url/large" "$SITE/www/large"
    check "node serves 1 KiB to 32 curls at a time, 320 in all" fetched_by 32 10 "$url/small" "$SITE/www/small"
    check "node fetches from itself" fetches "$url/itself" "$SITE/www/small"
    posted() { [ "$(curl -sSf -m 60 --data-binary "@$SITE/www/large" "$url/")" = $((50 * 1024 * 1024)) ]; }
    check "node takes a POST of 50 MiB" posted
    check "node serves over one connection 2,000 times" "$PYTHON" "$CLIENTS/web.py" keepalive "$port" /small 2000 "$SITE/www/small"
    check "node ends" stop "$PROGRAM"
    nothing_stays node
else
    skip "node's http server behind the gateway" "node is not installed"
fi

# ---- nginx: the binary is replaced under load ----
if command -v nginx >/dev/null; then
    port=$(free_port)
    url=http://127.0.0.1:$port
    nginx_configuration 256 'daemon on;' <<EOF
    server { listen $port; root $SITE/www; }
EOF
    # by its path: nginx executes what it was called
    behind nginx "$(command -v nginx)" -e "$SITE/error.log" -c "$SITE/nginx.conf"
    check "nginx becomes a daemon" within 10 ended "$PROGRAM"
    serves_daemon() { listens "$port" && [ -s "$SITE/nginx.pid" ]; }
    check "and listens" within 10 serves_daemon
    old=$(cat "$SITE/nginx.pid")
    PROGRAMS+=("$old")
    check "nginx serves" fetches "$url/large" "$SITE/www/large"
    fetched_by 8 60 "$url/small" "$SITE/www/small" >"$SITE/upgrade.log" 2>&1 &
    load=$!
    kill -USR2 "$old"
    replaced() { [ -s "$SITE/nginx.pid.oldbin" ] && [ -s "$SITE/nginx.pid" ] && [ "$(cat "$SITE/nginx.pid")" != "$old" ]; }
    check "USR2 starts the new binary beside the old one" within 10 replaced
    new=$(cat "$SITE/nginx.pid")
    PROGRAMS+=("$new")
    workers() { [ "$(pgrep -cP "$1")" -ge 2 ]; }
    check "it has workers of its own" within 10 workers "$new"
    kill -QUIT "$old"
    wait $load
    check "requests during the upgrade are all answered" test $? -eq 0
    check "the old binary ends" within 15 ended "$old"
    check "the new one serves on" fetched_by 16 4 "$url/small" "$SITE/www/small"
    check "and ends" stop "$new" QUIT
    check "nginx says nothing alarming in its own log" bash -c "! grep -E '\[(alert|crit|emerg)\]' $SITE/error.log"
    nothing_stays nginx
else
    skip "nginx replaces its binary behind the gateway" "nginx is not installed"
fi

# ---- programs that nothing can be preloaded into ----
if command -v cc >/dev/null && printf 'int main(void) { return 3; }\n' >"$SITE/static.c" &&
    cc -static -o "$SITE/static" "$SITE/static.c" 2>/dev/null; then
    said=$("$ROOT/ringfence" run -- "$SITE/static" 2>&1)
    check "a static program's exit status is its own" test $? -eq 3
    check "and one line says that it is not behind the gateway" \
        test "$said" = "ringfence: run: '$SITE/static' is statically linked: the shim cannot be preloaded into it, so it is not behind the gateway"
else
    skip "a static program" "cc cannot link one"
fi
said=$("$ROOT/ringfence" run -- true 2>&1)
check "nothing is said of an ordinary one" test $? -eq 0 -a -z "$said"
