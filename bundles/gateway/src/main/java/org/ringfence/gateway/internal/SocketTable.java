package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.transport.TransportSession;

/** All relayed sockets. Rows are made when first needed and reused last-in first-out. Event loop's thread only. */
final class SocketTable {
    private final TransportSession session;
    private final List<RelayedSocket> all = new ArrayList<>();
    private final ArrayList<RelayedSocket> free = new ArrayList<>();

    SocketTable(TransportSession session) {
        this.session = session;
    }

    /** A free row, or null if the gateway has as many sockets as its journal has records. */
    RelayedSocket take() {
        if (!free.isEmpty()) {
            return free.remove(free.size() - 1);
        }
        if (all.size() == session.maxConnections()) {
            return null;
        }
        RelayedSocket socket = new RelayedSocket(all.size(), session);
        all.add(socket);
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
        free.add(socket);
    }

    /** Takes back a row that was taken and not used. */
    void giveUnused(RelayedSocket socket) {
        free.add(socket);
    }

    /** All rows, free ones included. */
    List<RelayedSocket> rows() {
        return all;
    }
}
