package org.ringfence.gateway.internal;

import java.util.List;
import org.ringfence.api.policy.Stage;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/**
 * Which quiet connections are due to be looked at. A round begins with each sweep and need not be over when the next one does: what takes
 * long, as a thousand slow requests that become known at once, is spread over turns of the loop. Event loop's thread only.
 */
final class QuietRounds {
    /** One in so many rounds: if a request has begun, that it does not go on is to be named within a second. */
    private static final int BEGUN_EVERY = 4;
    /** While the application does not keep up, idle connections are wanted back. */
    private static final int WANTED_EVERY = 8;
    /** Else only their age counts, in seconds. */
    private static final int IDLE_EVERY = 32;

    private final SocketTable table;
    private int round;
    /** Row at which it goes on; -1 if it is over. */
    private int at = -1;

    QuietRounds(SocketTable table) {
        this.table = table;
    }

    /** A round begins, unless one is not over. */
    void begin() {
        if (at < 0) {
            at = ++round % BEGUN_EVERY;
        }
    }

    boolean isOver() {
        return at < 0;
    }

    /** The next one that is due in this round; null if that is over. */
    RelayedSocket next() {
        List<RelayedSocket> rows = table.rows();
        for (int i = at; i >= 0 && i < rows.size(); i += BEGUN_EVERY) {
            RelayedSocket socket = rows.get(i);
            if (socket.isQuiet() && socket.gated && socket.phase == Phase.CONNECTED && isDue(socket.gate, i)) {
                at = i + BEGUN_EVERY;
                return socket;
            }
        }
        at = -1;
        return null;
    }

    private boolean isDue(Gate gate, int row) {
        if (gate.stage == Stage.HEAD || gate.stage == Stage.BODY) {
            return true;
        }
        int every = gate.listening.pressure() > 0 || gate.listening.unread() > 0 ? WANTED_EVERY : IDLE_EVERY;
        return row % every == round % every;
    }
}
