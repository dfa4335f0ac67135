package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Verdict;
import org.ringfence.api.transport.SocketState;
import org.ringfence.gateway.internal.Timeline.Event;

/** Keeps account of connections: their admission by the policies, their names, their end. Event loop's thread only. */
final class Ledger {
    private final SocketTable table;
    private final Services services;
    private final byte[] name = new byte[32];
    private final EndedConnections ended = new EndedConnections();
    private final Stages stages;
    private long lastId;

    Ledger(SocketTable table, Services services, Stages stages) {
        this.table = table;
        this.stages = stages;
        this.services = services;
    }

    /** Asks the policies about a connection whose peer has the given Linux address. */
    Verdict admit(RelayedSocket socket, boolean inbound, byte[] peer, int at, int length, int localPort) {
        if (socket.id == 0) {
            socket.timeline.clear(); // of an earlier attempt
        }
        socket.id = ++lastId;
        socket.judgedId = socket.id;
        socket.inbound = inbound;
        socket.peer = Addresses.copy(peer, at, length, socket.peer);
        socket.peerPort = Addresses.port(peer, at, length);
        socket.localPort = localPort;
        socket.since = System.nanoTime();
        socket.timeline.arrived(socket.since);
        PolicyChain policies = services.policies();
        if (policies == null) {
            socket.verdict = Verdict.REFUSE;
            socket.decidedBy = "no policy chain";
        } else {
            socket.verdict = policies.admit(socket);
            socket.decidedBy = policies.decidedBy();
        }
        long judged = System.nanoTime();
        socket.timeline.mark(Event.JUDGED, judged);
        stages.record(Stages.Stage.JUDGE, judged - socket.since);
        return socket.verdict;
    }

    /**
     * Asks the policies about a peer of a datagram socket. All peers of a socket are one connection, which shows the last one; to policies
     * each verdict is a connection of its own, and the one before it has ended.
     */
    Verdict admitDatagrams(RelayedSocket socket, boolean inbound, byte[] peer, int length) {
        long id = socket.id;
        long since = socket.since;
        if (id != 0) {
            tellClosed(socket);
        }
        Verdict verdict = admit(socket, inbound && id == 0 || id != 0 && socket.inbound, peer, 0, length, socket.localPort);
        if (id != 0) {
            socket.id = id;
            socket.since = since;
        }
        return verdict;
    }

    /** A connection the application asked for stands. */
    void connected(RelayedSocket socket) {
        named(socket);
        if (socket.datagrams) {
            socket.phase = RelayedSocket.Phase.CONNECTED;
        } else {
            socket.connect();
        }
        socket.region().connected(socket.slot);
    }

    /** The socket has a name of its own now, another one, or none. */
    void named(RelayedSocket socket) {
        CallTranslator translator = services.translator(socket.ins.region.abi());
        int length = socket.ins.region.local(socket.insSlot, name, 0);
        if (translator != null) {
            length = translator.address(name, 0, length);
        }
        socket.localPort = Addresses.port(name, 0, length);
        socket.region().setLocal(socket.slot, name, 0, Math.min(length, Addresses.IN6_BYTES));
    }

    /** CONNECT of a datagram socket was answered: it has a peer now, another one, or none. */
    void associated(RelayedSocket socket, int error) {
        if (socket.closing || error != 0 || !socket.isFlowing()) {
            return;
        }
        CallTranslator translator = services.translator(socket.ins.region.abi());
        int length = socket.ins.region.peer(socket.insSlot, name, 0);
        length = translator == null ? length : translator.address(name, 0, length);
        socket.region().setPeer(socket.slot, name, 0, Math.min(length, Addresses.IN6_BYTES));
        if (socket.ins.region.state(socket.insSlot) == SocketState.CONNECTED) {
            connected(socket);
        } else {
            // without a peer, or one with port 0, which Linux does not tell: the local address is chosen, or given up, all the same
            named(socket);
            socket.phase = RelayedSocket.Phase.OPEN;
            socket.region().notConnected(socket.slot);
        }
    }

    /** The socket is gone on both sides. */
    void ended(RelayedSocket socket) {
        endConnection(socket);
        table.give(socket);
    }

    /** A CONNECT that was admitted failed at once: the socket may try another address. */
    void notConnected(RelayedSocket socket) {
        endConnection(socket);
        socket.id = 0;
    }

    private void endConnection(RelayedSocket socket) {
        if (socket.isConnection()) {
            note(socket, socket.verdict == Verdict.ALLOW ? "ended" : "refused");
            tellClosed(socket);
        }
    }

    /** Policies learn of the end of what they let in, under the number under which they did. */
    private void tellClosed(RelayedSocket socket) {
        PolicyChain policies = services.policies();
        if (policies != null && socket.verdict == Verdict.ALLOW) {
            long id = socket.id;
            socket.id = socket.judgedId;
            policies.closed(socket);
            socket.id = id;
        }
    }

    /** A connection was refused before it had a slot of the application. */
    void refused(RelayedSocket socket) {
        note(socket, "refused");
    }

    private void note(RelayedSocket socket, String state) {
        long now = System.nanoTime();
        socket.timeline.mark(Event.ENDED, now);
        ended.next().of(socket, state, now);
    }

    /** The last connections that ended, the oldest first. */
    List<ConnectionSnapshot> ended() {
        return ended.give();
    }

    /** The open connections among some rows of the table: a slice, so that no turn is long. */
    List<ConnectionSnapshot> open(int from, int to) {
        List<ConnectionSnapshot> open = new ArrayList<>();
        for (RelayedSocket socket : table.rows().subList(Math.min(from, table.rows().size()), Math.min(to, table.rows().size()))) {
            if (isOpen(socket)) {
                open.add(new ConnectionSnapshot().of(socket, state(socket), System.nanoTime()));
            }
        }
        return open;
    }

    private static boolean isOpen(RelayedSocket socket) {
        return socket.phase != RelayedSocket.Phase.FREE && socket.isConnection();
    }

    private static String state(RelayedSocket socket) {
        return socket.closing ? "closing" : socket.held ? "held" : "open";
    }

    /** The row of an open connection, or null. */
    RelayedSocket find(long id) {
        for (RelayedSocket socket : table.rows()) {
            if (isOpen(socket) && socket.id == id) {
                return socket;
            }
        }
        return null;
    }
}
