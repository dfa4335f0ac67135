package org.ringfence.gateway.internal;

import org.ringfence.api.policy.Measure;

/**
 * What policies want of connections that go on: that they are slower, or take less room. It ends by itself some time after the last finding. Event loop's
 * thread only.
 */
final class Restraint {
    private static final long THROTTLED_NANOSECONDS = 5_000_000_000L;
    /** What moves of a throttled connection, and how often. */
    private static final int PORTION = 2048;
    private static final long PORTION_NANOSECONDS = 200_000_000;
    private static final long SHRUNK_NANOSECONDS = 10_000_000_000L;

    // <asm-generic/socket.h>, <linux/tcp.h>
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_RCVBUF = 8;
    private static final int SO_BUF_LOCK = 72; // since Linux 5.14
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_USER_TIMEOUT = 18;
    /** Bytes of a stack's buffer; Linux doubles what it is told (socket(7)). */
    private static final int SMALL = 16 << 10;
    private static final int USUAL = 212_992 / 2; // net.core.wmem_default
    /** Milliseconds for which a peer may leave unacknowledged what it was sent (tcp(7)); 0: as the stack has it. */
    private static final int PATIENCE = 20_000;

    /** Calls for one connection, at most. */
    private static final int ORDERS = 4;

    private final PeerProgress stack;

    Restraint(PeerProgress stack) {
        this.stack = stack;
    }

    /** @param measure other than SHRINK and THROTTLE: nothing is done */
    void apply(RelayedSocket socket, Measure measure, long now) {
        Gate gate = socket.gate;
        if (measure == Measure.THROTTLE) {
            gate.throttledUntil = now + THROTTLED_NANOSECONDS;
        } else if (measure == Measure.SHRINK) {
            socket.inward.mayGrow(false);
            socket.outward.mayGrow(false);
            gate.shrunkUntil = now + SHRUNK_NANOSECONDS;
            if (!gate.shrunk && stack.hasRoomFor(socket, ORDERS)) { // else the next look finds it again
                gate.shrunk = true;
                limit(socket, SMALL, SMALL, PATIENCE);
            }
        }
    }

    /** Called in each look at a connection. */
    void relax(RelayedSocket socket, long now) {
        Gate gate = socket.gate;
        if (gate.shrunk && now - gate.shrunkUntil > 0 && stack.hasRoomFor(socket, ORDERS)) {
            gate.shrunk = false;
            socket.inward.mayGrow(true);
            socket.outward.mayGrow(true);
            limit(socket, socket.sendBuffer > 0 ? socket.sendBuffer : USUAL, USUAL, 0);
            if (socket.sendBuffer == 0) {
                stack.set(socket, SOL_SOCKET, SO_BUF_LOCK, 0); // the stack chooses the sizes again
            }
        }
    }

    /** Bytes that may move to the application of what has come; 0: it is throttled, and none is due. */
    static int portion(Gate gate, long now) {
        if (gate.throttledUntil == 0 || now - gate.throttledUntil > 0) {
            gate.throttledUntil = 0;
            return Integer.MAX_VALUE;
        }
        if (now - gate.nextPortion < 0) {
            return 0;
        }
        gate.nextPortion = now + PORTION_NANOSECONDS;
        return PORTION;
    }

    private void limit(RelayedSocket socket, int sent, int received, int patience) {
        stack.set(socket, SOL_SOCKET, SO_SNDBUF, sent);
        stack.set(socket, SOL_SOCKET, SO_RCVBUF, received);
        stack.set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, patience);
    }
}
