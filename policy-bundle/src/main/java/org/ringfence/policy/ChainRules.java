package org.ringfence.policy;

import org.ringfence.api.policy.Verdict;

/**
 * What the chain does with a policy that fails.
 *
 * @param budgetNanoseconds what takes longer has failed
 * @param quarantineVerdict the chain's answer in place of a policy in quarantine; not ALLOW
 */
record ChainRules(long budgetNanoseconds, Verdict quarantineVerdict) {
    static final ChainRules DEFAULT = new ChainRules(10_000_000, Verdict.REFUSE);

    /** @throws IllegalArgumentException naming the key, the value and what to write */
    static ChainRules of(long budgetMicroseconds, String verdict) {
        if (budgetMicroseconds < 1) {
            throw new IllegalArgumentException("budget.microseconds = " + budgetMicroseconds + ": write 1 or more");
        }
        return new ChainRules(budgetMicroseconds * 1000, switch (verdict) {
            case "REFUSE" -> Verdict.REFUSE;
            case "RESET" -> Verdict.RESET;
            case "PASS" -> Verdict.PASS;
            default -> throw new IllegalArgumentException("quarantine.verdict = '" + verdict + "': write REFUSE, RESET or PASS");
        });
    }
}
