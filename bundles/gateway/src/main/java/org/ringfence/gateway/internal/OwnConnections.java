package org.ringfence.gateway.internal;

import java.util.Arrays;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/**
 * The connections that an application makes to its own listeners: both ends are here, so there is nobody to be kept waiting, and nothing
 * of them is held. The two ends are found by each other's names. A connection from another host is none of them: its peer's address is
 * not the one that it came to. Rows of the table are looked up by port and then compared; what has become of a row since does no
 * harm. Event loop's thread only.
 */
final class OwnConnections {
    private static final int PORTS = 1 << 16;

    /** By local port, the last one that got it; null until the application connects for the first time. */
    private RelayedSocket[] asked;
    /** By the peer's port: those that came from the address they came to, while their other end was not known. */
    private RelayedSocket[] came;
    private byte[] own = new byte[4];

    /** A connection that the application asked for has its name: returns its other end if that is known, else null. */
    RelayedSocket asks(RelayedSocket socket) {
        if (asked == null) {
            asked = new RelayedSocket[PORTS];
        }
        asked[socket.localPort] = socket;
        RelayedSocket other = came == null ? null : came[socket.localPort];
        return other != null && areEnds(socket, other) ? other : null;
    }

    /** A connection has come, to the Linux address {@code local}: true if its other end is a socket of the application. */
    boolean comes(RelayedSocket socket, byte[] names, int local, int length) {
        own = Addresses.copy(names, local, length, own);
        if (!Arrays.equals(own, socket.peerAddress())) {
            return false;
        }
        RelayedSocket other = asked == null ? null : asked[socket.peerPort];
        if (other != null && areEnds(other, socket)) {
            return true;
        }
        if (came == null) {
            came = new RelayedSocket[PORTS];
        }
        came[socket.peerPort] = socket; // the answer to CONNECT may be behind that to ACCEPT
        return false;
    }

    private static boolean areEnds(RelayedSocket asking, RelayedSocket coming) {
        return isAlive(asking) && isAlive(coming) && !asking.inbound && coming.inbound && asking.application == coming.application
                && asking.ins == coming.ins && asking.localPort == coming.peerPort && asking.peerPort == coming.localPort
                && Arrays.equals(asking.peerAddress(), coming.peerAddress());
    }

    private static boolean isAlive(RelayedSocket socket) {
        return !socket.closing && (socket.phase == Phase.CONNECTED || socket.phase == Phase.CONNECTING);
    }
}
