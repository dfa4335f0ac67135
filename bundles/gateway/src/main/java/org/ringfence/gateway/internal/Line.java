package org.ringfence.gateway.internal;

import org.ringfence.gateway.internal.RelayedSocket.Phase;

/**
 * The connections that an application was given and has not begun to read, in the order in which it was given them. What it has begun to read, or what is
 * gone, leaves the line when somebody looks. Event loop's thread only.
 */
final class Line {
    /** An application that has a free worker takes what it is given in a fraction of this. */
    static final long PROMPT_NANOSECONDS = 10_000_000;
    /** Who has waited for so long is found by the next sweep, too. */
    private static final long LONG_NANOSECONDS = 200_000_000;

    private final Listening listening;
    private RelayedSocket[] sockets = new RelayedSocket[64];
    /** When each was given to the application: a socket that serves another connection by now has another time. */
    private long[] since = new long[64];
    private int first;
    private int size;

    Line(Listening listening) {
        this.listening = listening;
    }

    void add(RelayedSocket socket) {
        if (size == sockets.length) {
            grow();
        }
        int at = first + size & sockets.length - 1;
        sockets[at] = socket;
        since[at] = socket.gate.offeredAt;
        size++;
    }

    private void grow() {
        RelayedSocket[] more = new RelayedSocket[2 * size];
        long[] moreSince = new long[2 * size];
        for (int i = 0; i < size; i++) {
            int at = first + i & sockets.length - 1;
            more[i] = sockets[at];
            moreSince[i] = since[at];
        }
        sockets = more;
        since = moreSince;
        first = 0;
    }

    /** Connections that may wait; some may have been read since somebody looked. */
    int size() {
        return size;
    }

    /** How many wait for longer than an application that has a free worker lets them; a lower bound, since whoever stands behind one that waits may have been read. */
    int late(long now) {
        while (size > 0 && !waits(first)) {
            sockets[first] = null;
            first = first + 1 & sockets.length - 1;
            size--;
        }
        int late = 0;
        for (int i = 0; i < size; i++) {
            int at = first + i & sockets.length - 1;
            if (now - since[at] <= PROMPT_NANOSECONDS) {
                break;
            }
            late += waits(at) ? 1 : 0;
        }
        return late;
    }

    private boolean waits(int at) {
        RelayedSocket socket = sockets[at];
        Gate gate = socket.gate;
        return socket.gated && socket.phase == Phase.CONNECTED && !socket.closing && gate.listening == listening && gate.offered && gate.offeredAt == since[at]
                && !gate.read && socket.inward.unread() > 0 && socket.inward.given() - socket.inward.held() <= socket.inward.unread();
    }

    /** Milliseconds after which somebody should look again; {@code most} if nobody waits, or for so long that the sweeps know of it. */
    int patience(long now, int most) {
        if (size == 0 || now - since[first] > LONG_NANOSECONDS) {
            return most;
        }
        return (int) Math.min(most, PROMPT_NANOSECONDS / 1_000_000);
    }
}
