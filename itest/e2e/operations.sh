#!/usr/bin/env bash
# What an administrator does: every command of the shell, wrong calls of them, configuration while it runs, health.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "operations" curl python3 ss
own_gateway
rf=$ROOT/ringfence
port=$(free_port)
behind web "$PYTHON" -m http.server "$port" --directory "$SITE"
web=$PROGRAM
serves web "$port"
reached() { curl -sS -m 5 -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null; }
unreached() { ! reached; }
reached

# All commands below in one session: each JVM of a client costs a second on a busy machine.
commands='status apps ins bundles connections ring latency policies blocked health help'
for each in $commands; do
    echo "$each"
    echo "$each --help"
    [ "$each" = help ] || echo "$each --json"
done >"$SITE/lines"
printf '%s\n' 'policy block' 'trace --last 20' 'top --count 1' 'trace --for 100ms' >>"$SITE/lines"
check "every command answers, with --help and --json" bash -c "'$rf' shell <'$SITE/lines' >'$SITE/answers' 2>'$SITE/errors'"
check "and none of them complains" test ! -s "$SITE/errors"
check "tables fit 100 columns" awk '/^[[{]|sa_family/ { next } length($0) > 100 { print; wide = 1 } END { exit wide }' "$SITE/answers"
check "what --json gives is JSON" "$PYTHON" - "$SITE/answers" <<'EOF'
import json, sys
lines = [line for line in open(sys.argv[1]) if line[0] in "[{"]
assert len(lines) == 10, len(lines)
for line in lines:
    json.loads(line)
EOF
check "and nothing but JSON" bash -c "! grep -qx null '$SITE/answers'"
check "nor is there a word besides the objects of trace" bash -c "'$rf' shell trace --last 3 --json | '$PYTHON' -c 'import json, sys
assert [type(json.loads(line)) for line in sys.stdin] == [dict] * 3'"
check "help of every command fits 100 columns" bash -c "for each in trace top swap block events grep pauses policy connection reset; do echo \$each --help; done | '$rf' shell | awk 'length(\$0) > 100 { print; wide = 1 } END { exit wide }'"
for what in 'sa_family=AF_INET' '= 0 <0.' 'allow (allow)' 'heartbeat'; do
    check "the answers have '$what'" grep -qF -- "$what" "$SITE/answers"
done

