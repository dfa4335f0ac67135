package org.ringfence.api.policy;

/**
 * What a policy has found about a connection. Made only when there is something to say.
 *
 * @param measure what is to be done
 * @param evidence for people, with figures: "118 B of request head in 21 s, normal here 0.4 s"; null if this was told before: the measure goes on,
 *     and no event is made
 */
public record Finding(Measure measure, String evidence) {
}
