package org.ringfence.gateway.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Stage;

/**
 * The bounds of what is held, and of what waits for clients: how old it may become, how many connections and bytes there may be. Who shows
 * least goes first; an application that does not keep up has idle connections taken back from it. Event loop's thread only.
 */
final class Bounds {
    /** Less than this never is too much to wait for clients. */
    private static final long SMALL = 1 << 20;
    /** A client is given so long to show how fast it is. */
    private static final long READERS_NANOSECONDS = 3_000_000_000L;
    private static final double LONG_SECONDS = 10;
    private static final int SAMPLED = 64;
    /** Who has come, or begun a request, so recently may be as quick as any; and so many bytes of a body a second are more than attackers have for long. */
    private static final long COMING_NANOSECONDS = 1_000_000_000L;
    private static final int SENDING = 4096;
    /** For what has been decided, in each turn: a hundred may go at once, and nobody is to wait for that. */
    private static final long DECISIONS_NANOSECONDS = 200_000;
    /** For so many listeners idle connections are looked for in one sweep, half a millisecond each where there are 30,000. */
    private static final int LOOKS = 8;
    /** A connection is taken back when it has been idle for so long. */
    private static final long IDLE_NANOSECONDS = 20_000_000;

    private final Services services;
    private final SocketTable table;
    private final ByteRelay bytes;
    private final Gatekeeper gatekeeper;
    private final Reparking reparking;
    private final ArrayList<RelayedSocket> chosen = new ArrayList<>();
    private final HeldSources sources = new HeldSources();
    private final ArrayDeque<Decision> decisions = new ArrayDeque<>();
    private int cursor;
    private int looks;
    /** Who has shown least goes first, and among those the slowest. */
    final Comparator<RelayedSocket> slowestFirst = Comparator.<RelayedSocket>comparingInt(this::merit).thenComparingDouble(this::speed);

    Bounds(Services services, SocketTable table, ByteRelay bytes, Gatekeeper gatekeeper, Reparking reparking) {
        this.services = services;
        this.table = table;
        this.bytes = bytes;
        this.gatekeeper = gatekeeper;
        this.reparking = reparking;
    }

    // ---- ages ----

    /** Ends a held connection that is older than the rule lets it become. */
    void expire(RelayedSocket socket, Gate gate, PolicyChain policies, long now) {
        HoldRule rule = gate.rule;
        Listening.Kind kind = gate.listening.kind;
        if (rule.evidence() == Evidence.AUTO && kind != Listening.Kind.HTTP && kind != Listening.Kind.TLS && gate.stage == Stage.SILENT) {
            return; // who knows whether a client has to say something
        }
        if (gate.offered && rule.enforced() || gate.watch == Gate.Watch.NOTHING || gate.reported) {
            return;
        }
        long bound = switch (gate.stage) {
            case SILENT -> rule.silentMilliseconds();
            case HEAD -> rule.headMilliseconds();
            case BODY -> rule.bodyMilliseconds();
            case IDLE -> rule.idleMilliseconds();
            default -> Long.MAX_VALUE;
        };
        long age = (now - gate.stageSince) / 1_000_000;
        if (age <= bound) {
            return;
        }
        if (gate.stage == Stage.IDLE) {
            if (!gate.offered) { // what the application has is its own to end
                bytes.end(socket, Measure.REFUSE);
            }
            return;
        }
        gate.reported = true;
        decide(socket, policies, String.format(Locale.ROOT, "%s, the bound is %.0f s", shown(gate, age), bound / 1e3));
    }

    private static String shown(Gate gate, long milliseconds) {
        String what = switch (gate.stage) {
            case SILENT -> "no byte";
            case BODY -> gate.stageBytes + " B of a request with its body";
            case IDLE -> "no further request";
            default -> gate.stageBytes + " B of a request's head";
        };
        long normal = gate.listening.normalHeadNanoseconds();
        return String.format(Locale.ROOT, "%s in %.1f s%s", what, milliseconds / 1e3,
                normal > 0 && gate.stage == Stage.HEAD ? String.format(Locale.ROOT, ", normal here %.3f s", normal / 1e9) : "");
    }

    /** The gateway's own decision that a held connection goes: reset, or, if its client waits for nothing, closed as a server would. */
    private void decide(RelayedSocket socket, PolicyChain policies, String evidence) {
        boolean orderly = socket.gate.stage == Stage.IDLE && !socket.gate.offered && socket.gate.outWaiting == 0;
        Measure measure = orderly ? Measure.REFUSE : Measure.RESET;
        boolean enforced = policies == null || policies.decided(socket, measure, evidence);
        if (enforced && socket.gate.rule.enforced()) {
            bytes.end(socket, measure);
        }
    }

    /** The same, in a turn soon, and where it may be decided sweep after sweep and is only observed it is told once. */
    void decideOnce(RelayedSocket socket, Supplier<String> evidence) {
        if (!socket.gate.overrun) {
            socket.gate.overrun = true;
            decisions.add(new Decision(socket, socket.id(), socket.gate.stageSince, socket.gate.offered, socket.closing, evidence));
        }
    }

