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
 */
public record PolicyReport(String name, int ranking, long asked, long allowed, long refused, long nanoseconds) {
}
