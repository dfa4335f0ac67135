#!/usr/bin/env bash
# Socket options: what comes of setting and reading them is what comes of it natively.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "options behind the gateway" python3 ss
own_gateway

# What is so natively, as it is to be on NetBSD's stack by options.tsv: an option without counterpart has the error of its line, or
# ENOPROTOOPT; one that only advises can be set as natively, and reads as the number of its line.
declared() {
    local table=$ROOT/syscall-translator-bundle/src/main/resources/org/ringfence/translator/options.tsv
    [ "${RINGFENCE_ABI:-linux}" = netbsd ] || { cat; return; }
    # of an option that is not set the second of three results is "-"; a value without bytes is no field
    awk 'function bytes(n) { n += n < 0 ? 4294967296 : 0
            return sprintf("%02x%02x%02x%02x", n % 256, int(n / 256) % 256, int(n / 65536) % 256, int(n / 16777216)) }
        FS == "\t" { if (!/^#/ && NF == 5) { set[$2] = $3; as[$2] = $5 } next }
        $1 ~ /^(TCP|UDP)6?$/ && as[$2] == "-" {
            told = $3 == "-" || $4 == "-" ? "-" : set[$2] ~ /^E/ ? set[$2] : "ENOPROTOOPT"
            print $1, $2, "ENOPROTOOPT", told, "ENOPROTOOPT"
            next
        }
        $1 ~ /^(TCP|UDP)6?$/ && as[$2] ~ /^=/ { $3 = $5 = bytes(substr(as[$2], 2)) }
        { print }' FS='\t' "$table" FS=' ' -
}

# What depends on the machine and not on the program is not compared: sizes that were never set read as Linux's defaults, whatever this host's
# are, and the name of the congestion control that nobody has chosen is the stack's own.
comparable() {
    [ "${RINGFENCE_ABI:-linux}" = netbsd ] || { cat; return; }
    awk '/^SocketChannelImpl SO_SNDBUF/ { next } $2 == "TCP_CONGESTION" { $3 = "*" } { print }'
}

# same SENTENCE COMMAND...: the command writes the same natively and behind the gateway.
same() {
    local sentence=$1 expected got
    shift
    expected=$("$@" 2>&1; echo "status $?")
    got=$(timeout 60 "$ROOT/ringfence" run --name options -- "$@" 2>&1; echo "status $?")
    expected=$(declared <<<"$expected" | comparable) got=$(comparable <<<"$got")
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
