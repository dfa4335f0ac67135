#!/usr/bin/env bash
# Two INSs of different ABI behind one gateway at once.
set -u
. "$(dirname -- "$0")/behind.sh"
. "$(dirname -- "$0")/sockets.sh"
needs "two network stacks behind one gateway" curl "$PYTHON" ss
own_gateway --abi linux

outside "$ROOT/native/build/ringfence-ins" --abi netbsd --name south --socket "$RINGFENCE_STATE/ins.sock" --no-sandbox
south=$PROGRAM
abis() { shell ringfence:ins | awk 'NR > 1 { print $NF, $3 }' | sort | tr '\n' ' '; }
both() { [ "$(abis)" = "ins linux south netbsd " ]; }
check "both are attached, and each speaks its ABI" within 10 both

make_site
sockets_of() { shell ringfence:ins | awk -v name="$1" '$NF == name { print $4 }'; }
served() { # served INS: starts a server for it and sets its port
    port=$(free_port)
    setsid "$ROOT/ringfence" run --name web --ins "$1" -- "$PYTHON" -m http.server -d "$SITE/www" "$port" >>"$SITE/$1.log" 2>&1 </dev/null &
    PROGRAM=$!
    PROGRAMS+=("$PROGRAM")
    serves "the server on $1" "$port"
}
served south
southern=$port
more_than() { [ "$(sockets_of "$1")" -gt "$2" ]; }
check "a program that was started for one is on that one" more_than south 0
check "and not on the other" test "$(sockets_of ins)" -eq 0
served ins
northern=$port
check "another is on the other" more_than ins 0
check "the gateway calls both by their names alone" bash -c \
    "[ \$('$ROOT/ringfence' shell ringfence:applications | grep -cw web) -eq 2 ] && ! '$ROOT/ringfence' shell ringfence:applications | grep -q @"
check "both serve at once" bash -c "
    for i in 1 2 3 4 5; do
        curl -sSf -m 20 http://127.0.0.1:$southern/large | cmp - '$SITE/www/large' & a=\$!
        curl -sSf -m 20 http://127.0.0.1:$northern/large | cmp - '$SITE/www/large' & b=\$!
        wait \$a && wait \$b || exit 1
    done"
same_on() { "$ROOT/ringfence" run --ins "$1" -- "$PYTHON" "$CLIENTS/sockets.py" errors | diff - <("$PYTHON" "$CLIENTS/sockets.py" errors); }
check "a program on NetBSD's stack sees errors of Linux" same_on south
check "and so does one on Linux's" same_on ins
unconnected() { [ "$("$ROOT/ringfence" run "$@" -- "$PYTHON" -c 'import errno, socket
try:
    socket.socket()
    print("there is one")
except OSError as e:
    print(errno.errorcode[e.errno])')" = "$WANTED" ]; }
WANTED=ENETDOWN
check "who asks for an INS that is not there has no network" unconnected --ins east
check_status "a name that is none is refused" 2 "$ROOT/ringfence" run --ins 'a b' -- true

# ---- one goes ----
stop "$south"
alone() { [ "$(abis)" = "ins linux " ]; }
check "when one INS goes, the other stays" within 10 alone
check "and serves on" fetches "http://127.0.0.1:$northern/small" "$SITE/www/small"
check "who asks for the one that is gone has no network" unconnected --ins south
WANTED='there is one'
check "who does not ask is on the one that is left" unconnected
