package org.ringfence.gateway.internal;

import java.util.List;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.SocketState;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.ringfence.gateway.internal.Timeline.Event;

/**
 * Moves the bytes of connections, and what ends them: end of file, shutdown, reset, close. Every method may be called at any time for any
 * socket; it does what is due. Event loop's thread only.
 */
final class ByteRelay {
    /** How long the bytes of a closed socket may make no progress before the connection is reset. */
    private static final long LINGER_NANOSECONDS = 60_000_000_000L;
    /** The same if a reset is to follow them: Linux would not wait at all, but has taken them out of the program's hands before. */
    private static final long LINGER_BEFORE_RESET_NANOSECONDS = 500_000_000L;
    private static final int SHUT_WR = 1;
    private static final int CLOSE_RESETS = 1;
    private static final int CLOSE_RESETS_BEHIND = 2;
    private static final byte[] NO_ADDRESS = {};

    private final TransportSession session;
    private final Services services;
    private final SocketTable table;
    private final Ledger ledger;
    private final Gatekeeper gatekeeper;
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();
    private int lingering;
    private boolean holding;
    /** {@link System#nanoTime()} at the beginning of the turn. */
    private long now = System.nanoTime();

    ByteRelay(TransportSession session, Services services, SocketTable table, Ledger ledger, Gatekeeper gatekeeper) {
        this.session = session;
        this.services = services;
        this.table = table;
        this.ledger = ledger;
        this.gatekeeper = gatekeeper;
    }

    /** A turn begins. */
    void begin(long turn) {
        now = turn;
    }

    /** The INS has news of a socket. */
    void newsFromIns(InsLink ins, int slot) {
        RelayedSocket socket = ins.sockets[slot];
        if (socket == null) {
            return;
        }
        if (socket.phase == Phase.CONNECTING) {
            connecting(socket);
        }
        if (socket.datagrams) {
            reportError(socket);
        }
        if (socket.isFlowing()) {
            relay(socket);
        }
    }

    /** A datagram was not delivered: the application learns of it at its next call. */
    private void reportError(RelayedSocket socket) {
        int errors = socket.ins.region.errors(socket.insSlot);
        if (errors != socket.errors) {
            socket.errors = errors;
            // a slot begins with the sequence of its former life, and no error
            if (!socket.closing && socket.isFlowing() && socket.ins.region.error(socket.insSlot) != 0) {
                socket.region().report(socket.slot, error(socket));
            }
        }
    }

    /** The application has news of a socket. */
    void newsFromApplication(ApplicationLink application, int slot) {
        RelayedSocket socket = application.sockets[slot];
        if (socket != null && socket.isFlowing()) {
            relay(socket);
        }
    }

    /** A connect may have ended. */
    private void connecting(RelayedSocket socket) {
        switch (socket.ins.region.state(socket.insSlot)) {
            case SocketState.CONNECTED -> ledger.connected(socket);
            case SocketState.FAILED -> {
                // A socket that was never connected may try again.
                int error = error(socket);
                socket.phase = Phase.OPEN;
                socket.timeline.mark(Event.FAILED, now);
                ledger.notConnected(socket);
                if (!socket.closing) {
                    socket.region().setPeer(socket.slot, NO_ADDRESS, 0, 0);
                    if (socket.connectAwaited) {
                        socket.region().refused(socket.slot, error);
                    } else {
                        socket.region().attemptFailed(socket.slot, error);
                    }
                }
            }
            default -> {
            }
        }
    }

    private int error(RelayedSocket socket) {
        var translator = services.translator(socket.ins.region.abi());
        int error = socket.ins.region.error(socket.insSlot);
        int translated = translator == null ? error : translator.error(error);
        return translated == 0 ? Errno.ECONNRESET : translated;
    }

    /** While holding, the bytes of all connections stay where they are; when it ends all of them are looked at. Called each turn. */
    void hold(boolean hold) {
        if (holding && !hold) {
            holding = false;
            for (RelayedSocket socket : table.rows()) {
                if (socket.phase != Phase.FREE && socket.isFlowing()) {
                    relay(socket);
                }
            }
        }
        holding = hold;
    }

    boolean isHolding() {
        return holding;
    }

