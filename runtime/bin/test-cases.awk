# Prints an "ok", "not ok" or "skip" line for each test case in XML reports of surefire and failsafe; and a "not ok" for a report
# that says of itself that it has others. Text that tests have written, which may look like a report, is CDATA and left out.
function attribute(line, name,   start, rest) {
    start = index(line, " " name "=\"")
    if (!start) return ""
    rest = substr(line, start + length(name) + 3)
    return substr(rest, 1, index(rest, "\"") - 1)
}
function case_ends() {
    if (test == "") return
    print verdict " - " test reason
    if (verdict == "not ok") failed++
    cases++
    test = ""
}
function report_ends() {
    if (report == "") return
    case_ends()
    if (cases != said || failed != said_failed)
        print "not ok - " report " says " said " tests and " said_failed " failures, and has " cases " and " failed
    text = 0
}
FNR == 1 {
    report_ends()
    report = FILENAME
    said = said_failed = "none"
    cases = failed = 0
}
text && !/\]\]>/ { next }
text {
    sub(/.*\]\]>/, "")
    text = 0
}
{
    gsub(/<!\[CDATA\[.*\]\]>/, "") # that ends in its line
    text = sub(/<!\[CDATA\[.*/, "")
}
/<testsuite / {
    said = attribute($0, "tests") + 0
    said_failed = attribute($0, "failures") + attribute($0, "errors")
}
/<testcase / {
    case_ends()
    test = attribute($0, "classname") "." attribute($0, "name")
    verdict = "ok"
    reason = ""
}
/<(failure|error)[ >]/ { verdict = "not ok" }
/<skipped/ {
    verdict = "skip"
    reason = ": " attribute($0, "message")
}
/<\/testcase>|<testcase .*\/>/ { case_ends() }
END { report_ends() }
