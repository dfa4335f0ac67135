package org.ringfence.gateway.internal;

import java.util.List;

/**
 * Which quiet connections are due to be looked at. A round begins with each sweep and need not be over when the next one does: what takes
 * long, as a thousand slow requests that become known at once, is spread over turns of the loop. Event loop's thread only.
 */
final class QuietRounds {
    // powers of two
    /** One in so many rounds: if a request has begun, that it does not go on is to be named within a second. */
    private static final int BEGUN_EVERY = 4;
    /** While the application does not keep up, idle connections are wanted back. */
    private static final int WANTED_EVERY = 8;
    /** Else only their age counts, in seconds. */
    private static final int IDLE_EVERY = 64;

    private final SocketTable table;
    private int round;
    /** Row at which it goes on; -1 if it is over. */
    private int at = -1;
    /** Idle connections are wanted back from some application. */
    private boolean wanted;

    QuietRounds(SocketTable table) {
        this.table = table;
    }

    /** A round begins, unless one is not over. */
    void begin(boolean anyWanted) {
        if (at < 0) {
            at = ++round % BEGUN_EVERY;
            wanted = anyWanted;
        }
    }

    boolean isOver() {
        return at < 0;
    }

    /** The next one that is due in this round; null if that is over. */
    RelayedSocket next() {
        List<RelayedSocket> rows = table.rows();
        int size = rows.size();
        for (int i = at; i >= 0 && i < size; i += BEGUN_EVERY) {
            byte resting = table.resting(i);
            if (resting == SocketTable.BEGUN || resting == SocketTable.IDLE && isTurnOf(i) && isDue(rows.get(i).gate.listening, i)) {
                at = i + BEGUN_EVERY;
                return rows.get(i);
            }
        }
        at = -1;
        return null;
    }

    private boolean isTurnOf(int row) {
        return (row - round & (wanted ? WANTED_EVERY : IDLE_EVERY) - 1) == 0;
    }

    private boolean isDue(Listening listening, int row) {
        return listening.isWanting() || (row - round & IDLE_EVERY - 1) == 0;
    }
}
