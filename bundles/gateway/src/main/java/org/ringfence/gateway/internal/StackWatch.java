package org.ringfence.gateway.internal;

import org.ringfence.api.policy.PolicyChain;

/**
 * Has each INS look at what its stack counts, and tells the policies. An INS looks in turns it takes anyway, and by itself while it counts something; one
 * that has nothing to do is rung once a second. Event loop's thread only.
 */
final class StackWatch {
    private static final long PERIOD_NANOSECONDS = 100_000_000;
    private static final long CALM_NANOSECONDS = 900_000_000;

    private long last;

    void turn(InsLink[] inss, PolicyChain policies, long now) {
        if (now - last < PERIOD_NANOSECONDS) {
            return;
        }
        last = now;
        for (InsLink ins : inss) {
            InsStack stack = ins.stack;
            if (stack.look(ins.region, now)) {
                if (policies != null) {
                    policies.stack(stack);
                }
            } else if (stack.tells() && now - stack.lookedAt() > CALM_NANOSECONDS) {
                ins.region.nudge();
            }
        }
    }
}
