package org.ringfence.gateway.internal;

import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Stage;
import org.ringfence.gateway.internal.Gate.Watch;
import org.ringfence.gateway.internal.HttpReader.Event;

/**
 * Follows the requests of those who have come from outside: which of them the application may see, now, as they come, or when it is their turn. Event
 * loop's thread only.
 */
final class Requests {
    private final Gatekeeper gatekeeper;
    private final Services services;
    private final Restraint restraint;

    Requests(Gatekeeper gatekeeper, Services services, Restraint restraint) {
        this.gatekeeper = gatekeeper;
        this.services = services;
        this.restraint = restraint;
    }

    /** Something was read of a request, or all of it. */
    void read(RelayedSocket socket, Gate gate, Event event) {
        switch (event) {
            case HEAD -> {
                requested(socket, gate);
                gate.doubt(gate.requests().isLoose(), socket.bytesOut());
                gate.streaming = gate.requests().fields.expectsContinue || gate.requests().contentLength() > gate.rule.bodyBytes();
                if (gate.streaming && !mustWait(socket, gate)) {
                    gate.expectAnswer(socket);
                }
                gate.enter(Stage.BODY, gatekeeper.now());
            }
            case MESSAGE -> {
                if (gate.stage == Stage.HEAD) {
                    requested(socket, gate);
                    gate.doubt(gate.requests().isLoose(), socket.bytesOut());
                } else if (gatekeeper.now() != gate.stageSince) {
                    gate.listening.bodyRates.add((long) ((gate.parsed - gate.sentFrom) * 1e9 / (gatekeeper.now() - gate.stageSince)));
                }
                if (gate.waits || !gate.streaming && mustWait(socket, gate)) {
                    gate.enter(Stage.RESPONSE, gatekeeper.now());
                } else {
                    completed(socket, gate);
                }
            }
            case OTHER -> {
                if (gate.listening.speaksHttpAlone() && !gate.requests().isSimple()) {
                    gate.watch = Watch.EMPTY_LINE; // whatever it is to the server, it is read up to there
                    gate.lineEmpty = gate.requests().isLineOver();
                } else {
                    gate.answered |= gate.requests().isSimple(); // what is answered may look like anything, and says nothing of the listener
                    gatekeeper.passInDoubt(socket, gate, true);
                }
            }
            case PREFACE -> {
                gate.answered = true; // likewise: servers that speak HTTP/2 mostly speak HTTP/1 as well
                gate.watch = Watch.PREFACE;
            }
            default -> {
                gate.stageBytes = gate.parsed - gate.messageAt;
                tooLong(socket, gate);
            }
        }
    }

    /** The application may see the whole request. */
    private void completed(RelayedSocket socket, Gate gate) {
        gate.expectAnswer(socket);
        gate.complete = gate.parsed;
        gate.streaming = false;
        gate.requestCount++;
        gate.probe &= !gate.rule.enforced();
        if (gate.outstanding > 0) {
            gate.enter(Stage.RESPONSE, gatekeeper.now());
        } else { // it was answered before its body was over
            gate.idleSince = gatekeeper.now();
            gate.enter(Stage.IDLE, gatekeeper.now());
        }
    }

    /** True if the request keeps a worker for as long as its client likes, and there are enough of those: it waits for its turn. */
    private boolean mustWait(RelayedSocket socket, Gate gate) {
        LongRequests longRequests = gate.listening.longRequests;
        if (gate.probe || !gate.rule.enforced() || !gate.streaming && !longRequests.isLong(gate.requests().target())) {
            return false;
        }
        gate.isLong = true;
        boolean takenBack = gate.rule.reparks() && gate.hasAnswers() && socket.outward.isDrained();
        if (!longRequests.isFull() || gate.offered && !takenBack) {
            longRequests.goesOn();
            return false;
        }
        gate.waits = true;
        longRequests.waits(socket);
        if (gate.offered) {
            gatekeeper.relieved(socket);
        }
        return true;
    }

    /** It is the turn of a request that waited. */
    void goOn(RelayedSocket socket) {
        Gate gate = socket.gate;
        gate.waits = false;
        gate.listening.longRequests.goesOn();
        if (gate.requests().isBetween()) {
            completed(socket, gate);
        } else { // how fast its client is begins to be measured now
            gate.enter(gate.stage, gatekeeper.now());
            gate.sentFrom = gate.parsed;
            gate.lastIn = gatekeeper.now();
            gate.expectAnswer(socket);
        }
        socket.inward.release(gate.shown());
    }

    /** What is longer than the rule has it goes on as it comes. */
    private void tooLong(RelayedSocket socket, Gate gate) {
        int bound = gate.stage == Stage.HEAD ? gate.rule.headBytes() : gate.rule.bodyBytes();
        if (gate.parsed - gate.messageAt > bound && !gate.requests().isBetween() && !gate.waits) {
            boolean begins = !gate.streaming;
            gate.streaming = true;
            if (!begins || !mustWait(socket, gate)) {
                gate.expectAnswer(socket);
            }
        }
    }

    /** A head is complete. */
    private void requested(RelayedSocket socket, Gate gate) {
        gate.listening.headNanoseconds.add(gatekeeper.now() - gate.stageSince);
        PolicyChain policies = services.policies();
        Measure measure = policies == null ? null : policies.request(socket, gate);
        if (measure != null && measure.compareTo(Measure.REFUSE) >= 0) {
            socket.unwanted = measure;
        } else if (measure != null) {
            restraint.apply(socket, measure, gatekeeper.now());
        }
    }
}
