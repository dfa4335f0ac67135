package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.transport.ProtocolViolation;

/**
 * Takes idle keep-alive connections back from an application that does not keep up. The application sees an end of file, as if the client
 * had gone, and its worker is free; the client's side stays, and its next complete request comes as a new connection. Event loop's thread only.
 */
final class Reparking {
    /** Of what is left of a response the INS takes some within so long, or cannot: the client does not take it. */
    private static final long DRAIN_NANOSECONDS = 100_000_000;

    private final Services services;
    private final SocketTable table;
    private final ByteRelay bytes;
    private final Gatekeeper gatekeeper;
    private final byte[] name = new byte[32];
    private final ArrayList<RelayedSocket> idle = new ArrayList<>();
    /** Connections that are to be taken back when the INS has taken the last bytes of the response. */
    private final ArrayList<RelayedSocket> soon = new ArrayList<>();
    private long taken;

    Reparking(Services services, SocketTable table, ByteRelay bytes, Gatekeeper gatekeeper) {
        this.services = services;
        this.table = table;
        this.bytes = bytes;
        this.gatekeeper = gatekeeper;
    }

    /**
     * Takes up to {@code many} connections back, the longest idle first; some when the last bytes of their response are on their way.
     *
     * @return how many idle ones there were
     */
    int relieve(Listening listening, int many, long idleNanoseconds) {
        choose(listening, idleNanoseconds);
        int found = idle.size();
        for (int i = 0; i < found && i < many; i++) {
            relieve(idle.get(i));
        }
        idle.clear();
        return found;
    }

    /** The same for those alone whose last bytes are on their way. How many were taken back. */
    int takeBack(Listening listening, int many, long idleNanoseconds) {
        choose(listening, idleNanoseconds);
        long before = taken;
        for (int i = 0; i < idle.size() && taken - before < many; i++) {
            if (idle.get(i).outward.isDrained()) {
                takeBack(idle.get(i));
            }
        }
        idle.clear();
        return (int) (taken - before);
    }

    private void choose(Listening listening, long idleNanoseconds) {
        idle.clear();
        for (int i = 0; i < table.livelyCount(); i++) {
            addIfIdle(table.lively(i), listening, idleNanoseconds);
        }
        List<RelayedSocket> rows = table.rows();
        for (int i = 0; i < rows.size(); i++) {
            if (table.resting(i) != SocketTable.NOTHING) {
                addIfIdle(rows.get(i), listening, idleNanoseconds);
            }
        }
        idle.sort(Comparator.comparingLong(socket -> socket.gate.idleSince));
    }

    private void addIfIdle(RelayedSocket socket, Listening listening, long idleNanoseconds) {
        if (mayGo(socket, listening) && gatekeeper.now() - socket.gate.idleSince > idleNanoseconds) {
            idle.add(socket);
        }
    }

    /** Takes a connection back if it is idle: at once, or when the last bytes of its response are on their way. */
    void relieve(RelayedSocket socket) {
        if (!socket.gated || !mayGo(socket, socket.gate.listening)) {
            return;
        }
        if (socket.outward.isDrained()) {
            takeBack(socket);
        } else if (isDraining(socket)) {
            soon.add(socket);
        } else if (socket.gate.listening.unread() > 0) {
            // Its client takes nothing, and others wait. What is left of the response goes to him, and then the end, as if the server did not keep connections.
            bytes.end(socket, Measure.REFUSE);
        }
    }

    /** True if the INS has taken something of the response's rest lately, or may have. */
    private boolean isDraining(RelayedSocket socket) {
        Gate gate = socket.gate;
        long left;
        try {
            left = socket.outward.waiting() + socket.outward.unread();
        } catch (ProtocolViolation e) {
            return false; // found again, and punished, when bytes are moved
        }
        if (gate.drainSince - gate.idleSince < 0 || left < gate.drainLeft) {
            gate.drainSince = gatekeeper.now();
            gate.drainLeft = left;
        }
        return gatekeeper.now() - gate.drainSince < DRAIN_NANOSECONDS;
    }

    /** Called every turn. */
    void turn() {
        for (int i = soon.size() - 1; i >= 0; i--) {
            RelayedSocket socket = soon.get(i);
            if (!socket.gated || !mayGo(socket, socket.gate.listening) || socket.outward.isDrained()
                    || gatekeeper.now() - socket.gate.drainSince >= DRAIN_NANOSECONDS) {
                soon.set(i, soon.get(soon.size() - 1));
                soon.remove(soon.size() - 1);
                relieve(socket);
            }
        }
    }

    private static boolean mayGo(RelayedSocket socket, Listening listening) {
        return socket.isLiveAt(listening) && socket.gate.offered && socket.gate.isIdle() && !socket.endShown && !socket.inputShut && !socket.outputShut
                && socket.inward.unread() == 0 && listening.accepts();
    }

    private void takeBack(RelayedSocket socket) {
        int slot = socket.region().openSlot(socket.domain, socket.type, socket.protocol);
        CallTranslator translator = services.translator(socket.ins.region.abi());
        if (slot < 0 || translator == null) {
            if (slot >= 0) {
                socket.region().freeSlot(slot);
            }
            return;
        }
        Gate gate = socket.gate;
        long shown = socket.inward.given() - socket.inward.held();
        try {
            socket.inward.rebind(socket.application.region, slot);
        } catch (IllegalStateException noRing) {
            socket.region().freeSlot(slot);
            return;
        }
        table.stir(socket);
        // Nobody owns the old slot any more: it is freed when the application closes it.
        socket.application.sockets[socket.slot] = null;
        socket.region().endOfFile(socket.slot);
        gate.carriedOut += socket.outward.moved();
        socket.slot = slot;
        socket.application.sockets[slot] = socket;
        socket.outward.rebind(socket.application.region, slot);
        gate.parsed -= shown;
        gate.messageAt -= shown;
        gate.sentFrom -= shown;
        gate.complete = 0;
        gate.parsedOut = 0;
        gate.offered = false;
        gate.read = false;
        if (gate.stage == Stage.IDLE) {
            gate.stageSince = gatekeeper.now();
        }
        int length = socket.ins.region.local(socket.insSlot, name, 0);
        socket.region().setLocal(slot, name, 0, Math.min(translator.address(name, 0, length), Addresses.IN6_BYTES));
        length = socket.ins.region.peer(socket.insSlot, name, 0);
        socket.region().setPeer(slot, name, 0, Math.min(translator.address(name, 0, length), Addresses.IN6_BYTES));
        socket.region().connected(slot);
        taken++;
    }

    /** Connections taken back since the start. */
    long taken() {
        return taken;
    }
}
