package org.ringfence.gateway.internal;

import java.util.ArrayList;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.gateway.internal.Gate.Watch;
import org.ringfence.gateway.internal.HttpReader.Event;
import org.ringfence.gateway.internal.Listening.Kind;

/**
 * Holds connections from outside until they have shown what their listener's rule asks for, and follows them afterwards: the application
 * sees a request when it is complete (docs/policies.md, "Held connections"). Held bytes lie in the application's ring already, beyond
 * what it is shown. Event loop's thread only.
 */
final class Gatekeeper {
    private static final int PREFACE_BYTES = 33; // the preface and the head of the SETTINGS frame behind it: RFC 9113, 3.4
    /** Bytes of responses a client may have left untaken when its next request goes on. */
    private static final int BACKLOG = 64 << 10;
    private static final int LOOK_BYTES = 4096;
    /** Requests of which it is remembered how their responses end: {@link Gate#expectAnswer}. */
    private static final int MOST_OUTSTANDING = Long.SIZE;

    private final Services services;
    private final HttpReaders readers = new HttpReaders();
    private final byte[] bytes = new byte[LOOK_BYTES];
    private final FirstLine firstLine = new FirstLine(true);
    private final Requests requests;
    private final Responses responses;
    /** Connections that have become idle while their application does not keep up. */
    private final ArrayList<RelayedSocket> relieved = new ArrayList<>();
    /** {@link System#nanoTime()} at the beginning of the turn. */
    private long now = System.nanoTime();

    /** @param kindChanged called when it has become known what a listener speaks: what is held there is to be looked at again */
    Gatekeeper(Services services, Restraint restraint, Runnable kindChanged) {
        this.services = services;
        requests = new Requests(this, services, restraint);
        responses = new Responses(this, kindChanged);
    }

    void beginTurn() {
        now = System.nanoTime();
    }

    /** The last of those that have become idle while their application does not keep up; null if there is none. */
    RelayedSocket takeRelieved() {
        return relieved.isEmpty() ? null : relieved.remove(relieved.size() - 1);
    }

    long now() {
        return now;
    }

    // ---- from the network ----

    /** A connection has come, and is about to be judged. */
    void introduce(RelayedSocket socket, Listening listening) {
        if (socket.gate == null) {
            socket.gate = new Gate(readers);
        }
        socket.gate.begin(HoldRule.NONE, listening, now);
        socket.gated = true;
    }

    /**
     * A connection was admitted; its flows are bound, nothing was moved. True if the listener now has more held ones than it may.
     *
     * @param own the application itself is at the other end
     */
    boolean arrived(RelayedSocket socket, Listening listening, boolean own) {
        Gate gate = socket.gate;
        PolicyChain policies = services.policies();
        HoldRule rule = policies == null || own ? HoldRule.NONE : policies.hold(socket);
        gate.rule = rule;
        if (rule.evidence() != Evidence.NONE) {
            listening.rule = rule;
        }
        if (rule.evidence() == Evidence.NONE || rule.evidence() == Evidence.AUTO && listening.kind == Kind.SERVER) {
            return false;
        }
        gate.watch = switch (rule.evidence()) {
            case HTTP_REQUEST -> Watch.HTTP;
            case TLS_CLIENT_HELLO -> Watch.TLS;
            default -> Watch.FIRST_BYTE;
        };
        gate.probe = !rule.enforced() || mayProbe(gate);
        if (!gate.probe) {
            listening.held++;
            socket.inward.release(0);
        } else if (rule.enforced()) {
            listening.probing++;
        }
        return !gate.probe && listening.held > rule.connections();
    }

    /** While nobody has seen the server answer HTTP or TLS, a few connections pass: it may be one that speaks to silent clients. */
    private static boolean mayProbe(Gate gate) {
        Kind kind = gate.listening.kind;
        return gate.rule.evidence() == Evidence.AUTO && (kind == Kind.UNKNOWN || kind == Kind.OTHER) && gate.listening.probing < gate.rule.probes();
    }

