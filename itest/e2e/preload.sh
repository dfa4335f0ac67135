#!/usr/bin/env bash
# Programs that LD_PRELOAD alone does not bring behind the gateway, and programs with an LD_PRELOAD of their own.
set -u
. "$(dirname -- "$0")/behind.sh"
NATIVE=${RINGFENCE_NATIVE:-$ROOT/native/build}
needs "programs that LD_PRELOAD does not reach" "$PYTHON" setpriv
own_gateway

# serves and answers itself, and says who it is
cat >"$SITE/alone.py" <<'EOF'
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
client.sendall(b"hello")
print(listener.accept()[0].recv(5).decode(), os.geteuid())
EOF

# behind SENTENCE OUTPUT COMMAND...: the command's output behind the gateway; where there is no network but the INS's.
behind() {
    local sentence=$1 expected=$2 got
    shift 2
    got=$(timeout 60 "$ROOT/ringfence" run --name preload -- "$@" 2>"$SITE/err" </dev/null)
    if [ "$got" = "$expected" ]; then ok "$sentence"; else
        not_ok "$sentence" "'$got', expected '$expected': $(tr '\n' '|' <"$SITE/err")"
    fi
}

said() { grep -qF "'$1' is statically linked" "$SITE/err" && [ "$(wc -l <"$SITE/err")" -eq 1 ]; }

jemalloc=$(ldconfig -p | sed -n 's/.*=> \(.*libjemalloc\.so\.2\)$/\1/p' | head -n 1)
if [ -n "$jemalloc" ]; then
    export LD_PRELOAD=$jemalloc
    behind "a program with jemalloc in LD_PRELOAD is behind the gateway" "hello $(id -u)" "$PYTHON" "$SITE/alone.py"
    unset LD_PRELOAD
    behind "and so is one that is executed with it" "hello $(id -u)" env -i "LD_PRELOAD=$jemalloc" "$PYTHON" "$SITE/alone.py"
else
    skip "a program with jemalloc in LD_PRELOAD is behind the gateway" "there is no libjemalloc.so.2"
fi

behind "a statically linked program runs" "" "$NATIVE/shim/static"
check "and one line says that it is not behind the gateway" said "$NATIVE/shim/static"

if [ "$(id -u)" -ne 0 ]; then
    skip "what a statically linked program executes with an empty environment is behind the gateway" "only root has a mount namespace for it"
    exit 0
fi
behind "what a statically linked program executes with an empty environment is behind the gateway" "hello 0" \
    "$NATIVE/shim/static" "$PYTHON" "$SITE/alone.py"
cp "$(readlink -f "$PYTHON")" "$SITE/python" && chmod 4755 "$SITE/python"
behind "and so is a set-user-ID program that another user starts" "hello 0" \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$SITE/python" "$SITE/alone.py"
# Of the region of whoever started it nothing is left: the descriptors that no call shows, but for its own.
cat >"$SITE/regions.py" <<'EOF'
import os, socket

def target(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""  # that of the listing itself

socket.socket()
print(len([fd for fd in os.listdir("/proc/self/fd") if "memfd:" in target(fd)]))
EOF
behind "which has a region of its own, and none of that user's" 1 \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$SITE/python" "$SITE/regions.py"
check "the system's own list of libraries is as it was" bash -c '! grep -q ringfence /etc/ld.so.preload'
check "and no list is left behind" bash -c "! ls '$RINGFENCE_STATE'/preload.*"
nothing_stays "programs that LD_PRELOAD does not reach"
