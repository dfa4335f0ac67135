package org.ringfence.policy;

/**
 * What those who do much of something do in calm times: an expectile, to which whoever does more counts nineteen times as much as who does less. It is learned
 * in minutes, by the time in which something was seen and not by how often, and what is far beyond counts as four times what is known: so that the first
 * minutes of an attack do not become normal, however many connections it has. Who goes on for a quarter of an hour does. Event loop only; whoever hands it over reads its value.
 */
final class Normal {
    private static final double LEARNED_SECONDS = 600;
    private static final double WEIGHT_OF_MORE = 19;
    /** Who does more than so many times what is normal counts as if he did that. */
    private static final int MOST_TIMES = 4;
    /** Time that one sight stands for, at most: nothing is learned of times in which nobody came. */
    private static final double MOST_SECONDS = 1;

    private double value;
    private long at;
    private boolean begun;

    Normal() {
        this(0);
    }

    /** @param learned what is known already */
    Normal(double learned) {
        value = learned;
    }

    double value() {
        return value;
    }

    /**
     * @param seen what somebody does
     * @param always what is normal without being learned
     * @param now {@link System#nanoTime()}
     */
    void learn(double seen, double always, long now) {
        double passed = begun ? Math.min(MOST_SECONDS, (now - at) / 1e9) : 0;
        begun = true;
        at = now;
        double difference = Math.min(seen, Math.max(always, MOST_TIMES * value)) - value;
        value += difference * passed / LEARNED_SECONDS / (difference > 0 ? 1 : WEIGHT_OF_MORE);
    }
}
