package org.ringfence.gateway.internal;

import java.util.ArrayDeque;
import org.ringfence.api.policy.Stage;

/** News of connections that can wait until others had their turn: slow requests, thousands of which may go on in the same moment. Event loop's thread only. */
final class PatientNews {
    /** Who has taken longer for a request, and is held, can wait. */
    static final long AFTER_NANOSECONDS = 1_000_000_000;

    private final ArrayDeque<RelayedSocket> waiting = new ArrayDeque<>();

    /** Puts off the news of a socket that can wait; false if it cannot. */
    boolean putOff(RelayedSocket socket, long now) {
        if (!socket.gated || socket.gate.offered || socket.gate.stage != Stage.HEAD && socket.gate.stage != Stage.BODY
                || now - socket.gate.stageSince <= AFTER_NANOSECONDS) {
            return false;
        }
        if (!socket.patient) {
            socket.patient = true;
            waiting.add(socket);
        }
        return true;
    }

    /** The one that has waited longest, or null. */
    RelayedSocket next() {
        RelayedSocket socket = waiting.poll();
        if (socket != null) {
            socket.patient = false;
        }
        return socket;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }
}
