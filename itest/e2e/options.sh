#!/usr/bin/env bash
# Socket options: what comes of setting and reading them is what comes of it natively.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "options behind the gateway" python3 ss
own_gateway

# What NetBSD's stack is said to read otherwise (docs/translation.md): options without counterpart; sizes that were never set,
# which read as Linux's defaults, whatever this host's are; and the stack's own default of congestion control.
declared() {
    local table=$ROOT/syscall-translator-bundle/src/main/resources/org/ringfence/translator/options.tsv
    if [ "${RINGFENCE_ABI:-linux}" = netbsd ]; then
        grep -vwFf <(awk -F'\t' '$5 ~ /^(-|=.*)$/ { print $2 }' "$table") | grep -vE 'SocketChannelImpl SO_SNDBUF|TCP_CONGESTION'
    else
        cat
    fi
}

# same SENTENCE COMMAND...: the command writes the same natively and behind the gateway.
same() {
    local sentence=$1 expected got
    shift
    expected=$("$@" 2>&1; echo "status $?")
    got=$(timeout 60 "$ROOT/ringfence" run --name options -- "$@" 2>&1; echo "status $?")
    expected=$(declared <<<"$expected") got=$(declared <<<"$got")
    if [ "$(wc -l <<<"$expected")" -gt 20 ] && [ "$expected" = "$got" ]; then
        ok "$sentence"
    else
        not_ok "$sentence" "$(diff <(echo "$expected") <(echo "$got") | head -n 6 | tr '\n' '|')"
    fi
}
same "the options of ten programs are set and read as natively" "$PYTHON" "$CLIENTS/options.py"
if command -v java >/dev/null && javac -d "$SITE" "$ROOT/itest/e2e/programs/Options.java"; then
    same "so are those of Java's channels" java -XX:+UseSerialGC -Xshare:auto -cp "$SITE" Options
else
    skip "so are those of Java's channels" "no Java"
fi
nothing_stays "options"
