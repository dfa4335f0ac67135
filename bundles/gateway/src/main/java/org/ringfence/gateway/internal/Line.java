package org.ringfence.gateway.internal;

import java.util.Arrays;

/**
 * The connections that an application was given and has not begun to read, in the order in which it was given them. What it has begun to read, or what is
 * gone, leaves the line when somebody counts. Event loop's thread only.
 */
final class Line {
    /** An application that has a free worker takes what it is given in a fraction of this. */
    static final long PROMPT_NANOSECONDS = 10_000_000;
    /** Whoever has waited for so long is counted by sweeps as well. */
    private static final long LONG_NANOSECONDS = 200_000_000;

    private final Listening listening;
    private RelayedSocket[] sockets = new RelayedSocket[64];
    /** When each was given to the application: a socket that serves another connection by now has another time. */
    private long[] since = new long[64];
    private int size;

    Line(Listening listening) {
        this.listening = listening;
    }

    void add(RelayedSocket socket) {
        if (size == sockets.length) {
            retain();
            if (size > sockets.length / 2) {
                sockets = Arrays.copyOf(sockets, 2 * sockets.length);
                since = Arrays.copyOf(since, 2 * since.length);
            }
        }
        sockets[size] = socket;
        since[size++] = socket.gate.offeredAt;
    }

    /** Keeps those that wait. */
    private void retain() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (waits(i)) {
                sockets[kept] = sockets[i];
                since[kept++] = since[i];
            }
        }
        Arrays.fill(sockets, kept, size, null);
        size = kept;
    }

    private boolean waits(int at) {
        RelayedSocket socket = sockets[at];
        Gate gate = socket.gate;
        return socket.isLiveAt(listening) && gate.offered && gate.offeredAt == since[at]
                && !gate.read && socket.inward.unread() > 0 && socket.inward.given() - socket.inward.held() <= socket.inward.unread();
    }

    /** How many wait for longer than an application that has a free worker lets them. */
    int late(long now) {
        retain();
        int late = 0;
        while (late < size && now - since[late] >= PROMPT_NANOSECONDS) {
            late++;
        }
        return late;
    }

    /** True if the first of them has waited for twice as long, as of the last count. */
    boolean isLate(long now) {
        return size > 0 && now - since[0] >= 2 * PROMPT_NANOSECONDS;
    }

    /** How many waited when they were last counted. */
    int size() {
        return size;
    }

    /** When the first of them, served meanwhile or not, will have waited for too long of an application of which nothing is heard. */
    private long due() {
        return Math.max(since[0], Math.max(listening.lastNews(), listening.relievedAt)) + PROMPT_NANOSECONDS;
    }

    /** True if it is time to count those who are late. */
    boolean isDue(long now) {
        return !isLeftToSweeps(now) && now - due() >= 0;
    }

    /** True if nobody waits, or all have for so long that the sweeps know of them. */
    private boolean isLeftToSweeps(long now) {
        return size == 0 || now - since[size - 1] > LONG_NANOSECONDS;
    }

    /** Milliseconds after which somebody should count again; {@code most} if that is left to sweeps. */
    int patience(long now, int most) {
        if (isLeftToSweeps(now)) {
            return most;
        }
        return (int) Math.min(most, Math.max(1, (due() - now + 999_999) / 1_000_000));
    }
}