    void relay(RelayedSocket socket) {
        table.stir(socket);
        if (holding || socket.closeSent || socket.held) {
            return; // closed: its slot of the application is free, and may be another socket's by now
        }
        try {
            if (!socket.closing) {
                if (socket.inputShut) {
                    socket.inward.discard();
                } else if (socket.gated) {
                    long shown = socket.inward.given() - socket.inward.held();
                    gatekeeper.inward(socket);
                    if (socket.inward.given() - socket.inward.held() > shown) {
                        socket.timeline.moved(Event.FIRST_IN, Event.LAST_IN, now);
                    }
                    if (socket.unwanted != null) {
                        end(socket, socket.unwanted);
                        return;
                    }
                    if (gatekeeper.isDue(socket)) {
                        offer(socket);
                    }
                } else if (socket.inward.move() > 0) {
                    socket.timeline.moved(Event.FIRST_IN, Event.LAST_IN, now);
                }
                ends(socket);
            }
            if (socket.closeSent) {
                return;
            }
            if (socket.isFlowing() || socket.closing) {
                boolean moved = socket.gated && !socket.closing ? gatekeeper.outward(socket) : socket.outward.move() > 0;
                if (moved) {
                    socket.timeline.moved(Event.FIRST_OUT, Event.LAST_OUT, now);
                }
                if (!socket.closing && gatekeeper.isNextDue(socket)) {
                    gatekeeper.inward(socket);
                }
                passOnShutdown(socket);
                if (socket.closing && socket.phase != Phase.FREE) {
                    progressClose(socket, moved);
                }
            }
        } catch (ProtocolViolation violation) {
            session.detach(violation.region(), violation.getMessage());
        }
    }

    /** Shows the application how the network's side ended, once all bytes before the end were given. */
    private void ends(RelayedSocket socket) {
        int marks = socket.ins.region.marks(socket.insSlot);
        if (marks == 0) {
            return;
        }
        if (!socket.inputShut && !socket.inward.isDrained()) {
            if ((marks & SocketState.RESET) != 0 && !socket.sendingFailed && !socket.closing && !socket.isHeld()) {
                // Its reader has bytes to come; but one who does not read, and only sends, must not wait for ever.
                socket.sendingFailed = true;
                socket.region().sendingFailed(socket.slot, error(socket));
            }
            return;
        }
        if (socket.isHeld()) {
            heldEnds(socket, (marks & SocketState.RESET) != 0);
        }
        if (socket.closing) {
            return;
        }
        if ((marks & SocketState.RESET) != 0) {
            fail(socket, error(socket));
        } else if ((marks & SocketState.IN_EOF) != 0 && !socket.endShown) {
            socket.endShown = true;
            socket.timeline.mark(Event.PEER_ENDED, now);
            socket.region().endOfFile(socket.slot);
        }
    }

    /** A held connection whose peer says no more has shown all there is: the application gets it, or nobody if it was reset. */
    private void heldEnds(RelayedSocket socket, boolean reset) {
        if (reset) {
            end(socket, Measure.RESET);
        } else {
            gatekeeper.letPass(socket);
            offer(socket);
        }
    }

    /** The application itself is at the other end of a connection, if not null: nothing of it is held. */
    void letIn(RelayedSocket socket) {
        if (socket == null || !socket.gated || socket.phase != Phase.CONNECTED) {
            return;
        }
        gatekeeper.letPass(socket);
        relay(socket);
        if (!socket.closing && socket.phase == Phase.CONNECTED && socket.isHeld()) {
            offer(socket);
        }
    }

    /** Hands a connection that was held, or need not be, to whoever accepts. */
    void offer(RelayedSocket socket) {
        Gate gate = socket.gate;
        gate.offered = true;
        gate.offeredAt = gatekeeper.now();
        if (gate.listening.accepts()) {
            gate.listening.open++;
            socket.region().offer(gate.listening.slot(), socket.slot);
        } else {
            gate.offered = false;
            end(socket, Measure.RESET);
        }
    }

