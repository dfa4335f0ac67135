#!/usr/bin/env bash
# The command ./ringfence: starting, stopping, and what it says when it cannot.
set -u
. "$(dirname -- "$0")/assert.sh"
own_instance
rf=$ROOT/ringfence

check_status "status of a gateway that is down is not 0" 1 "$rf" status
check_status "run without a gateway is refused" 1 "$rf" run -- true
check_status "the shell without a gateway ends with 3" 3 "$rf" shell bundles
check "down with nothing running succeeds" "$rf" down
check_status "an unknown verb is an error of use" 2 "$rf" upp
for verb in demo test up down status run env shell logs build; do
    check "$verb has help" "$rf" "$verb" --help
done

# a pid file whose number belongs to another program
echo $$ >"$RINGFENCE_STATE/gateway.pid"
check_status "a stale pid file is not taken for a gateway" 1 "$rf" status

started=$(date +%s%N)
check "up succeeds" "$rf" up
elapsed=$((($(date +%s%N) - started) / 1000000))
if [ $elapsed -lt 10000 ]; then
    ok "up is ready in less than 10 s"
else
    not_ok "up is ready in less than 10 s" "$elapsed ms"
fi
pid=$(cat "$RINGFENCE_STATE/gateway.pid")
archived() { [ "$(grep -c "/classes.jsa" "/proc/$1/maps")" -gt 1 ]; } # one that is refused stays as one
check "the gateway takes the platform's classes from the archive" archived "$pid"
check "up again succeeds" "$rf" up
check "up again leaves the running gateway alone" test "$pid" = "$(cat "$RINGFENCE_STATE/gateway.pid")"
check_status "up with another ABI than the running one's is refused" 1 "$rf" up --abi netbsd
check "status of a ready gateway is 0" "$rf" status

for file in attach.sock shell.sock; do
    check "$file is its owner's only" test "$(stat -c %a "$RINGFENCE_STATE/$file")" = 600
done
check "the state directory is its owner's only" test "$(stat -c %a "$RINGFENCE_STATE")" = 700

check "the shell runs a command" "$rf" shell ringfence:bundles
check_status "the shell ends with 1 when the command fails" 1 "$rf" shell no-such-command
check_status "the shell's status is that of the last line of its input" 0 \
    bash -c "printf 'no-such-command\nbundles\n' | '$rf' shell"

check_status "run passes the exit status through" 7 "$rf" run -- sh -c 'exit 7'
check_status "run of a program that is not there ends with 127" 127 "$rf" run -- no-such-program
check "run with a command that has '=' in its name does not take it for a variable" \
    bash -c "cd '$RINGFENCE_STATE' && printf '#!/bin/sh\nexit 0\n' >a=b && chmod +x a=b && '$rf' run -- ./a=b"
"$rf" run -- sleep 60 2>/dev/null &
program=$!
within 5 grep -qx sleep "/proc/$program/comm"
check "run keeps the process id" grep -qx sleep "/proc/$program/comm"
# from outside: the program itself reads what the INS has
check "run gives the program an empty network namespace" sh -c '! grep -qv -e lo: -e "|" "/proc/$1/net/dev"' sh "$program"
kill -TERM $program
wait $program
check "run passes signals through" test $? -eq 143
check "env's lines differ in their launch each time" test "$("$rf" env)" != "$("$rf" env)"

check "down succeeds" "$rf" down
# an ending process loses its command line a moment before its id is free
check "down leaves no process" bash -c "! tr -d '\\0' 2>/dev/null </proc/$pid/cmdline | grep -q ."
check "down leaves no socket" bash -c "! ls '$RINGFENCE_STATE'/*.sock 2>/dev/null"

# a Java that has no file "release" beside it is started to ask for its version
mkdir -p "$RINGFENCE_STATE/jdk/bin"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java")" >"$RINGFENCE_STATE/jdk/bin/java"
chmod +x "$RINGFENCE_STATE/jdk/bin/java"
check "up succeeds with a Java of which nothing is noted" env JAVA_HOME="$RINGFENCE_STATE/jdk" "$rf" up
check_status "which has no archive" 1 archived "$(cat "$RINGFENCE_STATE/gateway.pid")"
check "and it goes down" "$rf" down

# a gateway that is killed leaves its programs without sockets
"$rf" up 2>/dev/null
pid=$(cat "$RINGFENCE_STATE/gateway.pid")
"$rf" run --name cut -- python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print("listening", flush=True)
time.sleep(600)' >"$RINGFENCE_STATE/listening" 2>/dev/null &
program=$!
check "a program listens behind the gateway" within 20 grep -q listening "$RINGFENCE_STATE/listening"
kill -KILL "$pid"
gone() { ! kill -0 "$1" 2>/dev/null; }
check "the gateway is killed" within 10 gone "$pid"
check_status "status says that it is down" 1 "$rf" status
check "up says which programs have to be started again" bash -c "'$rf' up 2>&1 | grep -q 'start them again: python3[^ ]* (pid $program)'"
kill -KILL "$program"
wait "$program" 2>/dev/null
check "a reader that has enough of the shell ends it without a word" \
    bash -c "printf 'help\nhelp\nhelp\nhelp\nhelp\nhelp\nhelp\nhelp\nhelp\nhelp\n' | '$rf' shell 2>'$RINGFENCE_STATE/said' | head -n 1 >/dev/null; ! [ -s '$RINGFENCE_STATE/said' ]"
check_status "output that cannot be written is told, and is no success" 141 bash -c "'$rf' shell help >/dev/full 2>'$RINGFENCE_STATE/said'"
check "with its reason" grep -q 'ringfence shell: standard output: No space left on device' "$RINGFENCE_STATE/said"
check "it goes down at the end" "$rf" down
