package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.transport.TransportSession;

/**
 * All relayed sockets. Rows are made when first needed and reused last-in first-out. Those of which something may have changed lately are
 * *lively*: what is done many times a second is done to them only. Event loop's thread only.
 */
final class SocketTable {
    private final TransportSession session;
    private final List<RelayedSocket> all = new ArrayList<>();
    private final ArrayList<RelayedSocket> free = new ArrayList<>();
    private RelayedSocket[] lively = new RelayedSocket[64];
    private int livelyCount;
    private Share ownSockets;
    /** Those before this place have been looked at since {@link #beginLooks}. */
    private int looked;
    /** By row: {@link #NOTHING} of a lively or free one; side by side, so that those that are due are found without touching any other. */
    private byte[] resting = new byte[64];
    static final byte NOTHING = 0;
    static final byte IDLE = 1;
    /** A request has begun, and does not go on. */
    static final byte BEGUN = 2;

    SocketTable(TransportSession session) {
        this.session = session;
    }

    /** A free row, or null if the gateway has as many sockets as its journal has records. */
    RelayedSocket take() {
        RelayedSocket socket;
        if (!free.isEmpty()) {
            socket = free.remove(free.size() - 1);
        } else if (all.size() == session.maxConnections()) {
            return null;
        } else {
            socket = new RelayedSocket(all.size(), session);
            all.add(socket);
            if (all.size() > resting.length) {
                resting = Arrays.copyOf(resting, resting.length * 2);
            }
        }
        stir(socket);
        return socket;
    }

    /** Rows for sockets that applications open themselves. */
    Share ownSockets() {
        if (ownSockets == null) {
            ownSockets = new Share(session.maxConnections() / 4 * 3, InsLink.MUCH);
        }
        return ownSockets;
    }

    /** The socket is gone on both sides. */
    void give(RelayedSocket socket) {
        if (socket.phase == RelayedSocket.Phase.FREE) {
            throw new IllegalStateException("socket " + socket.record + " is free already");
        }
        socket.inward.unbind();
        socket.outward.unbind();
        session.forget(socket.record);
        if (socket.stake != null) {
            socket.stake.ends();
        }
        socket.phase = RelayedSocket.Phase.FREE;
        socket.life++;
        socket.application = null;
        socket.ins = null;
        stir(socket);
        giveUnused(socket);
    }

    /** Takes back a row that was taken and not used. */
    void giveUnused(RelayedSocket socket) {
        rest(socket);
        free.add(socket);
    }

    /** Something is done with the socket. */
    void stir(RelayedSocket socket) {
        socket.still = 0;
        if (socket.isQuiet()) {
            resting[socket.record] = NOTHING;
            if (socket.gated && socket.gate.quiet) {
                socket.gate.listening.stirs(socket.gate);
            }
            if (livelyCount == lively.length) {
                lively = Arrays.copyOf(lively, livelyCount * 2);
            }
            lively[livelyCount] = socket;
            socket.livelyAt = livelyCount++;
        }
    }

    /** Nothing has happened to the socket for a while, or it is free. */
    void rest(RelayedSocket socket) {
        int hole = socket.livelyAt;
        if (hole < looked) {
            hole = fill(hole, --looked); // those that were looked at stay before the others
        }
        lively[fill(hole, --livelyCount)] = null;
        socket.livelyAt = RelayedSocket.QUIET;
        boolean connected = socket.gated && socket.phase == RelayedSocket.Phase.CONNECTED;
        boolean begun = connected && (socket.gate.stage == Stage.HEAD || socket.gate.stage == Stage.BODY);
        resting[socket.record] = begun ? BEGUN : connected ? IDLE : NOTHING;
    }

    /** Moves the lively one from another place; returns that, which is the hole now. */
    private int fill(int hole, int from) {
        if (hole == from) {
            return from;
        }
        lively[hole] = lively[from];
        lively[hole].livelyAt = hole;
        return from;
    }

    /** None of the lively ones has been looked at. */
    void beginLooks() {
        looked = 0;
    }

    /** The next of the lively ones that has not been looked at, or null; whoever is stirred meanwhile is among them. */
    RelayedSocket nextLook() {
        return looked < livelyCount ? lively[looked++] : null;
    }

    /** What there is to be looked at in a row: {@link #NOTHING}, an {@link #IDLE} connection or one that has {@link #BEGUN} a request. */
    byte resting(int row) {
        return resting[row];
    }

    int livelyCount() {
        return livelyCount;
    }

    /** By place, in which {@link #rest} puts another one when it goes. */
    RelayedSocket lively(int place) {
        return lively[place];
    }

    /** All rows, free ones included. */
    List<RelayedSocket> rows() {
        return all;
    }
}