ended=$("$rf" shell connections --state ended --json | "$PYTHON" -c 'import json, sys
print([row["id"] for row in json.load(sys.stdin) if row["dir"] == "in"][0])')
check "a connection tells its story" bash -c "'$rf' shell connection $ended | grep -q 'first byte to the application'"

# said STATUS PATTERN WORD...: the command ends with that status and says one line that matches, on standard error.
said() {
    local expected=$1 pattern=$2 output status=0
    shift 2
    output=$("$rf" shell "$@" 2>&1 >/dev/null) || status=$?
    [ "$status" -eq "$expected" ] && [ "$(wc -l <<<"$output")" -eq 1 ] && grep -q -- "$pattern" <<<"$output" && return
    echo "status $status: $output"
    return 1
}
check "a wrong option is named" said 2 "option '--sotr' is unknown" connections --sotr bytes
check "a wrong value is named with what to write" said 2 "'speed' is unknown: write one of" connections --sort speed
check "a wrong prefix is named with what to write" said 1 "'10.0.0.1/8' has bits set" block 10.0.0.1/8
check "a connection that is not there is named" said 1 'connection 4711 is not open' reset 4711
check "a missing operand is named" said 2 'ID is missing' hold
check "an unknown policy is named" said 1 "'nobody' is not in the chain" policy nobody
whole() { ! "$rf" shell help | grep -q '~$'; }
check "what a command does fits its line" whole
check "a platform's command that is called wrongly says where its help is" said 1 "felix:help stop" felix:stop nobody
check "lines of a command are found" bash -c "[ \"\$('$rf' shell 'help | grep --count ^swap')\" = 1 ]"
check_status "a pattern that is not found ends with 1" 1 "$rf" shell 'help | grep nowhere'
check "a pattern that is none is named" said 2 "PATTERN '('" 'help | grep "("'
check "an unknown command is named" said 1 "no command 'conections'" conections

# on a terminal
on_terminal "the shell" "$rf" shell
check "the history is its owner's only" test "$(stat -c %a "$RINGFENCE_STATE/shell_history")" = 600

# Somebody else, if the modes of socket and directory let him: the kernel knows who he is.
if [ "$(id -u)" -eq 0 ]; then
    chmod 0711 "$RINGFENCE_STATE"
    chmod 0666 "$RINGFENCE_STATE/shell.sock"
    check "another user gets no answer from the shell" "$PYTHON" - "$RINGFENCE_STATE/shell.sock" <<'EOF'
import os, socket, sys
shell = socket.socket(socket.AF_UNIX)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
shell.connect(sys.argv[1])
try:
    shell.sendall(b"C\0\0\0\4help")
    answer = shell.recv(1)
except (BrokenPipeError, ConnectionResetError):
    answer = b""
assert answer == b"", answer
EOF
    chmod 0600 "$RINGFENCE_STATE/shell.sock"
    chmod 0700 "$RINGFENCE_STATE"
else
    skip "another user gets no answer from the shell" "only root can be somebody else"
fi

# by hand
exec 8<>"/dev/tcp/127.0.0.1/$port"
id=$("$rf" shell "connections --state open --json" | grep -o '"id": [0-9]*' | head -n 1 | tr -dc 0-9)
check "a connection is held" "$rf" shell hold "$id"
printf 'GET / HTTP/1.0\r\n\r\n' >&8
check "a held connection has no answer" bash -c '! read -r -t 1 -u 8 _'
check "it is released" "$rf" shell release "$id"
check "and answered" bash -c 'read -r -t 20 -u 8 _'
exec 8>&-
check "an address is blocked for a time" "$rf" shell block 127.0.0.1 --for 10m
check "nobody comes from there" unreached
check "it is unblocked" "$rf" shell unblock 127.0.0.1
check "and comes again" reached

# configuration while it runs
log=$RINGFENCE_STATE/log/gateway.log
conf=$RINGFENCE_STATE/conf
echo 'prefixes = 127.0.0.1' >"$conf/org.ringfence.policy.block.cfg"
check "a file that is written is read" within 20 unreached
printf 'prefixes = 127.0.0.1\nverdict = DROP\n' >"$conf/org.ringfence.policy.block.cfg"
check "a wrong value is refused with the key's name" within 20 grep -q "org.ringfence.policy.block: verdict 'DROP' is unknown: write one of RESET, REFUSE" "$log"
check "what was in force stays" unreached
echo 'prefixes = 127.0.0.0/33' >"$conf/org.ringfence.policy.block.cfg"
check "a wrong prefix is refused" within 20 grep -q "'127.0.0.0/33' is no address" "$log"
check "the old prefixes stay in force" unreached
check "health complains" bash -c "'$rf' shell health | grep -q '^policies *WARN'"
rm "$conf/org.ringfence.policy.block.cfg"
check "without the file the defaults are in force" within 20 reached
echo 'policy.absent.timeout = soon' >"$conf/org.ringfence.gateway.cfg"
check "a number that is none is refused" within 20 grep -q "policy.absent.timeout 'soon' is no number: write one; .*stays in force" "$log"
check "policy set refuses what the policy cannot take" said 1 'prefixes: .*is no address or prefix.*the old value stays' policy block set prefixes 1.2.3
check "policy set changes a key" "$rf" shell policy egress set forbidden 192.0.2.0/24
check "the change is shown" bash -c "'$rf' shell policy egress | grep -q 'forbidden *192.0.2.0/24'"
check "the page of all keys is current" bash -c "cd '$ROOT' && java cnf/ConfigurationPages.java --check"

# health
check "a healthy gateway's health ends with 0" "$rf" shell health
gateway=$(cat "$RINGFENCE_STATE/gateway.pid")
ins=$(pgrep -P "$gateway" -x ringfence-ins)
kill -STOP "$ins"
ill() { ! "$rf" shell health; }
check "the health of a gateway whose INS hangs does not" within 30 ill
check "and names the INS" said 1 'health: ins is not well' health
kill -CONT "$ins"
check "it recovers" within 20 "$rf" shell health

# the units, as if they were installed where Ringfence is
if command -v systemd-analyze >/dev/null; then
    for unit in ringfence.service ringfence-health.service ringfence-health.timer; do
        sed "s|/opt/ringfence|$ROOT|" "$ROOT/runtime/etc/$unit" >"$SITE/$unit"
    done
    check "systemd has nothing to say against the units" bash -c \
        "! SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no '$SITE'/ringfence.service '$SITE'/ringfence-health.timer 2>&1 | grep -F '$SITE'"
    check "the service is hardened" systemd-analyze security --offline=yes --no-pager --threshold=30 "$SITE/ringfence.service"
else
    skip "the units for systemd" "systemd-analyze is not installed"
fi
stop "$web"
left "operations leave no application in the gateway" no_applications shell ringfence:applications
quiet_log operations 'ConfigurationGuard: |BlockPolicy: |ShellSocket: '
