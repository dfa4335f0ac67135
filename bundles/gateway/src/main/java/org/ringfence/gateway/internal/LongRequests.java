package org.ringfence.gateway.internal;

import java.util.ArrayDeque;

/**
 * Requests of a listener that keep a worker of the application for as long as their client likes: those with bodies too long to be held, and
 * those for what is known to be longer than what is taken from the application at once. Once such requests have taken all workers, they go on
 * half as many at a time as there were workers, and the others wait, held. Event loop's thread only.
 */
final class LongRequests {
    private static final int TARGETS = 256;
    private static final int CROWD = 16;
    /** So long after the last had to wait nothing is known of the application's workers. */
    private static final long FORGET_NANOSECONDS = 60_000_000_000L;
    /** While requests wait and the application keeps up, one more goes on after so long. */
    private static final long MORE_NANOSECONDS = 1_000_000_000L;

    private record Waiting(RelayedSocket socket, long id) {
        boolean isThere() {
            return socket.id == id && socket.isLive() && socket.gate.waits;
        }
    }

    /** What was asked for where the response was long, by {@link HttpReader#target}: one of a place, the last. */
    private final long[] targets = new long[TARGETS];
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private int bound = Integer.MAX_VALUE;
    private long boundSince;
    private long lastWaited;
    /** Those the application has, by the last sweep's count and what went on since. */
    private int running;
    private int counted;

    void beginCount() {
        counted = 0;
    }

    void count() {
        counted++;
    }

    void endCount(long now) {
        running = counted;
        waiting.removeIf(each -> !each.isThere());
        if (!waiting.isEmpty()) {
            lastWaited = now;
        }
        if (bound != Integer.MAX_VALUE) {
            if (now - lastWaited > FORGET_NANOSECONDS) {
                bound = Integer.MAX_VALUE;
            } else if (now - boundSince > MORE_NANOSECONDS && !waiting.isEmpty()) {
                bound++;
                boundSince = now;
            }
        }
    }

    /** All of so many workers were taken, most of them by such requests. */
    void allTaken(int workers, long now) {
        bound = Math.max(1, workers / 2);
        boundSince = now;
        lastWaited = now;
    }

    void learn(long target) {
        targets[(int) target & TARGETS - 1] = target;
    }

    /** The same was asked for, and the response was short. */
    void forget(long target) {
        if (isLong(target)) {
            targets[(int) target & TARGETS - 1] = 0;
        }
    }

    boolean isLong(long target) {
        return targets[(int) target & TARGETS - 1] == target;
    }

    boolean isFull() {
        return running >= bound;
    }

    void goesOn() {
        running++;
    }

    void waits(RelayedSocket socket) {
        waiting.add(new Waiting(socket, socket.id));
    }

    /** How many wait, as of the last sweep those that are still there. */
    int waiting() {
        return waiting.size();
    }

    /** True if more wait than go on, and more than those few who want the same large file at once. */
    boolean isCrowded() {
        return waiting.size() > Math.max(CROWD, bound);
    }

    /** Who is to go on, the longest waiting first; null if nobody may, or waits. */
    RelayedSocket next() {
        while (!isFull() && !waiting.isEmpty()) {
            Waiting first = waiting.remove();
            if (first.isThere()) {
                return first.socket;
            }
        }
        return null;
    }
}
