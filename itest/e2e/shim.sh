#!/usr/bin/env bash
# The test programs of the shim, on the host's stack and behind the gateway.
set -u
. "$(dirname -- "$0")/behind.sh"
NATIVE=${RINGFENCE_NATIVE:-$ROOT/native/build}
run=$ROOT/native/shim/test/run
export SHIM_BUILD=$NATIVE
[ -x "$NATIVE/shim/test/echo" ] || {
    skip "the shim's test programs behind the gateway" "they are not built: make -C native"
    exit 0
}
configure() { # a program that has both ends may wait for accept() before it sends anything
    mkdir -p "$RINGFENCE_STATE/conf"
    echo 'mode = none' >"$RINGFENCE_STATE/conf/org.ringfence.policy.hold.cfg"
}
own_gateway
# to a file: what a failed program leaves running must not hold this script's output open
said=$SITE/said
timeout 300 "$run" native >"$said" 2>&1 </dev/null
status=$?
cat "$said"
check "the shim's test programs pass on the host's stack" test $status -eq 0
# where ports are the privileged's: the host says so, and not the namespace that the programs are in
RINGFENCE_TEST_LOW_PORTS=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
[ "${RINGFENCE_ABI:-linux}" = linux ] || RINGFENCE_TEST_LOW_PORTS=1024
export RINGFENCE_TEST_LOW_PORTS
# each as an application of its own
[ "${RINGFENCE_ABI:-linux}" = linux ] || export RINGFENCE_TEST_STACK=$RINGFENCE_ABI
for program in $(cd "$NATIVE/shim/test" && find . -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort); do
    case $program in gateway | abandoned) continue ;; esac
    timeout 120 "$ROOT/ringfence" run --name "$program" -- "$run" ring "$program" >"$said" 2>&1 </dev/null
    status=$?
    cat "$said"
    check "$program passes behind the gateway" test $status -eq 0
done
nothing_stays "the shim's test programs"
