package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Locale;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Stage;

/**
 * Frees workers of an application that wait for clients: for room for a response longer than what is taken from the application at once, for a body
 * too long to be held, or for the rest of what servers may take for half a request. Where connections wait for the application because most of its workers wait so, whoever takes, or gives, least goes first.
 * Event loop's thread only.
 */
final class Relief {
    /** Who takes, or gives, more bytes a second is never ended here: an application can be kept waiting faster by ordinary requests. */
    private static final long QUICK = 16 << 10;
    /** Who takes, or gives, more is slow and alive: one a second goes, and only when nobody is left who does less, or may. */
    private static final long ALIVE = 1 << 10;
    private static final long ALIVE_NANOSECONDS = 1_000_000_000L;
    /** One of whom nothing is known yet, among so many who are alive, protects them no longer: somebody new always comes. */
    private static final int UNKNOWN = 4;
    /** A body has been coming for so long before its rate says anything. */
    private static final long BODY_NANOSECONDS = 1_000_000_000L;
    /** So long a client of good will may be silent: one with a round trip of three seconds, whose window is open, or who was told to continue. */
    private static final long DISTANT_NANOSECONDS = 4_000_000_000L;
    /** While requests wait for their turn, who has one and does not move for so long has had it; with an open window it may be a bad line. */
    private static final long SHUT_NANOSECONDS = 3_000_000_000L;
    private static final long STILL_NANOSECONDS = 8_000_000_000L;

    /** A few connections have waited for the application for so long before anybody goes for them; and where it is fewer that wait, or that keep it waiting. */
    private static final long WAIT_NANOSECONDS = 300_000_000L;
    private static final int FEW = 4;
    private static final long FEW_WAIT_NANOSECONDS = 2_000_000_000L;

    private final SocketTable table;
    private final Gatekeeper gatekeeper;
    private final ByteRelay bytes;
    private final PeerProgress progress;
    private final Bounds bounds;
    private final ArrayList<RelayedSocket> chosen = new ArrayList<>();
    /** Of those that keep the application waiting, whose rates are not known yet. */
    private int unknown;

    Relief(SocketTable table, Gatekeeper gatekeeper, ByteRelay bytes, PeerProgress progress, Bounds bounds) {
        this.table = table;
        this.gatekeeper = gatekeeper;
        this.bytes = bytes;
        this.progress = progress;
        this.bounds = bounds;
    }

    /** Counts a connection the application has; called for each in a sweep. */
    void count(RelayedSocket socket, Gate gate, long now) {
        Listening listening = gate.listening;
        if (lingers(socket, gate)) {
            bytes.end(socket, Measure.REFUSE); // all that is taken from the client is the time he may keep a worker
        }
        boolean begun = gate.read && hasBegun(socket, gate);
        boolean busy = begun || gate.isBusy(socket.inward.unread(), now);
        gate.blocksWriter = busy && gate.outWaiting > 0 && socket.region().awaitsRoom(socket.slot);
        gate.pins = gate.blocksWriter || begun && blocksReader(socket, gate, now);
        if (busy) {
            listening.countedBusy++;
        }
        if (gate.pins) {
            if (rate(gate, now) < QUICK) {
                listening.countedPinned++;
            }
            if (!gate.isLong && gate.answering != 0 && gate.bodyAt != 0 && gate.parsedOut - gate.bodyAt > gate.rule.absorbBytes()) {
                listening.longRequests.learn(gate.answering); // its head did not say so
                gate.isLong = true;
            }
        }
        if (gate.isLong && gate.outstanding > 0) {
            listening.longRequests.count();
        }
    }

    /** The application has said its last in HTTP, and waits for its client's end, while others wait for it. */
    private static boolean lingers(RelayedSocket socket, Gate gate) {
        return socket.outputShut && !socket.endShown && gate.listening.isBehind() && gate.rule.enforced() && gate.listening.kind == Listening.Kind.HTTP
                && (gate.watch != Gate.Watch.NOTHING || gate.doubtful) && gate.stage != Stage.BODY;
    }

    /** The application has what it may take for the beginning of a request. */
    private static boolean hasBegun(RelayedSocket socket, Gate gate) {
        return gate.streaming && (gate.stage == Stage.BODY || gate.stage == Stage.HEAD) || gate.doubtful && gate.sentBefore == socket.bytesOut();
    }

    /** It waits for the rest: nothing has come for a while, or what comes is little. */
    private static boolean blocksReader(RelayedSocket socket, Gate gate, long now) {
        if (socket.inward.unread() > 0) {
            return false;
        }
        double rate = rate(gate, now);
        return now - gate.lastIn > BODY_NANOSECONDS / 4 || rate >= 0 && rate < QUICK;
    }

