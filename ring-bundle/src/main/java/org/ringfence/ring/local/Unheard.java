package org.ringfence.ring.local;

import java.util.ArrayDeque;
import java.util.Queue;

/** Connections that have not said hello, oldest first: each holds a descriptor of the gateway's, so they are few, and not for long. Event loop's thread only. */
final class Unheard {
    /** Programs and INSs say hello at once, and wait 5 s for the answer. */
    static final int PATIENCE_MILLISECONDS = 2000;
    static final int MOST = 64;

    private record Entry(int descriptor, long since) {
    }

    private final Queue<Entry> entries = new ArrayDeque<>();

    void add(int descriptor) {
        entries.add(new Entry(descriptor, System.nanoTime()));
    }

    /** It has said hello, or is gone. */
    void remove(int descriptor) {
        entries.removeIf(entry -> entry.descriptor == descriptor);
    }

    boolean isFull() {
        return entries.size() >= MOST;
    }

    /** Takes the oldest one; there must be one. */
    int take() {
        return entries.remove().descriptor;
    }

    /** Milliseconds until the oldest one has had its time, rounded up; negative if there is none. */
    int patience() {
        if (entries.isEmpty()) {
            return -1;
        }
        long left = entries.element().since + PATIENCE_MILLISECONDS * 1_000_000L - System.nanoTime();
        return (int) Math.max(0, (left + 999_999) / 1_000_000);
    }
}
