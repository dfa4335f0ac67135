package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.call.Answer;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Stage;

/**
 * Looks at all connections from outside ten times a second: measures rates and asks the policies, and, when it has looked at all, counts them and has
 * the bounds kept. Where there are many, the looks take several turns, and others have theirs in between. Event loop's thread only.
 */
final class Sweep {
    private static final long PERIOD_NANOSECONDS = 100_000_000;
    /** An application that has not read a byte for so long does not keep up. */
    private static final long UNREAD_NANOSECONDS = 100_000_000;
    /** Sweeps between two questions to the policies. */
    private static final int INSPECT_EVERY = 2;
    static final double AVERAGED_SECONDS = 10;
    /**
     * Silent connections that go on in one sweep while nothing at all is known of their listener, each after a while: a server may greet, and
     * some accept and wait. One that speaks HTTP or TLS makes that known with its first answer to anybody, long before its workers are taken.
     */
    private static final int PACE = 4;
    private static final long PACE_NANOSECONDS = 100_000_000;
    /** Sweeps without a change after which a connection is quiet, and looked at seldom: {@link QuietRounds}. */
    private static final int QUIET_AFTER = 20;
    /** The same of a held one, which has nothing but what comes. */
    private static final int HELD_QUIET_AFTER = 2;
    /** For looks in each turn, those at quiet ones and the others: somebody waits; and where they have taken longer than they should. */
    private static final long LOOKS_NANOSECONDS = 200_000;
    private static final long LATE_LOOKS_NANOSECONDS = 1_000_000;
    private static final long ROUND_NANOSECONDS = 300_000_000;

    private final Services services;
    private final SocketTable table;
    private final ByteRelay bytes;
    private final Gatekeeper gatekeeper;
    private final PeerProgress progress;
    private final Restraint restraint;
    private final List<Listening> listeners = new ArrayList<>();
    private final Reparking reparking;
    private final Bounds bounds;
    private final Relief relief;
    private final QuietRounds quiet;
    private long roundSince;
    /** When the last sweep began; and whether it goes on. */
    private long last;
    private boolean sweeping;
    private boolean inspects;
    private int sweeps;
    private int turns;
    private boolean reconsider;

    Sweep(Services services, SocketTable table, ByteRelay bytes, Gatekeeper gatekeeper, Reparking reparking, PeerProgress progress,
            Restraint restraint) {
        this.services = services;
        this.table = table;
        this.bytes = bytes;
        this.gatekeeper = gatekeeper;
        this.reparking = reparking;
        bounds = new Bounds(services, table, bytes, gatekeeper, reparking);
        this.progress = progress;
        this.restraint = restraint;
        relief = new Relief(table, gatekeeper, bytes, progress, bounds);
        quiet = new QuietRounds(table);
    }

    void listens(RelayedSocket socket) {
        socket.listening = new Listening(socket);
        listeners.add(socket.listening);
    }

    /** All listeners of an application are gone. */
    void listenersEnd(ApplicationLink application) {
        boolean some = false;
        for (RelayedSocket socket : application.sockets) {
            if (socket != null && socket.listening != null) {
                socket.listening.closed = true;
                some = true;
            }
        }
        if (some) {
            listeners.removeIf(listening -> listening.closed);
            endWhoIsHeldInVain();
        }
    }

    /** The listener is gone. */
    void listenerEnds(Listening listening) {
        listening.closed = true;
        listeners.remove(listening);
        endWhoIsHeldInVain();
    }

    /** Once for all listeners that end together: there are many rows. */
    private void endWhoIsHeldInVain() {
        for (RelayedSocket socket : table.rows()) {
            if (socket.gated && !socket.gate.offered && socket.gate.listening.closed && socket.isOf(socket.gate.listening)) {
                bytes.end(socket, Measure.RESET);
            }
        }
    }

    /** What a listener speaks has become known. */
    void reconsiderSoon() {
        reconsider = true;
    }

    /** A listener has as many held connections as it may, and another one has come. */
    void makeRoom(Listening listening) {
        bounds.makeRoom(listening);
    }

    /** Called every turn. */
    void turn() {
        if (reconsider) {
            reconsider = false;
            List<RelayedSocket> rows = table.rows();
            for (int i = 0; i < rows.size(); i++) {
                RelayedSocket socket = rows.get(i);
                if (socket.isLive()) {
                    gatekeeper.reconsider(socket);
                    if (!socket.gate.offered && gatekeeper.passes(socket)) {
                        bytes.relay(socket);
                        if (socket.isLive() && socket.isHeld()) {
                            bytes.offer(socket);
                        }
                    }
                }
            }
        }
        for (RelayedSocket socket; (socket = gatekeeper.takeRelieved()) != null; ) {
            reparking.relieve(socket);
        }
        reparking.turn();
        long now = gatekeeper.now();
        boolean looked = false;
        turns++;
        for (int i = 0; i < listeners.size(); i++) { // no iterator: this runs all the time
            Listening listening = listeners.get(Integer.remainderUnsigned(turns + i, listeners.size()));
            bytes.offerLeft(listening);
            looked = looked || bounds.relieveAtOnce(listening, now); // one in a turn: an application may have many that it does not serve
        }
        lookAtQuietOnes(now);
        bounds.decideSome();
        if (!sweeping && now - last >= PERIOD_NANOSECONDS && !listeners.isEmpty()) {
            begin(now);
        }
        if (sweeping && lookAtLivelyOnes(now)) {
            end(now);
        }
    }