    /** Connection {@code id} goes, if nothing has become of it since. */
    private record Decision(RelayedSocket socket, long id, long stageSince, boolean offered, boolean closing, Supplier<String> evidence) {
        boolean isOfThisConnection() {
            return socket.id() == id && (socket.isLive() || socket.isDraining());
        }

        boolean holds() {
            return socket.gate.stageSince == stageSince && socket.gate.offered == offered && socket.closing == closing;
        }
    }

    boolean hasDecisions() {
        return !decisions.isEmpty();
    }

    /** Carries some of the decisions out. Called every turn. */
    void decideSome() {
        if (decisions.isEmpty()) {
            return;
        }
        PolicyChain policies = services.policies();
        long until = System.nanoTime() + DECISIONS_NANOSECONDS;
        for (Decision decision; (decision = decisions.poll()) != null; ) {
            RelayedSocket socket = decision.socket;
            if (decision.isOfThisConnection()) {
                if (decision.holds()) {
                    decide(socket, policies, decision.evidence.get());
                } else {
                    socket.gate.overrun = false;
                }
            }
            if (System.nanoTime() - until > 0) {
                return;
            }
        }
    }

    // ---- numbers ----

    /** A listener has as many held connections as it may, and another one has come: makes room. */
    void makeRoom(Listening listening) {
        List<RelayedSocket> rows = table.rows();
        RelayedSocket slowest = null;
        int size = rows.size();
        for (int looked = 0, found = 0; looked < size && found < SAMPLED; looked++) {
            cursor = cursor + 1 < size ? cursor + 1 : 0;
            RelayedSocket socket = rows.get(cursor);
            if (socket.isLiveAt(listening) && !socket.gate.offered) {
                found++;
                if (slowest == null || slowestFirst.compare(socket, slowest) < 0) {
                    slowest = socket;
                }
            }
        }
        if (slowest != null) {
            listening.held--;
            decide(slowest, services.policies(), evidence(slowest, listening));
        }
    }

    private String evidence(RelayedSocket socket, Listening listening) {
        return shown(socket.gate, (gatekeeper.now() - socket.gate.stageSince) / 1_000_000) + ", among the slowest of "
                + (listening.countedHeld + listening.countedWatched) + " held connections with " + listening.heldBytes + " B";
    }

    /**
     * What a held connection has shown: no whole request for a while, and little of one; that its requests were answered, and nothing since; that it comes,
     * or sends as clients do; a request that waits for an answer.
     */
    private int merit(RelayedSocket socket) {
        boolean comes = gatekeeper.now() - socket.gate.stageSince < COMING_NANOSECONDS;
        return switch (socket.gate.stage) {
            case SILENT, HEAD -> comes ? 2 : 0;
            case BODY -> comes || speed(socket) > SENDING ? 2 : 0;
            case IDLE -> 1;
            default -> 3;
        };
    }

    /** Bytes a second of what is held; who has shown nothing comes first, and among those the oldest. */
    private double speed(RelayedSocket socket) {
        double seconds = (gatekeeper.now() - socket.gate.stageSince) / 1e9 + 0.001;
        return socket.gate.stage == Stage.SILENT || socket.gate.stage == Stage.IDLE ? -seconds : socket.gate.stageBytes / seconds;
    }

    /** A sweep has counted the connections of all listeners. */
    void beginKeeping() {
        looks = LOOKS;
    }

    /** The bounds of a listener whose connections have been counted. */
    void keep(Listening listening, long now) {
        HoldRule rule = listening.rule;
        boolean behind = listening.countedUnread > 0;
        int most = rule.connections() - rule.connections() / 16;
        int held = listening.countedHeld + listening.countedWatched;
        boolean full = rule.evidence() != Evidence.NONE && (held > 0 || behind)
                && (held > most || listening.countedHeldBytes > rule.bytes() || listening.isCrowded());
        listening.endCount(now, full || relieveReaders(listening) || listening.longRequests.isCrowded());
        if (rule.evidence() != Evidence.NONE && (held > rule.sourceConnections() || listening.countedHeldBytes > rule.sourceBytes())) {
            relieveOfSources(listening, rule);
        }
        if (full) {
            relieve(listening, rule);
        }
        if (behind && (full || takesIdleOnesBack(listening, rule))) {
            listening.mayBeKept(now);
        }
    }

    /** True if the application had idle connections, which are taken back. For some listeners in each sweep all connections are looked at. */
    private boolean takesIdleOnesBack(Listening listening, HoldRule rule) {
        if (!rule.reparks() || !rule.enforced() || listening.open == listening.unread || looks == 0) {
            return false;
        }
        looks--;
        return reparking.relieve(listening, listening.unread, IDLE_NANOSECONDS) > 0;
    }

