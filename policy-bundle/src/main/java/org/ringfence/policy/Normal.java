package org.ringfence.policy;

/**
 * What those who do much of something do in calm times: about the 95th percentile. It is learned over an hour, by the time in which something was
 * seen and not by how often, and what is beyond the bound counts as the bound: so that an attack of minutes does not become normal, however many
 * take part in it. Event loop only.
 */
final class Normal {
    private static final double LEARNED_SECONDS = 3600;
    /** It falls so many times slower than it rises. */
    private static final double QUANTILE = 19;
    /** Time that one sight stands for, at most: nothing is learned of times in which nobody came. */
    private static final double MOST_SECONDS = 1;

    private double value;
    private long at;
    private boolean begun;

    double value() {
        return value;
    }

    /**
     * @param seen what somebody does
     * @param bound beyond which he is not normal
     * @param now {@link System#nanoTime()}
     */
    void learn(double seen, double bound, long now) {
        double passed = begun ? Math.min(MOST_SECONDS, (now - at) / 1e9) : 0;
        begun = true;
        at = now;
        double difference = Math.min(seen, bound) - value;
        value += difference * passed / LEARNED_SECONDS / (difference > 0 ? 1 : QUANTILE);
    }
}
