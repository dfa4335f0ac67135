#!/usr/bin/env bash
# vsftpd: data connections both ways, children that limit their address space and live in other roots and namespaces.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "an FTP server behind the gateway" vsftpd curl ss python3
[ "$(id -u)" -eq 0 ] || {
    skip "an FTP server behind the gateway" "only root can start it"
    exit 0
}
own_gateway
mkdir -p "$SITE/files" "$SITE/empty"
head -c 5000000 /dev/urandom >"$SITE/files/large"
chmod -R a+rX "$SITE"

port=$(free_port)
# The server's filter of system calls is for older kernels.
cat >"$SITE/vsftpd.conf" <<EOF
listen=YES
listen_address=127.0.0.1
listen_port=$port
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=$SITE/files
secure_chroot_dir=$SITE/empty
seccomp_sandbox=NO
EOF
behind vsftpd vsftpd "$SITE/vsftpd.conf"
server=$PROGRAM
serves vsftpd "$port"
# has COMMAND...: what curl fetches is the file
has() { curl -sS -m 60 "$@" "ftp://127.0.0.1:$port/large" | cmp -s - "$SITE/files/large"; }
check "a file arrives on a connection that the client opens" has
check "on one that the server opens" has --ftp-port -
lists() { [ "$(curl -sS -m 60 -l "ftp://127.0.0.1:$port/")" = large ]; }
check "so does the list of files" lists
check "the server ends when it is told to" stop "$server" TERM
nothing_stays "an FTP server"