    /** Ends a connection as a policy wants it: orderly or with a reset, and at once if the application does not know of it. */
    void end(RelayedSocket socket, Measure how) {
        boolean reset = how != Measure.REFUSE;
        table.stir(socket);
        socket.unwanted = null;
        if (isLingering(socket)) {
            lingering--;
            close(socket, true); // whom it should be orderly for takes nothing
            return;
        }
        if (socket.closing || !socket.isFlowing()) {
            return;
        }
        if (socket.isHeld()) {
            socket.closing = true;
            close(socket, reset);
        } else if (reset) {
            fail(socket, Errno.ECONNRESET);
        } else {
            socket.inputShut = true;
            if (!socket.endShown) {
                socket.endShown = true;
                socket.region().endOfFile(socket.slot);
            }
        }
    }

    /** The connection, or the attempt at one, is over with an error. The INS's slot stays until the application closes. */
    void fail(RelayedSocket socket, int errno) {
        table.stir(socket);
        socket.phase = Phase.FAILED;
        socket.timeline.mark(Event.FAILED, now);
        if (!socket.closing) {
            socket.region().failed(socket.slot, errno);
        }
    }

    /**
     * The program gives up what a stream is, or was to be, connected to; what is in the rings goes with it. From here on until the INS has
     * answered nobody touches them. False if that cannot be: the descriptor has shown an end, which cannot be taken back.
     */
    boolean dissolve(RelayedSocket socket) {
        if (socket.phase == Phase.OPEN) {
            return true;
        }
        boolean intact = !socket.endShown && !socket.inputShut && !socket.outputShut && !socket.sendingFailed && !socket.held && !socket.isHeld();
        if (socket.phase != Phase.CONNECTED && socket.phase != Phase.CONNECTING || !intact) {
            return false;
        }
        table.stir(socket);
        ledger.notConnected(socket);
        socket.gated = false;
        socket.unwanted = null;
        socket.inbound = false;
        socket.inward.unbind();
        socket.outward.unbind();
        socket.phase = Phase.OPEN;
        socket.region().setPeer(socket.slot, NO_ADDRESS, 0, 0);
        return true;
    }

    // ---- the application's shutdown ----

    /** The application shuts down; its bytes up to {@code position} go first. */
    void shutdown(RelayedSocket socket, int how, long position) {
        if (how != SHUT_WR) {
            socket.inputShut = true;
            if (!socket.endShown) {
                socket.endShown = true;
                socket.region().endOfFile(socket.slot);
            }
        }
        if (how >= SHUT_WR && !socket.outputShut) {
            socket.outputShut = true;
            socket.timeline.mark(Event.SHUT, now);
            long tail = socket.region().outTail(socket.slot);
            // The position is the application's word: what it has not written cannot be waited for.
            socket.shutdownAt = position >= socket.outward.moved() && position <= tail ? position : tail;
            socket.region().sendingOver(socket.slot);
        }
        relay(socket);
    }

    private void passOnShutdown(RelayedSocket socket) {
        if (socket.shutdownAt >= 0 && socket.outward.moved() >= socket.shutdownAt && !socket.closeSent) {
            socket.shutdownAt = -1;
            call.clear(Operation.SHUTDOWN, socket.insSlot, socket.ins.region.generation(socket.insSlot));
            call.arguments[0] = SHUT_WR;
            call.arguments[1] = socket.ins.region.outGiven(socket.insSlot);
            pending.clear();
            pending.operation = Operation.SHUTDOWN;
            pending.socket = socket;
            socket.ins.send(call, pending);
        }
    }

    // ---- close ----

    /** The application's last reference is gone. */
    void closed(RelayedSocket socket) {
        table.stir(socket);
        socket.closing = true;
        socket.timeline.mark(Event.CLOSED, now);
        if (socket.isFlowing()) {
            socket.closeResets = !socket.datagrams && !socket.inputShut
                    && (!socket.inward.isDrained() || socket.region().hasUnread(socket.slot));
            socket.closeDeadline = System.nanoTime() + patience(socket);
            lingering++;
            relay(socket);
        } else if (socket.phase != Phase.OPENING) {
            close(socket, socket.phase == Phase.CONNECTING || socket.phase == Phase.FAILED);
        }
        // OPENING: the answer to SOCKET is under way, and whoever takes it sees that the socket is closing.
    }

    private static long patience(RelayedSocket socket) {
        return socket.closeResets ? LINGER_BEFORE_RESET_NANOSECONDS : LINGER_NANOSECONDS;
    }

