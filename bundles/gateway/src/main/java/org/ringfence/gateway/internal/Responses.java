package org.ringfence.gateway.internal;

import org.ringfence.api.policy.Stage;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.gateway.internal.Gate.Watch;
import org.ringfence.gateway.internal.HttpReader.Event;
import org.ringfence.gateway.internal.Listening.Kind;

/**
 * Follows what servers send to those who have come from outside: where their responses end, how long they are, and what a listener speaks.
 * Event loop's thread only.
 */
final class Responses {
    /** Bytes of a response that is small. */
    private static final int SMALL = 16 << 10;
    private static final int LOOK_BYTES = 4096;
    private static final int HTTP_ANSWER = 'H' << 24 | 'T' << 16 | 'T' << 8 | 'P';

    private final Gatekeeper gatekeeper;
    private final Runnable kindChanged;
    private final byte[] bytes = new byte[LOOK_BYTES];
    private long now;

    /** @param kindChanged called when it has become known what a listener speaks */
    Responses(Gatekeeper gatekeeper, Runnable kindChanged) {
        this.gatekeeper = gatekeeper;
        this.kindChanged = kindChanged;
    }

    /** Moves bytes towards the network; true if there were any. */
    boolean outward(RelayedSocket socket, long turn) throws ProtocolViolation {
        Gate gate = socket.gate;
        if (gate.watch == Watch.NOTHING && (gate.answered || gate.listening.kind != Kind.UNKNOWN && !gate.asksInHttp)) {
            return passes(socket, gate, turn);
        }
        int waiting = socket.outward.waiting();
        if (waiting == 0) {
            return false;
        }
        now = turn;
        answers(socket, gate, waiting);
        return socket.outward.move(waiting) > 0;
    }

    /** Moves bytes that are not looked at. What was sent in doubt is answered: the next that comes is, if anything, another request. */
    private static boolean passes(RelayedSocket socket, Gate gate, long turn) throws ProtocolViolation {
        boolean moved = socket.outward.move() > 0;
        if (moved && gate.doubtsAgain && gate.stage != Stage.IDLE && socket.outward.isDrained()) {
            gate.enter(Stage.IDLE, turn);
        }
        return moved;
    }

    private void answers(RelayedSocket socket, Gate gate, int waiting) {
        if (!gate.answered) {
            gate.answered = true;
            learn(socket, gate, waiting);
        }
        if (gate.watch == Watch.NOTHING || !gate.responsesKnown) {
            return;
        }
        long taken = socket.outward.moved();
        HttpReader reader = gate.responses();
        while (gate.parsedOut < taken + waiting && gate.responsesKnown) {
            if (gate.outstanding == 0) {
                gate.responsesKnown = false; // unasked, as before the server ends a connection
                return;
            }
            int ahead = (int) (gate.parsedOut - taken);
            Event event;
            if (reader.skippable() > 0) {
                long n = Math.min(reader.skippable(), waiting - ahead);
                event = reader.skip(n);
                gate.parsedOut += n;
            } else {
                int n = Math.min(waiting - ahead, bytes.length);
                socket.outward.look(ahead, bytes, n);
                event = reader.read(bytes, 0, n);
                gate.parsedOut += reader.position;
            }
            answer(socket, gate, event);
        }
    }

    private void answer(RelayedSocket socket, Gate gate, Event event) {
        switch (event) {
            case HEAD -> {
                long length = gate.responses().contentLength();
                gate.smallResponses = length >= 0 && length <= SMALL && (gate.smallResponses || gate.firstResponse);
                gate.firstResponse = false;
                gate.bodyAt = gate.parsedOut;
                expectLength(gate, length);
                if (length > 0 && !gate.shrunk) {
                    long before = gate.parsedOut - socket.outward.moved(); // the head lies in the ring, too
                    socket.outward.expect(Math.min(Math.min(before + length, gate.rule.absorbBytes()), ResponseSizes.MOST_BYTES));
                }
            }
            case MESSAGE -> {
                if (gate.answering != 0 && !gate.responses().answersHead) {
                    gate.listening.responseSizes.learn(gate.answering, gate.parsedOut - gate.responseAt);
                    isWhole(gate);
                }
                gate.answerEnds();
                if (gate.doubtful && gate.outstanding > 0) {
                    gate.doubt(true, gate.parsedOut + gate.carriedOut); // it was not what is in doubt that was answered
                }
                if (gate.outstanding == 0) {
                    gate.idleSince = now;
                    if (gate.listening.takesBack() && gate.rule.reparks() && gate.rule.enforced()) {
                        gatekeeper.relieved(socket);
                    }
                    if (gate.stage == Stage.RESPONSE) {
                        gate.enter(Stage.IDLE, now);
                    }
                }
            }
            case OTHER -> {
                if (gate.responses().status() == 101 || gate.responses().answersConnect) {
                    gatekeeper.letPass(socket); // another protocol
                }
                gate.responsesKnown = false;
            }
            default -> {
            }
        }
    }

    /** What is asked for is long if its response is. */
    private static void expectLength(Gate gate, long length) {
        if (gate.answering != 0 && length > gate.rule.absorbBytes()) {
            gate.listening.longRequests.learn(gate.answering);
            gate.isLong = true;
        }
    }

    /** Until one is short that is whole: of a large file anybody may ask for a part. */
    private static void isWhole(Gate gate) {
        long length = gate.parsedOut - Math.max(gate.bodyAt, gate.responseAt); // one without a body has no place where it begins
        if (gate.responses().status() == 200 && length <= gate.rule.absorbBytes()) {
            gate.listening.longRequests.forget(gate.answering);
        }
    }

    /** The first bytes of the server say what the listener speaks. */
    private void learn(RelayedSocket socket, Gate gate, int waiting) {
        Listening listening = gate.listening;
        if (listening.kind != Kind.UNKNOWN && listening.kind != Kind.OTHER) {
            return;
        }
        int n = Math.min(waiting, 4);
        socket.outward.look(0, bytes, n);
        boolean page = n > 0 && bytes[0] == '<' && gate.watch == Watch.NOTHING; // how web servers answer what is no request: of HTTP/0.9, without a head
        boolean http = n == 4 && (bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]) == HTTP_ANSWER;
        Kind before = listening.kind;
        if (socket.inward.moved() == 0) {
            listening.kind = http ? Kind.HTTP : Kind.SERVER; // an HTTP server that tells a silent client of its time-out
        } else if (before == Kind.OTHER) {
            listening.kind = http && gate.asksInHttp ? Kind.HTTP : before; // whatever answered as it did before
        } else if (!page && (http || gate.watch != Watch.HTTP)) { // an answer of HTTP/0.9 says nothing, whoever gets it
            listening.kind = http ? Kind.HTTP : bytes[0] == TlsHello.HANDSHAKE && n > 1 && bytes[1] == 3 ? Kind.TLS : Kind.OTHER;
        }
        listening.mixed |= listening.kind == Kind.OTHER;
        if (listening.kind != before) {
            kindChanged.run();
        }
    }
}