    /** Moves bytes towards the application, and decides how far it may see them. */
    void inward(RelayedSocket socket) throws ProtocolViolation {
        Gate gate = socket.gate;
        int most = Restraint.portion(gate, now);
        if (most == 0) {
            return;
        }
        if (gate.headInDoubt && gate.stage == Stage.IDLE && socket.inward.waiting() > 0) {
            gate.follow(socket.inward.given(), socket.outward.moved());
            gate.watch = Watch.HTTP;
            gate.probe = !gate.rule.enforced();
            gate.answered = true;
            gate.idleSince = now;
        }
        if (gate.watch == Watch.NOTHING) {
            if (socket.inward.move(most) > 0) {
                gate.lastIn = now;
                if (gate.doubtsAgain && gate.stage == Stage.IDLE) {
                    gate.enter(Stage.STREAM, now);
                    gate.doubt(true, socket.bytesOut());
                }
            }
            return;
        }
        int waiting = Math.min(socket.inward.waiting(), most);
        if (waiting == 0) {
            return;
        }
        gate.lastIn = now;
        look(socket, gate, waiting);
        if (socket.unwanted != null) {
            return;
        }
        socket.inward.release(gate.shown());
        socket.inward.move(gate.deferred ? (int) Math.max(0, gate.parsed - socket.inward.given()) : waiting);
    }

    /**
     * Pipelined requests go on one by one until it is known that their responses are small, and under pressure, behind one that is in doubt, and while the
     * client has not taken what it was sent: one response is all that a worker is to write for it.
     */
    private static boolean isBehind(RelayedSocket socket, Gate gate) {
        if (gate.probe || !gate.answered && gate.outstanding == 0) {
            return false;
        }
        boolean alone = gate.doubtful || !gate.smallResponses || gate.listening.pressure() > 0;
        if (gate.responsesKnown && (gate.outstanding == MOST_OUTSTANDING || gate.outstanding > 0 && alone)) {
            return true;
        }
        try {
            return socket.outward.waiting() + socket.outward.unread() > BACKLOG;
        } catch (ProtocolViolation e) {
            return false; // found again, and punished, when bytes are moved
        }
    }

    /** Lets a connection through that has shown nothing. */
    void probe(RelayedSocket socket) {
        socket.gate.probe = true;
        socket.inward.release(Long.MAX_VALUE);
    }

    /** True if a request waits for responses before it that are complete now. */
    boolean isNextDue(RelayedSocket socket) {
        return socket.gated && socket.gate.deferred && socket.gate.outstanding == 0;
    }

    /** True if the application is to learn of the connection at once. */
    boolean passes(RelayedSocket socket) {
        return socket.gate.shown() == Long.MAX_VALUE;
    }

    /** True if what came is evidence enough, and the application does not know of it yet. */
    boolean isDue(RelayedSocket socket) {
        return socket.gated && !socket.gate.offered && socket.gate.shown() > 0;
    }

    /** Everything the connection has sent and will send goes to the application. */
    void letPass(RelayedSocket socket) {
        Gate gate = socket.gate;
        gate.watch = Watch.NOTHING;
        gate.responsesKnown = false;
        gate.enter(Stage.STREAM, now);
        socket.inward.release(Long.MAX_VALUE);
    }

    private void look(RelayedSocket socket, Gate gate, int waiting) {
        long given = socket.inward.given();
        gate.deferred = false;
        while (gate.watch != Watch.NOTHING && gate.parsed < given + waiting) {
            int ahead = (int) (gate.parsed - given);
            if (gate.watch == Watch.HTTP && gate.requests().skippable() > 0) {
                long n = Math.min(gate.requests().skippable(), waiting - ahead);
                gate.parsed += n;
                requests.read(socket, gate, gate.requests().skip(n));
                continue;
            }
            if (gate.watch == Watch.HTTP && gate.requests().isBetween() && (gate.waits || isBehind(socket, gate))) {
                gate.deferred = true;
                return;
            }
            int n = Math.min(waiting - ahead, bytes.length);
            socket.inward.look(ahead, bytes, n);
            look(socket, gate, bytes, n);
        }
    }

