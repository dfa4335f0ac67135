package org.ringfence.gateway.internal;

import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.SocketState;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.ringfence.gateway.internal.Timeline.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the bytes of connections, and tells each side in its turn how the other one ended: end of file, shutdown, reset. Every method may be
 * called at any time for any socket; it does what is due. Event loop's thread only.
 */
final class ByteRelay {
    private static final Logger LOG = LoggerFactory.getLogger(ByteRelay.class);
    private static final int SHUT_WR = 1;
    private static final byte[] NO_ADDRESS = {};
    /** For patient news in each turn. */
    private static final long PATIENT_NANOSECONDS = 200_000;

    private final CurrentSession session;
    private final Services services;
    private final SocketTable table;
    private final Ledger ledger;
    private final Gatekeeper gatekeeper;
    private final Endings endings;
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();
    private final PatientNews patient = new PatientNews();
    private boolean holding;
    /** {@link System#nanoTime()} at the beginning of the turn. */
    private long now = System.nanoTime();

    ByteRelay(CurrentSession session, Services services, SocketTable table, Ledger ledger, Gatekeeper gatekeeper,
            Endings endings) {
        this.session = session;
        this.services = services;
        this.table = table;
        this.ledger = ledger;
        this.gatekeeper = gatekeeper;
        this.endings = endings;
    }

    /** A turn begins. */
    void begin(long turn) {
        now = turn;
        endings.begin(turn);
    }

    /** The INS has news of a socket. */
    void newsFromIns(InsLink ins, int slot) {
        RelayedSocket socket = ins.sockets[slot];
        if (socket == null) {
            return;
        }
        if (socket.closeSent) {
            return; // its slot of the application is no more, nor may be the application
        }
        if (socket.phase == Phase.CONNECTING) {
            connecting(socket);
        }
        if (socket.datagrams) {
            reportError(socket);
        }
        if (socket.isFlowing() && !patient.putOff(socket, now)) {
            relay(socket);
        }
    }

    /** Those who can wait have their turn, some of them. Called each turn, behind the others. */
    void relayPatient() {
        if (patient.isEmpty() || holding) {
            return;
        }
        long until = System.nanoTime() + PATIENT_NANOSECONDS;
        while (session.hasRoom() && !patient.isEmpty() && System.nanoTime() - until < 0) {
            RelayedSocket socket = patient.next();
            if (socket.phase != Phase.FREE && socket.isFlowing()) {
                relay(socket);
            }
        }
    }

    /** True if some of those who can wait do. */
    boolean hasPatient() {
        return !patient.isEmpty();
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

    /** False while one version of the transport is gone and the next one is not there: nothing can be done to a connection. */
    boolean hasTransport() {
        return session.isThere();
    }

    void relay(RelayedSocket socket) {
        table.stir(socket);
        if (holding || socket.closeSent || socket.held || !socket.isFlowing()) {
            return; // closed: its slot of the application is free, and may be another socket's by now; failed: its INS's memory may be gone
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
                    endings.progress(socket, moved);
                }
            }
        } catch (ProtocolViolation violation) {
            session.detach(violation.region(), violation.getMessage());
        } catch (RuntimeException fault) {
            LOG.error("connection {}: it is reset, for the gateway does not get along with it", socket.id, fault); // whoever found out how shall harm nobody else
            end(socket, Measure.RESET);
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
            if (socket.gate.waits && (marks & SocketState.RESET) == 0) {
                return; // all of it has come, and its turn has not
            }
            heldEnds(socket, (marks & SocketState.RESET) != 0);
        }
        if (socket.closing || socket.isHeld()) {
            return;
        }
        if ((marks & SocketState.RESET) != 0) {
            endings.fail(socket, error(socket));
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
        } else if (!socket.gate.left) {
            socket.gate.left = true;
            socket.gate.listening.left.add(socket);
            offerLeft(socket.gate.listening);
        }
    }

    /**
     * Gives the application what held clients have left behind, one after the other: at the end of an attack there are a thousand of them, and who has a
     * request does not wait behind those. Called every turn.
     */
    void offerLeft(Listening listening) {
        while (!holding && !listening.left.isEmpty() && !listening.isLeaving(now)) {
            RelayedSocket socket = listening.left.remove();
            if (socket.gate.listening != listening || !socket.gate.left) {
                continue; // its record is another connection's by now
            }
            socket.gate.left = false;
            if (socket.isLive() && socket.isHeld() && !socket.held) {
                gatekeeper.letPass(socket);
                offer(socket);
                listening.leaves(socket);
                relay(socket);
            }
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
            gate.listening.line.add(socket);
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
        if (Endings.isLingering(socket)) {
            endings.giveUp(socket); // whom it should be orderly for takes nothing
            return;
        }
        if (socket.closing || !socket.isFlowing()) {
            return;
        }
        if (socket.isHeld()) {
            socket.closing = true;
            endings.close(socket, reset);
        } else if (reset) {
            endings.fail(socket, Errno.ECONNRESET);
        } else {
            socket.inputShut = true;
            if (!socket.endShown) {
                socket.endShown = true;
                socket.region().endOfFile(socket.slot);
            }
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
        boolean intact = !socket.closing && !socket.endShown && !socket.inputShut && !socket.outputShut && !socket.sendingFailed && !socket.held && !socket.isHeld();
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
            pending.isAbout(socket);
            socket.ins.send(call, pending);
        }
    }

    /** The application's last reference is gone; what it has written goes on its way first. */
    void closed(RelayedSocket socket) {
        endings.closed(socket);
        if (socket.isFlowing()) {
            relay(socket);
        }
    }
}