    int sweeps() {
        return sweeps;
    }

    private void begin(long now) {
        sweeping = true;
        last = now;
        inspects = ++sweeps % INSPECT_EVERY == 0;
        table.beginLooks();
    }

    /** True if there are no more. */
    private boolean lookAtLivelyOnes(long now) {
        PolicyChain policies = services.policies();
        long until = System.nanoTime() + (now - last > PERIOD_NANOSECONDS ? LATE_LOOKS_NANOSECONDS : LOOKS_NANOSECONDS);
        for (RelayedSocket socket; (socket = table.nextLook()) != null; ) {
            look(socket, policies, inspects, now);
            if (System.nanoTime() - until > 0) {
                return false;
            }
        }
        return true;
    }

    private void end(long now) {
        sweeping = false;
        for (int i = 0; i < listeners.size(); i++) {
            listeners.get(i).beginCount();
        }
        for (int i = 0; i < table.livelyCount(); ) {
            RelayedSocket socket = table.lively(i);
            conclude(socket, now);
            if (i < table.livelyCount() && table.lively(i) == socket) {
                i++; // else another one has taken its place
            }
        }
        boolean wanted = false;
        bounds.beginKeeping();
        for (int i = 0; i < listeners.size(); i++) {
            Listening listening = listeners.get((i + sweeps) % listeners.size()); // each is the first one in its turn
            relief.relieve(listening, now);
            bounds.keep(listening, now);
            wanted |= listening.isWanting();
        }
        if (quiet.isOver()) {
            roundSince = now;
        }
        quiet.begin(wanted);
    }

    private void lookAtQuietOnes(long now) {
        if (quiet.isOver()) {
            return;
        }
        long until = System.nanoTime() + (now - roundSince > ROUND_NANOSECONDS ? LATE_LOOKS_NANOSECONDS : LOOKS_NANOSECONDS);
        for (RelayedSocket socket; (socket = quiet.next()) != null; ) {
            if (onlyAges(socket)) {
                age(socket, socket.gate, services.policies(), now);
            } else {
                table.stir(socket);
                socket.still = QUIET_AFTER;
                look(socket, services.policies(), true, now);
                conclude(socket, now);
            }
            if (System.nanoTime() - until > 0) {
                return;
            }
        }
    }

    /** Milliseconds, {@code most} at most, after which the next turn has work here, whatever comes. */
    int patience(int most) {
        int patience = quiet.isOver() && !sweeping && !bounds.hasDecisions() ? most : 0;
        for (int i = 0; i < listeners.size(); i++) {
            patience = listeners.get(i).line.patience(gatekeeper.now(), patience);
        }
        return patience;
    }

    private void look(RelayedSocket socket, PolicyChain policies, boolean inspected, long now) {
        socket.still++;
        if (socket.isLive()) {
            measure(socket, socket.gate, now);
            if (socket.isLive()) {
                restraint.relax(socket, now);
            }
            bounds.expire(socket, socket.gate, policies, now);
            if (socket.isLive() && inspected && policies != null) {
                carryOut(socket, policies.inspect(socket));
            }
        } else if (socket.isDraining()) {
            measure(socket, socket.gate, now);
            if (inspected && policies != null && socket.isDraining()) {
                carryOut(socket, policies.inspect(socket));
            }
        }
    }

    /** Counts a connection that was looked at, and lets it rest if nothing happens to it. */
    private void conclude(RelayedSocket socket, long now) {
        if (socket.isLive()) {
            count(socket, socket.gate, now);
            if (socket.still > (socket.gate.offered ? QUIET_AFTER : HELD_QUIET_AFTER) && mayRest(socket, socket.gate)) {
                socket.gate.listening.rests(socket.gate, socket.inward.held(), now);
                socket.gate.rest();
                table.rest(socket);
            }
        } else if (socket.isDraining()) {
            socket.gate.listening.countedWaiting += Bounds.slowlyWaiting(socket.gate, now);
        } else if (socket.still > QUIET_AFTER && !socket.isQuiet()) {
            table.rest(socket); // whatever it is, it comes back with its next news
        }
    }

