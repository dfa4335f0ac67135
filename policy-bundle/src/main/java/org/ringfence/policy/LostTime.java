package org.ringfence.policy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * Time in which the event loop was kept from running: it was ready and had no CPU, or the collector had stopped it. What a policy seems to have
 * taken is so much less, and on a machine that does not keep up nobody is condemned for it. Event loop only, but for {@link #close}.
 *
 * <p>Looks every tenth of a second, and allocates nothing then.
 */
final class LostTime implements AutoCloseable {
    private static final long EVERY_NANOSECONDS = 100_000_000;

    private final LongSupplier lost;
    private RandomAccessFile schedstat;
    private final byte[] line = new byte[64];
    private GarbageCollectorMXBean[] collectors;
    private boolean closed;
    private long at;
    private long before;

    LostTime() {
        lost = this::total;
    }

    /** For tests: `lost` is the sum so far, in nanoseconds. */
    LostTime(LongSupplier lost) {
        this.lost = lost;
    }

    /** Remembers how much it is by now, if the last look was long ago. */
    void look(long now) {
        if (now - at >= EVERY_NANOSECONDS) {
            at = now;
            before = lost.getAsLong();
        }
    }

    /** Nanoseconds since the last look, which this is another one of. */
    long since(long now) {
        long sum = lost.getAsLong();
        long since = sum - before;
        at = now;
        before = sum;
        return Math.max(0, since);
    }

    private synchronized long total() {
        if (collectors == null) {
            collectors = ManagementFactory.getGarbageCollectorMXBeans().stream().filter(c -> !c.getName().contains("Cycles")
                    && !c.getName().contains("Concurrent")).toArray(GarbageCollectorMXBean[]::new);
        }
        long sum = waited();
        for (GarbageCollectorMXBean collector : collectors) {
            sum += collector.getCollectionTime() * 1_000_000;
        }
        return sum;
    }

    /** The second number of /proc/thread-self/schedstat (proc(5)): nanoseconds on a run queue. 0 where there is none. */
    private long waited() {
        if (closed) {
            return 0;
        }
        try {
            if (schedstat == null) {
                schedstat = new RandomAccessFile("/proc/thread-self/schedstat", "r");
            }
            schedstat.seek(0);
            int length = schedstat.read(line);
            long number = 0;
            int at = 0;
            while (at < length && line[at] != ' ') {
                at++;
            }
            while (++at < length && line[at] >= '0' && line[at] <= '9') {
                number = number * 10 + line[at] - '0';
            }
            return number;
        } catch (IOException e) {
            close();
            return 0;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        try {
            if (schedstat != null) {
                schedstat.close();
            }
        } catch (IOException e) {
            // nothing was written
        }
    }
}
