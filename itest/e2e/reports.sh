#!/usr/bin/env bash
# What the test run makes of reports: a failure that is not counted would be worse than none.
set -u
. "$(dirname -- "$0")/assert.sh"
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# counts TESTS FAILURES ERRORS SKIPPED <<<CASES: the lines for a report that says so of itself
counts() {
    {
        printf '<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="a.B" time="0.7" tests="%s" errors="%s" skipped="%s" failures="%s">\n' "$1" "$3" "$4" "$2"
        cat
        printf '</testsuite>\n'
    } >"$reports/TEST-a.B.xml"
    awk -f "$ROOT/runtime/bin/test-cases.awk" "$reports/TEST-a.B.xml"
}
# says EXPECTED TESTS FAILURES ERRORS SKIPPED <<<CASES
says() {
    local expected=$1 got
    shift
    got=$(counts "$@")
    [ "$got" = "$expected" ] || {
        printf '%s\n' "$got"
        return 1
    }
}

check "a test that passes is ok" says "ok - a.B.one" 1 0 0 0 <<<'<testcase name="one" classname="a.B" time="0.1"/>'
check "one that failed is not, with its trace behind it" says "not ok - a.B.one" 1 1 0 0 <<'EOF'
  <testcase name="one" classname="a.B" time="0.1">
    <failure message="expected: 1" type="org.opentest4j.AssertionFailedError"><![CDATA[org.opentest4j.AssertionFailedError: expected: 1
	at a.B.one(B.java:12)
]]></failure>
  </testcase>
EOF
check "nor is one that ended by an exception" says "not ok - a.B.one" 1 0 1 0 <<'EOF'
  <testcase name="one" classname="a.B" time="0.1">
    <error type="java.lang.NullPointerException"><![CDATA[java.lang.NullPointerException]]></error>
  </testcase>
EOF
check "nor one whose failure is without a trace" says "not ok - a.B.one" 1 1 0 0 <<'EOF'
  <testcase name="one" classname="a.B" time="0.1">
    <failure message="no"/>
  </testcase>
EOF
check "one that was skipped says why" says "skip - a.B.one: not here" 1 0 0 1 <<'EOF'
  <testcase name="one" classname="a.B" time="0.1">
    <skipped message="not here"/>
  </testcase>
EOF
check "what a test has written is no report" says "ok - a.B.one
ok - a.B.two" 2 0 0 0 <<'EOF'
  <testcase name="one" classname="a.B" time="0.1">
    <system-out><![CDATA[<testcase name="three" classname="a.B"> <failure message="no"/>
<error type="x">
]]></system-out>
  </testcase>
  <testcase name="two" classname="a.B" time="0.1"/>
EOF
check "a report that says of more failures than it has fails" bash -c "$(declare -f counts); $(declare -p reports ROOT)
    counts 1 1 0 0 <<<'<testcase name=\"one\" classname=\"a.B\"/>' | grep -q '^not ok - .* says 1 tests and 1 failures, and has 1 and 0$'"
check "and so does one without its end" bash -c "$(declare -f counts); $(declare -p reports ROOT)
    counts 2 0 0 0 <<<'<testcase name=\"one\" classname=\"a.B\"/>' | grep -q '^not ok - .* says 2 tests'"
