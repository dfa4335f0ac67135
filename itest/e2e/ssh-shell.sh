#!/usr/bin/env bash
# The shell by SSH, with OpenSSH's client: public keys on a loopback address, and nothing else.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "the shell by SSH" ssh ssh-keygen ss python3 curl mkfifo
own_gateway
log=$RINGFENCE_STATE/log/gateway.log
conf=$RINGFENCE_STATE/conf/org.ringfence.ssh.cfg
keys=$SITE/keys
mkdir -m 700 "$keys"
port=$(free_port)
other=$(free_port)
open() { listens "$port"; }
closed() { ! listens "$port"; }

check "there is no SSH unless it is configured" closed
printf 'enabled = true\nport = %s\n' "$port" >"$conf"
check "it is opened while the gateway runs" within 30 open
check "on a loopback address only" test "$(ss -Hltn "sport = :$port" | awk '{ print $4 }' | grep -cvE '^(\[::ffff:)?127\.0\.0\.1\]?:')" -eq 0
check "the host's key was made, its owner's only" test "$(stat -c %a "$RINGFENCE_STATE/ssh_host_key")" = 600
host=$(ssh-keygen -l -f "$RINGFENCE_STATE/ssh_host_key" | awk '{ print $2 }')
check "the log names it" within 10 grep -qF -- "shell by SSH on 127.0.0.1 port $port, host key $host" "$log"

for type in ed25519 ecdsa rsa; do
    ssh-keygen -q -t $type -N '' -f "$keys/$type"
done
ssh-keygen -q -t ed25519 -N '' -f "$keys/stranger"
ssh-keygen -q -t ed25519 -N '' -f "$keys/restricted"
{
    echo '# administrators'
    cat "$keys/ecdsa.pub" "$keys/rsa.pub"
    echo "no-port-forwarding $(cat "$keys/ed25519.pub")"
    echo "command=\"status\" $(cat "$keys/restricted.pub")"
} >"$RINGFENCE_STATE/authorized_keys"
options=(-F none -o StrictHostKeyChecking=accept-new -o "UserKnownHostsFile=$keys/known" -o LogLevel=INFO -o IdentitiesOnly=yes
    -o ConnectTimeout=20)
# to KEY SSH-ARGUMENT...
to() {
    local key=$1
    shift
    timeout 60 ssh "${options[@]}" -o BatchMode=yes -i "$keys/$key" -p "$port" admin@127.0.0.1 "$@"
}
# ends STATUS PATTERN COMMAND...: it ends with that status, and what it writes matches.
ends() {
    local expected=$1 pattern=$2 output status=0
    shift 2
    output=$("$@" 2>&1 </dev/null) || status=$?
    [ "$status" -eq "$expected" ] && grep -q -- "$pattern" <<<"$output" && return
    echo "status $status: $output"
    return 1
}
for type in ed25519 ecdsa rsa; do
    check "a command is run for a key of $type" ends 0 '^gateway  *ready' to $type status
done
check "the status of a failing command comes back" ends 1 "no command 'conections'" to ed25519 conections
check "that of a wrong call, too" ends 2 "option '--sotr' is unknown" to ed25519 connections --sotr
check "errors are on standard error" test -z "$(to ed25519 conections 2>/dev/null)"
check "a pipe is the gateway's" ends 0 '^1' to ed25519 'ins | grep --count linux'
lines() { printf 'ins\n# a comment\nconections\nexit\nstatus\n' | to ed25519 -T 2>&1; }
check "lines of standard input are run, to exit" bash -c "$(declare -f to lines); $(declare -p options keys port); [ \"\$(lines | grep -cE 'linux|no command')\" -eq 2 ]"

refused='Permission denied (publickey)'
check "another key is refused" ends 255 "$refused" to stranger status
check "a key with a restriction that is not known here is refused" ends 255 "$refused" to restricted status
check "and the log says so" grep -q 'has options that are not known here and does not count: command' "$log"
# 70 who connect and say nothing
outside "$PYTHON" -c 'import socket, sys, time
silent = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(70)]
time.sleep(600)' "$port"
check "the oldest connections without a login give way to new ones" within 20 grep -q 'have not logged in: the oldest is dropped' "$log"
check "so that an administrator still gets in" ends 0 '^gateway  *ready' to ed25519 status
check "that is one line in the log" test "$(grep -c 'have not logged in' "$log")" -eq 1
stop "$PROGRAM"
password() {
    timeout 60 ssh "${options[@]}" -o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive -o NumberOfPasswordPrompts=1 \
        -p "$port" root@127.0.0.1 status
}
check "there are no passwords" ends 255 "$refused" password
chmod 666 "$RINGFENCE_STATE/authorized_keys"
check "a file of keys that others can write to counts as empty" ends 255 "$refused" to ed25519 status
chmod 600 "$RINGFENCE_STATE/authorized_keys"

check "a port is not forwarded to elsewhere (-L, -W)" ends 255 'open failed\|forwarding failed\|administratively\|unknown channel' \
    timeout 60 ssh "${options[@]}" -o BatchMode=yes -i "$keys/ed25519" -W "127.0.0.1:$other" -p "$port" admin@127.0.0.1
