#!/usr/bin/env bash
# Slow attacks on an apache2 as Debian ships it, behind the gateway as it is shipped: a short attack lab (docs/attack-lab.md).
# On the host's stack about a quarter of the visitor's requests is answered meanwhile.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "slow attacks do not reach apache2" slowhttptest apache2 ss "$PYTHON"
/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || {
    skip "slow attacks do not reach apache2" "python3-matplotlib is not installed"
    exit 0
}
out=$(mktemp -d "${TMPDIR:-/tmp}/ringfence-attacks.XXXXXX")
trap 'rm -rf -- "$out"' EXIT

# withstands SENTENCE ATTACK: 95 of 100, because a machine that runs other things as well may stall by itself
withstands() {
    check "$1" "$ROOT/ringfence" attack-lab --front ringfence --server apache-prefork --attack "$2" \
        --before 3 --duration 8 --after 2 --rate 400 --require 0.95 --out "$out"
    sed 's/^/# /' "$out/report.md" | tail -n 1
}
withstands "1,000 request heads that never end leave a visitor's requests answered" slow-headers
withstands "1,000 request bodies that never end do, too" slow-body
if [ "$(id -u)" = 0 ]; then
    # at 120 kbit/s and not 30, so that they are done in a minute
    check "50 clients on bad lines have their pages and send their uploads while 1,000 others take their responses slowly" \
        "$ROOT/ringfence" attack-lab --front ringfence --server nginx --attack slow-read --slow-clients --slow-line 120 \
        --before 3 --duration 75 --after 2 --rate 400 --require 0.95 --out "$out"
    sed 's/^/# /' "$out/report.md" | tail -n 1
else
    skip "50 clients on bad lines are served during an attack" "the namespace of their lines needs root"
fi
check "the lab writes a report, measurements and plots" \
    bash -c "cd '$out' && [ -s report.md ] && [ \$(wc -l <requests.csv) -gt 100 ] && [ -s samples.csv ] && [ -s apache-prefork-slow-body.png ] && [ -s apache-prefork-slow-body.svg ]"
check_status "an attack that is not known is refused" 2 "$ROOT/ringfence" attack-lab --attack slow-everything