    /**
     * Called in each turn. Between sweeps: somebody waits for an application of which nothing has been heard for as long. Idle connections may keep all its workers, and are taken
     * back from it, if it has served no more at once. Where it has served a few more, they may be free and no more than that, so who is beyond them counts when
     * the first has waited twice as long.
     *
     * @return true if all connections were looked at for that
     */
    boolean relieveAtOnce(Listening listening, long now) {
        int late = listening.line.isDue(now) ? listening.line.late(now) : 0;
        if (late == 0) {
            return false;
        }
        listening.relievedAt = now;
        HoldRule rule = listening.rule;
        if (!rule.reparks() || !rule.enforced() || bytes.isHolding()) {
            return false;
        }
        int served = served(listening);
        int free = Math.max(0, listening.capacity - served);
        boolean tooFew = served > 0 && free < late && (free == 0 || listening.line.isLate(now));
        if (tooFew && reparking.takeBack(listening, late - free, IDLE_NANOSECONDS) > 0) {
            listening.waited(now);
        }
        return true;
    }

    /** Connections that the application has begun to read. */
    private int served(Listening listening) {
        int given = listening.quietOpen();
        for (int i = 0; i < table.livelyCount(); i++) {
            RelayedSocket socket = table.lively(i);
            given += socket.isLiveAt(listening) && socket.gate.offered ? 1 : 0;
        }
        return given - listening.line.size();
    }

    /** Bytes that wait for a client who, as he goes on, will not have taken them for long; 0 for one who is quick, or new. */
    static long slowlyWaiting(Gate gate, long now) {
        return now - gate.waitingSince > READERS_NANOSECONDS && gate.outWaiting > gate.takesOfLate() * LONG_SECONDS ? gate.outWaiting : 0;
    }

    /** Too many bytes of responses wait for slow clients: who takes least is reset first, until an eighth is free. True if that was so. */
    private boolean relieveReaders(Listening listening) {
        long most = Long.MAX_VALUE;
        chosen.clear();
        for (int i = 0; listening.countedWaiting > SMALL && i < table.livelyCount(); i++) { // for whom something waits is no quiet one
            RelayedSocket socket = table.lively(i);
            if ((socket.isLive() || socket.isDraining()) && socket.gate.listening == listening && socket.gate.outWaiting > 0) {
                most = socket.gate.rule.absorbTotal();
                if (listening.countedWaiting <= most) {
                    return false;
                }
                if (slowlyWaiting(socket.gate, gatekeeper.now()) > 0) {
                    chosen.add(socket);
                }
            }
        }
        chosen.sort(Comparator.comparingDouble(socket -> socket.gate.takesOfLate()));
        for (int i = 0; i < chosen.size() && listening.countedWaiting > most - most / 8; i++) {
            RelayedSocket socket = chosen.get(i);
            long mebibytes = listening.countedWaiting >> 20;
            listening.countedWaiting -= socket.gate.outWaiting;
            decideOnce(socket, () -> String.format(Locale.ROOT, "takes %.0f B/s, the least of those for whom %d MiB wait", socket.gate.takesOfLate(), mebibytes));
        }
        chosen.clear();
        return most != Long.MAX_VALUE;
    }

    /** A source that holds more than it may has its slowest reset, until a sixteenth of that is free. */
    private void relieveOfSources(Listening listening, HoldRule rule) {
        chooseHeld(listening);
        sources.begin(chosen.size());
        for (int i = 0; i < chosen.size(); i++) {
            sources.add(chosen.get(i).peerAddress(), chosen.get(i).inward.held());
        }
        chosen.removeIf(socket -> sources.connections(socket.peerAddress()) <= rule.sourceConnections()
                && sources.bytes(socket.peerAddress()) <= rule.sourceBytes());
        chosen.sort(slowestFirst);
        int most = rule.sourceConnections() - rule.sourceConnections() / 16;
        long mostBytes = rule.sourceBytes() - rule.sourceBytes() / 16;
        for (int i = 0; i < chosen.size(); i++) {
            RelayedSocket socket = chosen.get(i);
            int connections = sources.connections(socket.peerAddress());
            long held = sources.bytes(socket.peerAddress());
            if (connections > most || held > mostBytes) {
                sources.remove(socket.peerAddress(), socket.inward.held());
                decideOnce(socket, () -> shown(socket.gate, (gatekeeper.now() - socket.gate.stageSince) / 1_000_000) + ", among the slowest of "
                        + connections + " held connections with " + held + " B from its source");
            }
        }
        chosen.clear();
    }

    private void chooseHeld(Listening listening) {
        chosen.clear();
        List<RelayedSocket> rows = table.rows();
        for (int i = 0; i < rows.size(); i++) {
            RelayedSocket socket = rows.get(i);
            if (socket.isLiveAt(listening) && (!socket.gate.offered || socket.gate.isWatched())) {
                chosen.add(socket);
            }
        }
    }

    /** The slowest go first, a sixteenth at a time. */
    private void relieve(Listening listening, HoldRule rule) {
        chooseHeld(listening);
        chosen.sort(slowestFirst);
        int many = Math.max(1, Math.min(rule.connections(), listening.countedHeld + listening.countedWatched) / 16);
        if (!rule.enforced()) {
            many = Math.max(many, chosen.size() - rule.connections()); // nobody goes: the same ones are chosen again
        }
        for (int i = 0; i < chosen.size() && i < many; i++) {
            RelayedSocket slow = chosen.get(i);
            decideOnce(slow, () -> evidence(slow, listening));
        }
        chosen.clear();
    }
}
