package org.ringfence.api.gateway;

/**
 * How long a stage took, since the gateway started. Times are nanoseconds, exact to 1 %.
 *
 * @param stage one word
 * @param meaning from when to when
 * @param count times it was measured
 */
public record LatencyReport(String stage, String meaning, long count, long p50, long p90, long p99, long p999, long max) {
}