    /** The sweep has counted all. */
    void relieve(Listening listening, long now) {
        LongRequests requests = listening.longRequests;
        int pinned = listening.countedPinned;
        if (isStarved(listening)) {
            int takenBack = takeBack(listening, now);
            int others = listening.countedUnread - takenBack;
            choose(listening, now);
            chosen.sort(Comparator.comparingDouble(socket -> rate(socket.gate, now)));
            int many = Math.min(chosen.size(), others);
            if (takenBack > 0 || (!chosen.isEmpty() || unknown > 0) && listening.rule.enforced()) {
                requests.allTaken(listening.countedBusy, now);
            }
            for (int i = 0; i < many && mayGo(listening, i, now); i++) {
                RelayedSocket slow = chosen.get(i);
                bounds.decideOnce(slow, () -> evidence(slow, now, others + " connections wait for the application"));
            }
        } else if (requests.waiting() > 0 && pinned > 0) {
            choose(listening, now);
            String why = requests.waiting() + " requests for as much wait";
            for (RelayedSocket socket : chosen) {
                Gate gate = socket.gate;
                long still = now - Math.max(gate.blocksWriter ? gate.lastOut : gate.lastIn, gate.stageSince);
                if (still > (gate.isShut() ? SHUT_NANOSECONDS : STILL_NANOSECONDS)) {
                    bounds.decideOnce(socket, () -> evidence(socket, now, why));
                }
            }
        }
        chosen.clear();
        requests.endCount(now);
        for (RelayedSocket socket; (socket = requests.next()) != null; ) {
            gatekeeper.goOn(socket);
            bytes.relay(socket);
        }
    }

    /** Somebody has waited for long, and most of what the application does is to wait. Of very few connections that may be chance for a while. */
    private static boolean isStarved(Listening listening) {
        int pinned = listening.countedPinned;
        boolean few = pinned < FEW || listening.countedUnread < FEW;
        return pinned > 0 && 2 * pinned >= listening.countedBusy && listening.longestUnread > (few ? FEW_WAIT_NANOSECONDS : WAIT_NANOSECONDS);
    }

    /** True if the next of those that were chosen, the slowest first, is one that does nothing, or the last resort. */
    private boolean mayGo(Listening listening, int next, long now) {
        if (rate(chosen.get(next).gate, now) < ALIVE) {
            return true;
        }
        if (next > 0 || unknown * UNKNOWN > chosen.size() || now - listening.aliveEnded < ALIVE_NANOSECONDS) {
            return false;
        }
        listening.aliveEnded = now;
        return true;
    }

    /**
     * Requests of the same kind that nobody has accepted wait for their turn, and are in nobody's way. What lies in the listener's queue already cannot be
     * taken back: of those go whose window was never open. The number of both.
     */
    private int takeBack(Listening listening, long now) {
        int taken = 0;
        LongRequests requests = listening.longRequests;
        for (int i = 0; i < table.livelyCount(); i++) { // who has been given bytes that nobody reads is no quiet one
            RelayedSocket socket = table.lively(i);
            Gate gate = socket.gate;
            if (socket.isLiveAt(listening) && gate.offered && !gate.read
                    && gate.watch == Gate.Watch.HTTP && gate.rule.enforced() && !gate.probe && gate.requests().isBetween()
                    && requests.isLong(gate.requests().target())) {
                if (socket.region().withdraw(listening.slot(), socket.slot)) {
                    gate.offered = false;
                    gate.waits = true;
                    requests.waits(socket);
                    taken++;
                } else if (gate.isShut()) {
                    taken++;
                    bounds.decideOnce(socket, () -> "has room for " + gate.peerWindow
                            + " B, and asks for what keeps the application from going on; nobody has accepted it");
                } else {
                    progress.ask(socket, now);
                }
            }
        }
        return taken;
    }

    private void choose(Listening listening, long now) {
        chosen.clear();
        unknown = 0;
        for (int i = 0; i < table.livelyCount(); i++) { // who keeps the application waiting is no quiet one
            RelayedSocket socket = table.lively(i);
            if (socket.isLiveAt(listening) && socket.gate.pins) {
                double rate = rate(socket.gate, now);
                if (rate < 0) {
                    unknown++;
                } else if (rate < QUICK) {
                    chosen.add(socket);
                }
            }
        }
    }

    /** Bytes a second that the client takes, or gives; -1: not known yet. */
    private static double rate(Gate gate, long now) {
        long age = now - gate.stageSince;
        if (gate.blocksWriter) {
            return !gate.isShut() && now - gate.ackedSince < DISTANT_NANOSECONDS ? -1 : gate.ackRate;
        }
        if (gate.stage != Stage.BODY) {
            return age < BODY_NANOSECONDS ? -1 : gate.inRate;
        }
        return age < (gate.requests().fields.expectsContinue ? DISTANT_NANOSECONDS : BODY_NANOSECONDS) ? -1 : (gate.parsed - gate.sentFrom) * 1e9 / age;
    }

    private static String evidence(RelayedSocket socket, long now, String why) {
        Gate gate = socket.gate;
        String what = gate.blocksWriter ? String.format(Locale.ROOT, "takes %.0f B/s, %d B wait for it", gate.ackRate, gate.outWaiting)
                : String.format(Locale.ROOT, "sends %.0f B/s of %s", rate(gate, now), gate.stage == Stage.BODY ? "a body" : "what may be a request");
        return what + ", and it keeps the application from going on, while " + why;
    }
}
