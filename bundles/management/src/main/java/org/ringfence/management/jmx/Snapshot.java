package org.ringfence.management.jmx;

import java.util.List;
import java.util.function.Supplier;

/** A report that is asked for at most twice a second, however many attributes are read of it. Any thread. */
final class Snapshot<T> {
    private static final long FRESH_NANOSECONDS = 500_000_000;

    private final Supplier<List<T>> source;
    private List<T> rows;
    private long taken;

    Snapshot(Supplier<List<T>> source) {
        this.source = source;
    }

    synchronized List<T> rows() {
        long now = System.nanoTime();
        if (rows == null || now - taken > FRESH_NANOSECONDS) {
            rows = source.get();
            taken = now;
        }
        return rows;
    }
}
