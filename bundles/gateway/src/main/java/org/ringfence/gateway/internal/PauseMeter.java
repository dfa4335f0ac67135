package org.ringfence.gateway.internal;

import java.util.List;
import org.HdrHistogram.Histogram;
import org.ringfence.api.gateway.LatencyReport;
import org.ringfence.api.gateway.PauseReport;

/**
 * Measures how long the event loop keeps everybody waiting: from the end of its sleep to the beginning of the next. While it waits for a
 * service, or has no transport, it does not serve, and all of that is one pause. Event loop's thread only; nothing allocates.
 */
final class PauseMeter {
    private static final long LONGEST = 3_600_000_000_000L;
    private static final int DIGITS = 2;
    /** After a swap the first calls of the new code are slow; a pause in this time is the swap's. */
    private static final long WINDOW_NANOSECONDS = 200_000_000;

    private final Histogram turns = new Histogram(1000, LONGEST, DIGITS);
    private final Histogram swaps = new Histogram(1000, LONGEST, DIGITS);
    private boolean serving = true;
    private long busySince = System.nanoTime();
    private boolean windowOpen;
    private long windowEnd;
    private long worstInWindow;

    void wakes(long now) {
        if (serving) {
            busySince = now;
        }
    }

    /** @param served false if somebody has to wait longer than this sleep, for a service */
    void sleeps(boolean served) {
        serving = served;
        if (!served) {
            return;
        }
        long now = System.nanoTime();
        long busy = Math.min(now - busySince, LONGEST);
        turns.recordValue(busy);
        if (windowOpen) {
            worstInWindow = Math.max(worstInWindow, busy);
            if (now - windowEnd > 0) {
                closeWindow();
            }
        }
    }

    /** A service has been exchanged in this turn. */
    void swapped() {
        if (windowOpen) {
            closeWindow();
        }
        windowOpen = true;
        worstInWindow = 0;
        windowEnd = System.nanoTime() + WINDOW_NANOSECONDS;
    }

    private void closeWindow() {
        windowOpen = false;
        swaps.recordValue(worstInWindow);
    }

    void reset() {
        turns.reset();
        swaps.reset();
        windowOpen = false;
    }

    List<PauseReport> report() {
        return List.of(report("turns", turns), report("swaps", swaps));
    }

    private static PauseReport report(String what, Histogram histogram) {
        return new PauseReport(what, histogram.getTotalCount(), histogram.getValueAtPercentile(50) / 1000, histogram.getValueAtPercentile(99) / 1000,
                histogram.getMaxValue() / 1000);
    }

    /** The same, in nanoseconds and with more percentiles. */
    List<LatencyReport> latencies() {
        return List.of(Stages.report("turn", "a turn of the event loop, without its sleep", turns),
                Stages.report("swap", "the longest turn after an exchange of a service", swaps));
    }
}
