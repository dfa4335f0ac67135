# shellcheck shell=bash
# What python/sockets.py sees of its sockets behind the gateway and natively, line by line. Sourced by end-to-end tests.

# same GROUP: python's lines behind the gateway are those without.
same() {
    local group=$1
    timeout 60 "$PYTHON" "$CLIENTS/sockets.py" "$group" >"$SITE/$group.native" 2>&1 || return
    timeout 60 "$ROOT/ringfence" run --name python -- "$PYTHON" "$CLIENTS/sockets.py" "$group" >"$SITE/$group.behind" 2>&1
    # nothing would equal nothing
    [ "$(wc -l <"$SITE/$group.native")" -ge 3 ] && diff "$SITE/$group.native" "$SITE/$group.behind"
}

sockets_are_as_natively() {
    check "errors are those of Linux" same errors
    check "options that are on or off read as on Linux" same flags
    check "sizes, times, linger and TCP_INFO read as on Linux" same values
    check "addresses of IPv4 and IPv6 are as on Linux" same names
    check "ends of file, broken pipes and resets are as on Linux" same ends
    check "sockets of bytes behave as on Linux where NetBSD's do not" same streams
    check "sockets of datagrams behave as on Linux where NetBSD's do not" same datagrams
}