check "no port is opened here (-R)" ends 255 'remote port forwarding failed' \
    timeout 60 ssh "${options[@]}" -o BatchMode=yes -o ExitOnForwardFailure=yes -i "$keys/ed25519" -R "$other:127.0.0.1:1" -p "$port" admin@127.0.0.1 status
# -D opens its port in the client; what is asked there would be connected to by the gateway, were it willing
outside ssh "${options[@]}" -N -o BatchMode=yes -i "$keys/ed25519" -D "127.0.0.1:$other" -p "$port" admin@127.0.0.1
check "a client may offer to forward what it is asked for (-D)" within 30 listens "$other"
curl -s --http0.9 --max-time 30 --socks5 "127.0.0.1:$other" "http://127.0.0.1:$port/" >"$SITE/through" 2>/dev/null
check "nothing comes through (-D)" test ! -s "$SITE/through"
check "it is refused, and not only late (-D)" grep -q 'open failed' "$SITE/outside.log"
stop "$PROGRAM"
check "there is no sftp" ends 255 'subsystem request failed' \
    timeout 60 ssh "${options[@]}" -o BatchMode=yes -i "$keys/ed25519" -s -p "$port" admin@127.0.0.1 sftp
check "there is no scp" ends 1 "no command 'scp'" timeout 60 scp -O "${options[@]}" -o BatchMode=yes -i "$keys/ed25519" -P "$port" \
    "$SITE/up" admin@127.0.0.1:up
agent() {
    timeout 60 ssh-agent ssh -v -A "${options[@]}" -o LogLevel=DEBUG1 -o BatchMode=yes -i "$keys/ed25519" -p "$port" admin@127.0.0.1 status 2>&1
}
check "an agent is not passed on (-A)" bash -c "$(declare -f agent); $(declare -p options keys port); ! agent | grep -q 'Agent forwarding enabled\|auth-agent@openssh.com'"

on_terminal "by SSH" ssh "${options[@]}" -tt -o BatchMode=yes -i "$keys/ed25519" -p "$port" admin@127.0.0.1
check "a command on a terminal ends its lines as terminals want it" bash -c \
    "$(declare -f to); $(declare -p options keys port); to ed25519 -tt ins </dev/null | grep -q $'linux.*\r'"

# more than are allowed
printf 'enabled = true\nport = %s\nmax.sessions = 1\n' "$port" >"$conf"
reopened() { [ "$(grep -c 'shell by SSH on' "$log")" -ge 2 ]; }
check "a change is taken while it runs" within 20 reopened
outside ssh "${options[@]}" -o BatchMode=yes -i "$keys/ed25519" -p "$port" admin@127.0.0.1 trace
first=$PROGRAM
logged_in() { tac "$log" | sed '/shell by SSH on/q' | grep -q 'has logged in'; }
check "a session is open" within 30 logged_in
check "there are no more than configured" ends 3 'max.sessions: as many as are allowed are open: end one' to ed25519 status
stop "$first"
check "when it has ended another one is let in" within 30 to ed25519 status

# a session in which nothing happens
printf 'enabled = true\nport = %s\nidle.timeout = 1\n' "$port" >"$conf"
reopened_again() { [ "$(grep -c 'shell by SSH on' "$log")" -ge 3 ]; }
check "the time a session may be idle is taken while it runs" within 20 reopened_again
mkfifo "$SITE/silent"
exec {silent}<>"$SITE/silent" # open for writing as well: its reader waits
idle() { to ed25519 -T <"$SITE/silent" >"$SITE/idle" 2>&1; }
check_status "a session in which nothing happens is ended" 255 idle
check "its client is told why, and by a reason of its own: it has kept to the protocol" grep -q ':11: idle for 1 s: idle.timeout' "$SITE/idle"
check "and the log says so" within 10 grep -q "ssh: 'admin' from .* was idle for 1 s: idle.timeout" "$log"
exec {silent}>&-

# wrong values
printf 'enabled = true\nport = %s\naddress = 0.0.0.0\n' "$port" >"$conf"
check "another address than a loopback one is refused with key and remedy" within 20 grep -qF -- \
    "org.ringfence.ssh: address '0.0.0.0' is no loopback address: write 127.0.0.1 or ::1" "$log"
check "what was in force stays" ends 0 ready to ed25519 status
printf 'enabled = true\nport = 65536\n' >"$conf"
check "so is a port that is none" within 20 grep -q "org.ringfence.ssh: port '65536' is out of range" "$log"
printf 'enabled = false\n' >"$conf"
check "it is closed while the gateway runs" within 20 closed
chmod 644 "$RINGFENCE_STATE/ssh_host_key"
printf 'enabled = true\nport = %s\n' "$port" >"$conf"
check "a host key that others can read is not used" within 20 grep -q 'host.key .*others can read it' "$log"
check "and nothing is open" closed
quiet_log "the shell by SSH" 'SshAccess: |AuthorizedKeys: |SshServerSocket: |ConfigurationGuard: '
