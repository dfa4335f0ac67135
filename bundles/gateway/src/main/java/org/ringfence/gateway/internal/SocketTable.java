package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        }
        stir(socket);
        return socket;
    }

    /** The socket is gone on both sides. */
    void give(RelayedSocket socket) {
        if (socket.phase == RelayedSocket.Phase.FREE) {
            throw new IllegalStateException("socket " + socket.record + " is free already");
        }
        socket.inward.unbind();
        socket.outward.unbind();
        session.forget(socket.record);
        socket.phase = RelayedSocket.Phase.FREE;
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
        RelayedSocket last = lively[--livelyCount];
        lively[livelyCount] = null;
        if (last != socket) {
            lively[socket.livelyAt] = last;
            last.livelyAt = socket.livelyAt;
        }
        socket.livelyAt = RelayedSocket.QUIET;
    }

    int livelyCount() {
        return livelyCount;
    }

    /** By place; {@link #rest} puts the last one in the place of the one that goes. */
    RelayedSocket lively(int place) {
        return lively[place];
    }

    /** All rows, free ones included. */
    List<RelayedSocket> rows() {
        return all;
    }
}
