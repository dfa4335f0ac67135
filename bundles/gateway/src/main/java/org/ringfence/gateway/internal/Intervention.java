package org.ringfence.gateway.internal;

import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.ringfence.gateway.internal.Timeline.Event;

/** What an administrator does to single connections. Event loop's thread only. */
final class Intervention {
    private final Ledger ledger;
    private final ByteRelay bytes;
    private final Endings endings;

    Intervention(Ledger ledger, ByteRelay bytes, Endings endings) {
        this.ledger = ledger;
        this.bytes = bytes;
        this.endings = endings;
    }

    void reset(long id) {
        RelayedSocket socket = connection(id);
        socket.held = false;
        endings.reset(socket);
    }

    void hold(long id) {
        RelayedSocket socket = connection(id);
        if (socket.held) {
            throw new IllegalArgumentException("connection " + id + " is held already: 'release " + id + "' lets it go on");
        }
        socket.held = true;
        socket.timeline.mark(Event.HELD);
    }

    void release(long id) {
        RelayedSocket socket = connection(id);
        if (!socket.held) {
            throw new IllegalArgumentException("connection " + id + " is not held: 'connections --state held' lists those that are");
        }
        socket.held = false;
        socket.timeline.mark(Event.RELEASED);
        bytes.relay(socket); // what came meanwhile was not taken, and is not told of again
    }

    /** A connection that stands. */
    private RelayedSocket connection(long id) {
        if (!bytes.hasTransport()) {
            throw new IllegalStateException("no transport is there: try again when there is");
        }
        RelayedSocket socket = ledger.find(id);
        if (socket == null) {
            throw new IllegalArgumentException("connection " + id + " is not open: 'connections' lists those that are");
        }
        if (socket.datagrams) {
            throw new IllegalArgumentException("connection " + id + " is of datagrams: 'block' its peer instead");
        }
        if (socket.phase != Phase.CONNECTED || socket.closeSent || socket.ins == null) {
            throw new IllegalArgumentException("connection " + id + " is not established, or about to end: nothing is left to be done");
        }
        return socket;
    }
}
