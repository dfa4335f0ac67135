# shellcheck shell=bash
# The verb test: every test, one sum. Sourced by ./ringfence.

help_test() {
    cat <<'EOF'
usage: ./ringfence test [--abi linux|netbsd] [NAME ...]

Runs everything: the tests of the native parts (make -C native test), unit tests and tests in the OSGi container
(mvn verify), and end-to-end tests with real programs (itest/e2e), those that itest/e2e/abi.tsv says once more with
an INS that speaks NetBSD. The last line is the sum; exit status 0 only if
something ran and nothing failed. Logs and reports are in target/test. As root on Debian or Ubuntu it installs the
programs it needs; a test whose program cannot be had says "skip" and why.

  --abi netbsd  the end-to-end tests alone, every gateway in them with an INS that speaks NetBSD, save those for
                which abi.tsv says that it makes no difference
  --abi linux   everything, but nothing under NetBSD's ABI besides
  NAME          these end-to-end tests alone, such as nginx
EOF
}

cmd_test() {
    local script name part=false both=true
    local -a names=()
    [ -z "${RINGFENCE_ABI:-}" ] || both=false
    while [ $# -gt 0 ]; do
        case $1 in
            --abi) set -- "--abi=${2:-}" "${@:3}" ;;
            --abi=linux | --abi=netbsd)
                export RINGFENCE_ABI=${1#*=}
                both=false
                [ "$RINGFENCE_ABI" = linux ] || part=true
                shift
                ;;
            -*) usage_error "test: '$1' is not understood: './ringfence test --help' shows the options" ;;
            *)
                [ -x "$ROOT/itest/e2e/$1.sh" ] || usage_error "test: there is no end-to-end test '$1' in itest/e2e"
                names+=("$1")
                part=true
                shift
                ;;
        esac
    done
    need_programs test
    build_all
    TEST_LOGS=$ROOT/target/test
    rm -rf -- "$TEST_LOGS"
    mkdir -p -- "$TEST_LOGS"
    PASSED=0 FAILED=0 SKIPPED=0

    if ! $part; then
        test_stage "native: make -C native test" native make --no-print-directory -C "$ROOT/native" test
        test_maven
    fi
    for script in "$ROOT"/itest/e2e/*.sh; do
        [ -x "$script" ] || continue
        name=$(basename "$script" .sh)
        if [ ${#names[@]} -eq 0 ]; then
            [ "${RINGFENCE_ABI:-linux}" = linux ] || [ "$(when_netbsd "$name")" != same ] || continue
        else
            [[ " ${names[*]} " == *" $name "* ]] || continue
        fi
        test_stage "end to end: ${script#"$ROOT"/}" "e2e-$name" "$script"
        if $both && ! $part && [ "$(when_netbsd "$name")" = always ]; then
            test_stage "end to end, NetBSD's ABI: ${script#"$ROOT"/}" "e2e-$name-netbsd" env RINGFENCE_ABI=netbsd "$script"
        fi
    done

    echo
    grep -hE '^(not ok|skip)' "$TEST_LOGS"/*.log || true
    echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}

# when_netbsd NAME: what abi.tsv says of an end-to-end test.
when_netbsd() {
    local when
    when=$(awk -F'\t' -v name="$1" '$1 == name { print $2 }' "$ROOT/itest/e2e/abi.tsv")
    echo "${when:-asked}"
}

# test_stage TITLE NAME COMMAND...: runs a command that prints "ok - test", "not ok - test" or
# "skip - test: reason" for each of its tests. One that fails without saying which test counts as one failure.
test_stage() {
    local title=$1 log=$TEST_LOGS/$2.log status=0 failures
    shift 2
    printf '\n== %s\n' "$title"
    "$@" 2>&1 | tee "$log" || status=$?
    failures=$(grep -c '^not ok' "$log" || true)
    if [ $status -ne 0 ] && [ "$failures" -eq 0 ]; then
        echo "not ok - $title: exit status $status" | tee -a "$log"
        failures=1
    fi
    PASSED=$((PASSED + $(grep -c '^ok' "$log" || true)))
    FAILED=$((FAILED + failures))
    SKIPPED=$((SKIPPED + $(grep -c '^skip' "$log" || true)))
}

# Unit tests and tests in the container. Failures are counted from the reports, so Maven goes on after them.
test_maven() {
    local log=$TEST_LOGS/maven.log status=0
    printf '\n== unit and container: mvn verify\n'
    find "$ROOT" -path '*/target/*' \( -name 'TEST-*.xml' -o -name 'failsafe-summary.xml' \) -delete
    (cd "$ROOT" && mvn -B -T1 -fae -Dmaven.test.failure.ignore=true verify) 2>&1 | tee "$log" \
        | grep --line-buffered -E 'Tests run:|Building Ringfence|ERROR|BUILD' || true
    # grep's status is of no interest, Maven's is
    grep -q 'BUILD SUCCESS' "$log" || status=1
    report_cases >>"$log"
    if [ $status -ne 0 ]; then
        echo "not ok - mvn verify: see $log" | tee -a "$log"
    fi
    PASSED=$((PASSED + $(grep -c '^ok ' "$log" || true)))
    FAILED=$((FAILED + $(grep -c '^not ok ' "$log" || true)))
    SKIPPED=$((SKIPPED + $(grep -c '^skip ' "$log" || true)))
}

# Prints an "ok", "not ok" or "skip" line for each test case in the XML reports of surefire and failsafe.
report_cases() {
    find "$ROOT" -path '*/target/*-reports/TEST-*.xml' -print0 | xargs -0 -r awk -f "$ROOT/runtime/bin/test-cases.awk"
}
