package org.ringfence.gateway.internal;

import java.util.function.LongSupplier;

/**
 * What a listener has seen of one quantity, in steps of a quarter octave. Each second in which something was seen counts the same, however much that was, and is
 * divided among its values: so that many clients at once, or one with many connections, cannot move a quantile far. Old seconds fade: when many are there,
 * all count half. Event loop's thread only.
 */
final class Quantiles {
    private static final int STEPS = 4;
    private static final long SECOND = 1_000_000_000L;
    private static final int MANY = 4096;
    private static final int FEW = 20;

    private final LongSupplier clock;
    /** Seconds, and their sum. */
    private final float[] past = new float[64 * STEPS];
    private float total;
    /** Values of the present second, and their number. */
    private final int[] present = new int[64 * STEPS];
    private int values;
    private long since;
    private int seen;

    Quantiles() {
        this(System::nanoTime);
    }

    /** @param clock as {@link System#nanoTime()} */
    Quantiles(LongSupplier clock) {
        this.clock = clock;
    }

    void add(long value) {
        long now = clock.getAsLong();
        if (values > 0 && now - since >= SECOND) {
            endSecond();
        }
        if (values == 0) {
            since = now;
        }
        present[step(Math.max(value, 1))]++;
        values++;
        seen = Math.min(seen + 1, FEW);
    }

    private void endSecond() {
        float weight = 1f / values;
        float kept = total + 1 >= MANY ? 0.5f : 1;
        total = 0;
        for (int i = 0; i < past.length; i++) {
            past[i] = (past[i] + present[i] * weight) * kept;
            total += past[i];
            present[i] = 0;
        }
        values = 0;
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
        if (seen < FEW) {
            return 0;
        }
        float weight = 1f / values; // there is one at least
        double wanted = (total + 1) * share;
        double passed = 0;
        int last = 0;
        for (int i = 0; i < past.length; i++) {
            double step = past[i] + present[i] * weight;
            passed += step;
            last = step > 0 ? i : last;
            if (step > 0 && passed >= wanted) {
                return top(i);
            }
        }
        return top(last); // but for what rounding took
    }
}
