package org.ringfence.gateway.internal;

/**
 * What a listener has seen of one quantity, as counts in steps of a quarter octave. Old values fade: when many are there, all counts are
 * halved. A few clients cannot move a quantile far, whatever they do.
 */
final class Quantiles {
    private static final int STEPS = 4;
    private static final int MANY = 4096;
    private static final int FEW = 20;

    private final int[] counts = new int[64 * STEPS];
    private int total;

    void add(long value) {
        counts[step(Math.max(value, 1))]++;
        if (++total >= MANY) {
            total = 0;
            for (int i = 0; i < counts.length; i++) {
                total += counts[i] >>= 1;
            }
        }
    }

    private static int step(long value) {
        int octave = 63 - Long.numberOfLeadingZeros(value);
        return octave * STEPS + (int) (octave >= 2 ? value >>> octave - 2 & 3 : value << 2 - octave & 3);
    }

    /** Largest value of a step. */
    private static long top(int step) {
        int octave = step / STEPS;
        double top = Math.scalb(1 + (step % STEPS + 1) / (double) STEPS, octave);
        return (long) Math.ceil(top);
    }

    /** A value that this share of all seen are not above; 0 if there are too few. */
    long at(double share) {
        if (total < FEW) {
            return 0;
        }
        long wanted = (long) Math.ceil(total * share);
        for (int i = 0, seen = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted && seen > 0) {
                return top(i);
            }
        }
        return Long.MAX_VALUE;
    }
}
