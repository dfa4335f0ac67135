#!/usr/bin/env bash
# What goes wrong says so, and in the words of the host's own stack.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "errors behind the gateway" python3 ss
own_gateway
run=("$ROOT/ringfence" run --)

# ---- each of these answers the same behind the gateway as outside ----
taken=$(free_port)
outside "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE" "$taken"
serves "a server outside" "$taken"
closed=$(free_port)
for what in in-use refused refused-nonblocking unknown-option unknown-level no-listener not-connected twice-connected address-family; do
    native=$("$PYTHON" "$CLIENTS/errors.py" "$what" "$taken" "$closed" 2>&1)
    behind=$("${run[@]}" "$PYTHON" "$CLIENTS/errors.py" "$what" "$taken" "$closed" 2>&1)
    check "$what: behind the gateway as outside (${native:0:60})" test "$native" = "$behind" -a -n "$native"
done
check "an unknown option is ENOPROTOOPT" test "$("${run[@]}" "$PYTHON" "$CLIENTS/errors.py" unknown-option 0 0)" = ENOPROTOOPT
check "a port in use is EADDRINUSE" test "$("${run[@]}" "$PYTHON" "$CLIENTS/errors.py" in-use "$taken" 0)" = EADDRINUSE
check "a refused connect is ECONNREFUSED" test "$("${run[@]}" "$PYTHON" "$CLIENTS/errors.py" refused 0 "$closed")" = ECONNREFUSED
check "bind, close, bind 10,000 times on one port" "${run[@]}" "$PYTHON" "$CLIENTS/errors.py" rebind "$(free_port)" 10000
nothing_stays "errors"

# ---- versions of the protocol ----
check "a hello of another version is answered with EPROTO and the gateway's version" \
    "$PYTHON" "$CLIENTS/hello.py" "$RINGFENCE_STATE/attach.sock" 77
open='import errno, socket
try:
    socket.socket()
except OSError as e:
    print(errno.errorcode[e.errno])'
if command -v cc >/dev/null && command -v make >/dev/null; then
    # the shim of a later release, as it were
    cp -r "$ROOT/native" "$SITE/native" && rm -rf "$SITE/native/build"
    sed -i 's/^\(#define RF_LAYOUT_VERSION\) .*/\1 77/' "$SITE/native/region/layout.h"
    check "a shim of another version can be built" make -s -C "$SITE/native" build/libringfence.so
    said=$(export RINGFENCE_NATIVE=$SITE/native/build; "${run[@]}" "$PYTHON" -c "$open" 2>&1)
    check "a shim of another version: socket() fails with ENETDOWN, and one line names both versions" \
        bash -c "[[ \$1 == *'version 3 '*'version 77'*ENETDOWN ]] && [ \$(wc -l <<<\"\$1\") -eq 2 ]" - "$said"
else
    skip "a shim of another version says so" "no C compiler"
fi

# ---- no gateway ----
environment=$("$ROOT/ringfence" env)
"$ROOT/ringfence" down 2>/dev/null
said=$(eval "$environment"; exec "$PYTHON" -c "$open" 2>&1)
check "without a gateway socket() fails with ENETDOWN, and one line says why and what to do" \
    bash -c "[[ \$1 == 'ringfence: cannot attach to gateway at '*'ringfence up'*ENETDOWN ]] && [ \$(wc -l <<<\"\$1\") -eq 2 ]" - "$said"