    private void look(RelayedSocket socket, Gate gate, byte[] b, int length) {
        switch (gate.watch) {
            case FIRST_BYTE -> firstByte(gate, b, length);
            case TLS -> {
                stageBegins(gate, Stage.HEAD);
                boolean over = gate.hello().read(b, 0, length);
                if (over && gate.hello().isNone() && gate.listening.speaksHttpAlone()) {
                    gate.watch = Watch.EMPTY_LINE; // as with all that is no request
                    gate.lineEmpty = false;
                    return;
                }
                gate.parsed += length;
                if (over) {
                    gate.listening.headNanoseconds.add(now - gate.stageSince);
                    passInDoubt(socket, gate, false);
                }
            }
            case PREFACE -> {
                gate.parsed += length;
                if (gate.parsed >= PREFACE_BYTES) {
                    passInDoubt(socket, gate, false);
                }
            }
            case EMPTY_LINE -> {
                for (int i = 0; i < length && gate.watch == Watch.EMPTY_LINE; i++) {
                    gate.parsed++;
                    boolean over = b[i] == '\n' && gate.lineEmpty;
                    if (over || gate.parsed - gate.messageAt > gate.rule.headBytes()) {
                        boolean head = over && gate.stage == Stage.HEAD;
                        passInDoubt(socket, gate, true);
                        gate.headInDoubt = head && gate.doubtsAgain;
                    }
                    gate.lineEmpty = b[i] == '\n' || b[i] == '\r' && gate.lineEmpty;
                }
                gate.stageBytes = gate.parsed - gate.messageAt;
            }
            default -> {
                if (gate.stage != Stage.HEAD && gate.requests().isBetween()) {
                    gate.requestBegins(now);
                }
                Event event = gate.requests().read(b, 0, length);
                gate.parsed += gate.requests().position;
                requests.read(socket, gate, event);
            }
        }
    }

    private void stageBegins(Gate gate, Stage stage) {
        if (gate.stage != stage) {
            gate.enter(stage, now);
        }
    }

    private void firstByte(Gate gate, byte[] b, int length) {
        Kind kind = gate.listening.kind;
        if (gate.rule.evidence() == Evidence.DATA || kind == Kind.OTHER) {
            gate.asksInHttp = isHttp(b, length);
            pass(gate);
        } else {
            gate.watch = b[0] == TlsHello.HANDSHAKE ? Watch.TLS : Watch.HTTP;
        }
    }

    /** True if these bytes begin with a request line. */
    private boolean isHttp(byte[] b, int length) {
        firstLine.begin();
        for (int i = 0; i < length && b[i] != '\n'; i++) {
            if (b[i] != '\r' && !firstLine.add(b[i])) {
                return false;
            }
        }
        return firstLine.end() == FirstLine.Kind.HTTP1;
    }

    /** The rest of the connection is not looked at. */
    private void pass(Gate gate) {
        gate.watch = Watch.NOTHING;
        gate.probe = false;
        gate.enter(Stage.STREAM, now);
    }

    /**
     * The rest is not looked at. An HTTP server that does not answer may wait for what it takes for the rest of a request.
     *
     * @param again the same holds of what comes when it has answered
     */
    void passInDoubt(RelayedSocket socket, Gate gate, boolean again) {
        pass(gate);
        gate.responsesKnown = false;
        gate.doubt(gate.listening.kind == Kind.HTTP, socket.bytesOut());
        gate.doubtsAgain = again && gate.doubtful;
    }

    /** It is the turn of a request that waited. */
    void goOn(RelayedSocket socket) {
        requests.goOn(socket);
    }

    // ---- towards the network ----

    /** Moves bytes towards the network; true if there were any. */
    boolean outward(RelayedSocket socket) throws ProtocolViolation {
        return responses.outward(socket, now);
    }

    /** A connection has become idle, and its application does not keep up. */
    void relieved(RelayedSocket socket) {
        relieved.add(socket);
    }

    /** It has become known what the listener speaks: what does that change for a connection? */
    void reconsider(RelayedSocket socket) {
        Gate gate = socket.gate;
        if (gate.rule.evidence() != Evidence.AUTO || gate.offered && gate.watch != Watch.FIRST_BYTE) {
            return;
        }
        if (gate.listening.kind == Kind.SERVER || gate.listening.kind == Kind.OTHER && gate.parsed > 0) {
            boolean maybeHttp = gate.watch == Watch.HTTP;
            letPass(socket);
            gate.asksInHttp = maybeHttp;
            gate.doubt(maybeHttp, socket.bytesOut()); // what is known of the listener may be wrong, and then its server waits for more
            gate.doubtsAgain = maybeHttp;
        }
    }
}