    /** True if nothing but time can change what is known of a connection from outside until it has news. */
    private static boolean mayRest(RelayedSocket socket, Gate gate) {
        return gate.outWaiting == 0 && gate.throttledUntil == 0 && !gate.deferred && !gate.pins && !gate.isLong && !(gate.probe && gate.rule.enforced())
                && (gate.offered ? socket.inward.unread() == 0 : gate.listening.kind != Listening.Kind.UNKNOWN);
    }

    /** True if a quiet connection is held, or idle at an application that wants none back: nothing of it is in memory that others write. */
    private boolean onlyAges(RelayedSocket socket) {
        if (!socket.isLive() || socket.gate.shrunk) {
            return false;
        }
        return !socket.gate.offered || table.resting(socket.record) == SocketTable.IDLE && !socket.gate.listening.isWanting() && !socket.gate.listening.isBehind();
    }

    private void age(RelayedSocket socket, Gate gate, PolicyChain policies, long now) {
        gate.inRate -= gate.inRate * Math.min(1, (now - gate.swept) / 1e9 / AVERAGED_SECONDS);
        gate.swept = now;
        bounds.expire(socket, gate, policies, now);
        Measure measure = policies == null ? null : policies.inspect(socket);
        if (measure != null) {
            table.stir(socket);
            carryOut(socket, measure);
        }
    }

    private void measure(RelayedSocket socket, Gate gate, long now) {
        if (now == gate.swept) {
            return; // it came in this very turn: there is no time to have a rate in
        }
        long unread = socket.inward.unread();
        if (gate.offered && !gate.read && socket.inward.given() - socket.inward.held() > unread) {
            gate.read = true;
        }
        long waiting;
        try {
            waiting = socket.outward.waiting();
        } catch (org.ringfence.api.transport.ProtocolViolation e) {
            return; // found again, and punished, when bytes are moved
        }
        long unsent = socket.outward.unread();
        long out = socket.bytesOut() - unsent;
        long in = socket.inward.moved();
        double seconds = (now - gate.swept) / 1e9;
        gate.swept = now;
        double weight = Math.min(1, seconds / AVERAGED_SECONDS);
        if (in != gate.inAtSweep || out != gate.outAtSweep) {
            socket.still = 0;
        }
        gate.inRate += ((in - gate.inAtSweep) / seconds - gate.inRate) * weight;
        if (out != gate.outAtSweep) {
            if (gate.outWaiting == 0 || gate.acked < 0) {
                gate.lastOut = now;
            }
        }
        if (gate.outWaiting == 0) {
            gate.outRate = (out - gate.outAtSweep) / seconds;
            gate.acked = -1;
            gate.ackRate = -1;
        } else if (gate.acked < 0) {
            gate.outRate += ((out - gate.outAtSweep) / seconds - gate.outRate) * weight;
        }
        gate.inAtSweep = in;
        gate.outAtSweep = out;
        if (gate.outWaiting == 0 && waiting + unsent > 0) {
            gate.waitingSince = now;
            gate.lastOut = now;
        }
        gate.outWaiting = waiting + unsent;
        if (gate.stage == Stage.RESPONSE || gate.stage == Stage.STREAM) {
            gate.stageBytes = out;
        }
        if (gate.outWaiting > 0) {
            progress.ask(socket, now);
        }
        if (gate.throttledUntil != 0 || gate.deferred) {
            bytes.relay(socket);
        }
    }

    private void count(RelayedSocket socket, Gate gate, long now) {
        Listening listening = gate.listening;
        listening.countedWaiting += Bounds.slowlyWaiting(gate, now);
        if (!gate.offered) {
            if (listening.kind == Listening.Kind.UNKNOWN && gate.watch == Gate.Watch.FIRST_BYTE && now - gate.stageSince > PACE_NANOSECONDS
                    && listening.paced < PACE) {
                listening.paced++;
                gatekeeper.probe(socket);
                bytes.offer(socket);
                return;
            }
            listening.countedHeld++;
            listening.countedHeldBytes += socket.inward.held();
            return;
        }
        listening.countedOpen++;
        relief.count(socket, gate, now);
        if (gate.isWatched()) {
            listening.countedWatched++;
        }
        listening.countedHeldBytes += socket.inward.held();
        if (gate.probe && gate.rule.enforced()) {
            listening.countedProbing++;
        }
        if (!gate.read && now - gate.offeredAt > UNREAD_NANOSECONDS && socket.inward.unread() > 0) {
            listening.countedUnread++;
            listening.longestUnread = Math.max(listening.longestUnread, now - gate.offeredAt);
        }
    }

    /** A question about a peer was answered. */
    void progress(PendingCall question, Answer answer) {
        progress.answered(question, answer, gatekeeper.now());
    }

    // ---- what policies want ----

    private void carryOut(RelayedSocket socket, Measure measure) {
        if (measure == null) {
            return;
        }
        if (measure.compareTo(Measure.REFUSE) >= 0) {
            bytes.end(socket, measure);
        } else {
            restraint.apply(socket, measure, gatekeeper.now());
        }
    }
}
