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

# said STATUS PATTERN COMMAND...: it ends with that status and says one line, which matches.
said() {
    local expected=$1 pattern=$2 output status=0
    shift 2
    output=$("$@" 2>&1 >/dev/null) || status=$?
    [ "$status" -eq "$expected" ] && [ "$(wc -l <<<"$output")" -eq 1 ] && grep -q -- "$pattern" <<<"$output" && return
    echo "status $status: $output"
    return 1
}
at() { RINGFENCE_STATE=$1 "$rf" "${@:2}"; }

# which state directories are taken
strange=$RINGFENCE_STATE/strange
mkdir -m 0755 "$strange"
check "up does not take a directory that others may read" said 1 'mode 755.*chmod 0700' at "$strange" up
check "and leaves its mode" test "$(stat -c %a "$strange")" = 755
chmod 0700 "$strange"
echo mine >"$strange/letter"
ln -s "$strange" "$RINGFENCE_STATE/link"
check "up does not take a directory with something else in it" said 1 "'letter' is in it" at "$RINGFENCE_STATE/link" up
check "down leaves it alone" at "$strange" down
check "and nothing was put there" test "$(ls -A "$strange")" = letter
rm "$strange/letter" "$RINGFENCE_STATE/link"
echo mine >"$RINGFENCE_STATE/letter"
ln -s "$RINGFENCE_STATE/letter" "$strange/lock"
check "down does not open a lock that is a link" said 1 'lock: is no regular file' at "$strange" down
check "nor empties what it leads to" grep -q mine "$RINGFENCE_STATE/letter"
rm "$strange/lock"
echo kept >"$strange/lock"
check "down with a lock is nothing special" at "$strange" down
check "and the lock is not truncated" grep -q kept "$strange/lock"
chmod 0770 "$strange"
for verb in down status shell logs env "run true"; do
    # shellcheck disable=SC2086 # a verb and its arguments
    check "$verb does not trust a directory that others may write to" said 1 'others may write to it' at "$strange" $verb
done
chmod 0700 "$strange"
if [ "$(id -u)" -eq 0 ]; then
    chown 65534 "$strange"
    for verb in up down status shell logs env "run true"; do
        # shellcheck disable=SC2086 # a verb and its arguments
        check "$verb does not trust a directory of another user" said 1 'belongs to another user' at "$strange" $verb
    done
else
    skip "a directory of another user is not trusted" "only root can make one"
fi
rm -r "$strange" "$RINGFENCE_STATE/letter"
for path in "$RINGFENCE_STATE/a,b" "$RINGFENCE_STATE/a"$'\n'"b"; do
    check "a path with a comma or a line break is refused" said 1 'a comma or a line break' at "$path" up
done
long=$RINGFENCE_STATE/$(printf 'ä%.0s' {1..40})
check "the length of a path is counted in bytes" said 1 "$(printf %s "$long" | wc -c) bytes" env LC_ALL=C.UTF-8 RINGFENCE_STATE="$long" "$rf" up

# wrong calls
for option in --abi --ins --ins-arg --ins-net --placement; do
    check "up $option without a value is a wrong call" said 2 "up: .*--" "$rf" up $option
done
check "a level of the log that is none is refused" said 2 "RINGFENCE_LOG_LEVEL is 'LOUD'" env RINGFENCE_LOG_LEVEL=LOUD "$rf" up
check "a placement that is none is refused" said 2 "RINGFENCE_PLACEMENT is 'here'" env RINGFENCE_PLACEMENT=here "$rf" up
check_status "what cannot be said changes no status" 0 bash -c "'$rf' down 2>&-"
check_status "not on a full disk either" 0 bash -c "'$rf' down 2>/dev/full"

# what cannot be written
mkdir "$RINGFENCE_STATE/options"
check "up that cannot note its options starts nothing" said 1 'options: cannot be written' "$rf" up
rmdir "$RINGFENCE_STATE/options"

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
rm "$RINGFENCE_STATE/ready"
check_status "up says so if the running gateway is not ready" 1 env RINGFENCE_START_BOUND=1 "$rf" up
check "and does not stop it: others have their sockets there" "$rf" shell help
touch "$RINGFENCE_STATE/ready"
check "status of a ready gateway is 0" "$rf" status

# one that does not answer, and one whose INS does not
kill -STOP "$pid"
began=$SECONDS
check "a gateway that hangs is told of by status" said 3 'does not answer within 10 s' timeout 60 "$rf" status
check "soon" test $((SECONDS - began)) -lt 25
kill -CONT "$pid"
ins=$(pgrep -P "$pid" -x ringfence-ins)
kill -STOP "$ins"
ill() { ! "$rf" status; }
check "a gateway whose INS hangs is not ready" within 30 ill
kill -CONT "$ins"
check "it is again when the INS goes on" within 20 "$rf" status
full() { # all sessions of the shell are taken
    python3 - "$RINGFENCE_STATE/shell.sock" "$rf" <<'EOF'
import socket, subprocess, sys
taken = [socket.socket(socket.AF_UNIX) for _ in range(16)]
for each in taken:
    each.connect(sys.argv[1])
done = subprocess.run([sys.argv[2], "status"], capture_output=True, text=True)
assert done.returncode == 3 and "16 sessions are open: end one" in done.stderr, done
EOF
}
check "status that gets no session says so and is no success" full

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

# A disk that fills up while it starts. This Java is asked what it knows between the two files that up writes.
cat >"$RINGFENCE_STATE/jdk/bin/java" <<EOF
#!/bin/sh
ln -sf /dev/full "$RINGFENCE_STATE/gateway.pid"
exec "$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java")" "\$@"
EOF
unmanaged() { pgrep -f -- "-Dringfence.state=$RINGFENCE_STATE "; }
check_status "up whose gateway's id cannot be written fails" 1 env JAVA_HOME="$RINGFENCE_STATE/jdk" "$rf" up
check_status "and leaves no gateway that nobody knows" 1 unmanaged
for each in $(unmanaged); do
    kill -KILL "$each"
done
rm -f "$RINGFENCE_STATE/gateway.pid"

# a path beyond ASCII, in a locale that knows no other letters
umlaut=$RINGFENCE_STATE/zustand-ä
check "up succeeds with a path beyond ASCII" env LC_ALL=C RINGFENCE_STATE="$umlaut" "$rf" up
check "and answers" env LC_ALL=C RINGFENCE_STATE="$umlaut" "$rf" status
check "and goes down" env LC_ALL=C RINGFENCE_STATE="$umlaut" "$rf" down

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
