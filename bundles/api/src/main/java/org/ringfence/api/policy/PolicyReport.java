package org.ringfence.api.policy;

/**
 * What a policy has done so far.
 *
 * @param name {@link Policy#name()}
 * @param ranking its {@code service.ranking}
 * @param asked times it was asked
 * @param allowed times it said ALLOW
 * @param refused times it said REFUSE or RESET, or threw
 * @param nanoseconds time spent in it
 * @param bundle id of the bundle it is from, -1 if unknown
 * @param state "asked"; "quarantined" (not asked any more, the chain answers in its place); "standby" (a newer policy of the same name
 *     is asked); "rejected" (it failed its trial, the one before it is asked)
 * @param problem why it is quarantined or rejected, in one line; empty otherwise
 */
public record PolicyReport(String name, int ranking, long asked, long allowed, long refused, long nanoseconds, long bundle, String state,
        String problem) {
}
