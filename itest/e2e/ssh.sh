#!/usr/bin/env bash
# OpenSSH's server behind the gateway: it forks, executes itself, goes below another root directory and confines itself
# by seccomp before it lets anybody in.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "sshd behind the gateway" sshd ssh scp ssh-keygen curl ss
[ "$(id -u)" -eq 0 ] || {
    skip "sshd behind the gateway" "only root can run one that changes to another root directory"
    exit 0
}
own_gateway
make_site
head -c $((100 * 1024 * 1024)) /dev/urandom >"$SITE/huge"
mkdir -p /run/sshd # its package's, for a machine on which it was never started
port=$(free_port)
mkdir -m 700 "$SITE/ssh"
keys=$SITE/ssh
ssh-keygen -q -t ed25519 -N '' -f "$keys/host"
ssh-keygen -q -t ed25519 -N '' -f "$keys/user"
cp "$keys/user.pub" "$keys/authorized"
cat >"$keys/config" <<EOF
Port $port
ListenAddress 127.0.0.1
HostKey $keys/host
AuthorizedKeysFile $keys/authorized
StrictModes no
PermitRootLogin yes
UsePAM no
PidFile $keys/pid
Subsystem sftp internal-sftp
EOF
behind sshd "$(command -v sshd)" -D -e -f "$keys/config"
sshd=$PROGRAM
serves sshd "$port"

to=(-F none -i "$keys/user" -o BatchMode=yes -o ConnectTimeout=20 -o StrictHostKeyChecking=accept-new
    -o "UserKnownHostsFile=$keys/known" -o LogLevel=ERROR)
remote() { timeout 60 ssh "${to[@]}" -p "$port" root@127.0.0.1 "$@"; }
says() { [ "$(remote "$1")" = "$2" ]; }
# shellcheck disable=SC2016 # expanded by the shell at the other end
check "ssh runs a command" says 'echo "here $((6 * 7))"' "here 42"
check "its exit status comes back" bash -c "$(declare -f remote); $(declare -p to port); remote 'exit 7'; [ \$? -eq 7 ]"
check "a command has no terminal of its own" says "stty size >/dev/null 2>&1 && echo terminal || echo none" none
terminal() { remote -tt 'tty' </dev/null | grep -q ^/dev/; }
check "with -tt it has one" terminal
# shellcheck disable=SC2094 # nothing writes it
streams() { remote 'cat' <"$SITE/huge" | cmp -s - "$SITE/huge"; }
check "100 MiB go there and back through a command" streams
copies() { timeout 120 scp -q "${to[@]}" -P "$port" "$1" "$2" && cmp -s "$SITE/huge" "$SITE/copy" && rm "$SITE/copy"; }
check "scp sends 100 MiB" copies "$SITE/huge" "root@127.0.0.1:$SITE/copy"
check "scp fetches 100 MiB" copies "root@127.0.0.1:$SITE/huge" "$SITE/copy"

many() {
    local pids=() pid status=0
    for _ in 1 2 3 4 5 6 7 8; do
        says 'echo x' x &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return $status
}
check "eight logins at a time" many

# ---- git: its programs' standard streams are sshd's pipes, sshd's the connection ----
if command -v git >/dev/null; then
    export GIT_SSH_COMMAND="ssh ${to[*]}" GIT_CONFIG_NOSYSTEM=1 HOME=$SITE
    repository=ssh://root@127.0.0.1:$port$SITE/repository.git
    commit() { git -C "$1" -c user.name=ringfence -c user.email=ringfence@example.test commit -qm "$2"; }
    git init -q --bare -b main "$SITE/repository.git"
    git init -q -b main "$SITE/mine"
    head -c 8000000 "$SITE/huge" >"$SITE/mine/file"
    git -C "$SITE/mine" add file
    commit "$SITE/mine" one
    check "git pushes 8 MB over ssh" timeout 60 git -C "$SITE/mine" push -q "$repository" main
    check "git clones over ssh" timeout 60 git clone -q "$repository" "$SITE/clone"
    check "and has the file" cmp "$SITE/mine/file" "$SITE/clone/file"
    check "git clones over ssh behind the gateway" "$ROOT/ringfence" run --name git -- timeout 60 git clone -q "$repository" "$SITE/second"
    check "and has the same commit" test "$(git -C "$SITE/second" rev-parse HEAD)" = "$(git -C "$SITE/mine" rev-parse HEAD)"
    echo more >>"$SITE/second/file"
    git -C "$SITE/second" add file
    commit "$SITE/second" two
    check "pushes behind the gateway" "$ROOT/ringfence" run --name git -- timeout 60 git -C "$SITE/second" push -q origin main
    check "and what was pushed is pulled" timeout 60 git -C "$SITE/clone" pull -q
    check "as it was" cmp "$SITE/second/file" "$SITE/clone/file"
else
    skip "git over ssh" "git is not installed"
fi

# ---- ports forwarded: sshd connects, and listens, by way of the gateway ----
web=$(free_port)
outside "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE/www" "$web"
website=$PROGRAM
here=$(free_port)
there=$(free_port)
outside ssh "${to[@]}" -N -o ExitOnForwardFailure=yes -p "$port" -L "127.0.0.1:$here:127.0.0.1:$web" \
    -R "127.0.0.1:$there:127.0.0.1:$web" root@127.0.0.1
forward=$PROGRAM
forwarded() { fetches "http://127.0.0.1:$1/small" "$SITE/www/small"; }
check "ssh -L forwards a port" within 10 forwarded "$here"
check "ssh -R forwards a port" within 10 forwarded "$there"
check "50 MiB through the one" fetches "http://127.0.0.1:$here/large" "$SITE/www/large"
check "50 MiB through the other" fetches "http://127.0.0.1:$there/large" "$SITE/www/large"
stop "$forward"
stop "$website"

check "sshd ends" stop "$sshd"
check "sshd says nothing alarming" bash -c "! grep -iE 'fatal|bad system call|signal (11|31)' $SITE/sshd.log"
nothing_stays sshd
