package org.ringfence.ssh.internal;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/** Warnings that strangers can cause: so many a minute, and then how many there were more. Any thread. */
final class BoundedLog {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private final LongSupplier clock;
    private final int most;
    private long since;
    private int written;
    private long left;

    /** @param most lines a minute */
    BoundedLog(Logger log, int most) {
        this(log, most, System::nanoTime);
    }

    BoundedLog(Logger log, int most, LongSupplier clock) {
        this.log = log;
        this.most = most;
        this.clock = clock;
        since = clock.getAsLong();
    }

    synchronized void warn(String format, Object... values) {
        long now = clock.getAsLong();
        if (now - since >= MINUTE) {
            if (left > 0) {
                log.warn("ssh: {} more lines like the one before were left out: no more than {} a minute are written", left, most);
            }
            since = now;
            written = 0;
            left = 0;
        }
        if (written < most) {
            written++;
            log.warn(format, values);
        } else {
            left++;
        }
    }
}