    private void progressClose(RelayedSocket socket, boolean moved) {
        if (socket.closeSent) {
            return;
        }
        boolean failed = socket.ins == null || (socket.ins.region.marks(socket.insSlot) & SocketState.RESET) != 0;
        if (failed || socket.outward.isDrained()) {
            lingering--;
            close(socket, failed);
        } else if (moved) {
            socket.closeDeadline = System.nanoTime() + patience(socket);
        }
    }

    /** Frees the application's side at once and tells the INS to close, after its bytes are sent or with a reset. */
    void close(RelayedSocket socket, boolean reset) {
        if (socket.closeSent) {
            return;
        }
        socket.closeSent = true;
        socket.timeline.mark(Event.CLOSE_SENT, now);
        freeApplicationSide(socket);
        if (socket.ins == null) {
            ledger.ended(socket);
            return;
        }
        call.clear(Operation.CLOSE, socket.insSlot, socket.ins.region.generation(socket.insSlot));
        call.arguments[0] = socket.ins.region.outGiven(socket.insSlot);
        call.arguments[1] = reset ? CLOSE_RESETS : socket.closeResets ? CLOSE_RESETS_BEHIND : 0;
        pending.clear();
        pending.operation = Operation.CLOSE;
        pending.socket = socket;
        socket.ins.send(call, pending);
    }

    private void freeApplicationSide(RelayedSocket socket) {
        if (socket.slot >= 0) {
            socket.application.sockets[socket.slot] = null;
            socket.region().freeSlot(socket.slot);
            socket.slot = -1;
        }
    }

    /** Resets closed sockets whose peer takes nothing any more. Called about once a second. */
    void tick(long now) {
        if (lingering == 0) {
            return;
        }
        List<RelayedSocket> rows = table.rows();
        for (int i = 0; i < rows.size(); i++) { // an iterator would be allocated
            RelayedSocket socket = rows.get(i);
            if (isLingering(socket) && now - socket.closeDeadline > 0) {
                lingering--;
                close(socket, true);
            }
        }
    }

    // ---- a side is gone ----

    /** The application's region is going: its side of the socket is no more. */
    void abandon(RelayedSocket socket) {
        if (isLingering(socket)) {
            lingering--;
        }
        socket.closing = true;
        socket.slot = -1; // freed with the region
        if (socket.phase != Phase.OPENING) {
            close(socket, true);
        }
    }

    /** The INS is gone, and with it its side of the socket. Calls under way have been answered. */
    void insGone(RelayedSocket socket) {
        if (isLingering(socket)) {
            lingering--;
        }
        socket.ins = null;
        socket.insSlot = -1;
        if (socket.phase == Phase.OPENING) {
            // The program closes the descriptor, as after any failed socket().
            if (socket.slot >= 0) {
                if (socket.closing) {
                    freeApplicationSide(socket);
                } else {
                    socket.application.sockets[socket.slot] = null;
                }
            }
            ledger.ended(socket);
        } else if (socket.closing) {
            freeApplicationSide(socket);
            ledger.ended(socket);
        } else if (socket.phase != Phase.FAILED) {
            fail(socket, Errno.ECONNRESET);
        }
    }

    // ---- an administrator intervenes ----

    /** Ends a connection for both its ends at once. */
    void reset(RelayedSocket socket) {
        if (isLingering(socket)) {
            lingering--;
            close(socket, true);
            return;
        }
        // Both sides are let go of, as when the INS is gone; the row stays until the application closes its end.
        InsLink ins = socket.ins;
        int insSlot = socket.insSlot;
        call.clear(Operation.CLOSE, insSlot, ins.region.generation(insSlot));
        call.arguments[1] = CLOSE_RESETS;
        pending.clear();
        pending.operation = Operation.CLOSE;
        pending.newSlot = insSlot;
        ins.sockets[insSlot] = null;
        socket.ins = null;
        socket.insSlot = -1;
        ins.send(call, pending);
        fail(socket, Errno.ECONNRESET);
    }

    private static boolean isLingering(RelayedSocket socket) {
        return socket.isFlowing() && socket.closing && !socket.closeSent;
    }
}
