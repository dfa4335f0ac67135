package org.ringfence.policy;

/**
 * Judges a policy by what it does: one that throws, gives no verdict or takes too long again and again is quarantined. A failure counts one;
 * sixteen good calls take one back. Time in which the event loop could not run is not the policy's. Event loop only, but for {@link #sentence}.
 */
final class Conduct {
    /** Failures that are not taken back. */
    static final int MOST_FAILURES = 10;
    private static final int GOOD_CALLS = 16;

    private final LostTime lost;
    private int failures;
    private int good;
    private volatile String sentence = "";

    Conduct(LostTime lost) {
        this.lost = lost;
    }

    /** A call that took so long ended now. */
    void called(long nanoseconds, long budgetNanoseconds, long now) {
        if (nanoseconds <= budgetNanoseconds) {
            lost.look(now);
        }
        if (nanoseconds > budgetNanoseconds && nanoseconds - lost.since(now) > budgetNanoseconds) {
            failed("took " + nanoseconds / 1000 + " us, where " + budgetNanoseconds / 1000 + " is its budget");
        } else if (failures > 0 && ++good == GOOD_CALLS) {
            good = 0;
            failures--;
        }
    }

    void failed(String what) {
        good = 0;
        if (++failures == MOST_FAILURES) {
            sentence = MOST_FAILURES + " failures, the last: " + what;
        }
    }

    /** Puts it into quarantine at once. */
    void condemn(String why) {
        sentence = why;
    }

    /** Why it is in quarantine; empty if it is not. */
    String sentence() {
        return sentence;
    }
}
