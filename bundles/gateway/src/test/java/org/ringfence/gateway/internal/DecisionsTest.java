package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Stage;

/** What bounds have decided of a connection is carried out a turn later, if nothing has become of it. */
class DecisionsTest {
    private final IdlePeers peers = new IdlePeers();
    private final Listening listening = new Listening(peers.opening());
    /** What was told of decisions; they are only observed. */
    private final List<Object> told = new ArrayList<>();
    private final List<Object> measures = new ArrayList<>();
    private final PolicyChain observing = (PolicyChain) Proxy.newProxyInstance(PolicyChain.class.getClassLoader(), new Class<?>[] {PolicyChain.class},
            (proxy, method, arguments) -> method.getName().equals("decided") ? !(told.add(arguments[2]) && measures.add(arguments[1])) : null);
    private final Gatekeeper gatekeeper = new Gatekeeper(IdlePeers.NO_SERVICES, null, null);
    private final Bounds bounds = new Bounds(new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return null;
        }

        @Override
        public PolicyChain policies() {
            return observing;
        }
    }, peers.table, null, gatekeeper, null);
    private final RelayedSocket socket = held(1);

    private RelayedSocket held(long id) {
        RelayedSocket held = peers.connected();
        held.gate = new Gate(new HttpReaders());
        held.gate.begin(HoldRule.NONE, listening, 0);
        held.gate.enter(Stage.HEAD, 0);
        held.gated = true;
        held.id = id;
        return held;
    }

    private void turn() {
        while (bounds.hasDecisions()) {
            bounds.decideSome();
        }
    }

    @Test
    void aDecisionIsCarriedOutInATurnSoonAndOnce() {
        bounds.decideOnce(socket, () -> "slow");
        bounds.decideOnce(socket, () -> "slow again");
        assertTrue(bounds.hasDecisions());
        assertEquals(List.of(), told);
        turn();
        assertEquals(List.of("slow"), told);
        bounds.decideOnce(socket, () -> "slow as ever");
        assertFalse(bounds.hasDecisions());
    }

    @Test
    void whoHasShownHisRequestMeanwhileStaysAndCanBeChosenAgain() {
        bounds.decideOnce(socket, () -> "slow");
        socket.gate.offered = true;
        turn();
        assertEquals(List.of(), told);
        bounds.decideOnce(socket, () -> "takes nothing");
        turn();
        assertEquals(List.of("takes nothing"), told);
    }

    @Test
    void whoHasGoneOnToAnotherStageStays() {
        bounds.decideOnce(socket, () -> "slow");
        socket.gate.enter(Stage.BODY, 1);
        turn();
        assertEquals(List.of(), told);
    }

    @Test
    void whoWasClosedMeanwhileHasHisLastBytesSent() {
        bounds.decideOnce(socket, () -> "slow");
        socket.closing = true;
        turn();
        assertEquals(List.of(), told);
    }

    /** A connection is held since {@code second}, with so many bytes of what it is at. */
    private RelayedSocket heldAt(Stage stage, long second, int bytes) {
        RelayedSocket held = held(10 + peers.table.rows().size());
        held.gate.enter(stage, second * 1_000_000_000L);
        held.gate.stageBytes = bytes;
        return held;
    }

    @Test
    void whoHasShownNoRequestGoesBeforeWhoWasAnsweredAndWhoWaitsForAnAnswerGoesLast() {
        gatekeeper.beginTurn();
        long now = gatekeeper.now() / 1_000_000_000L;
        RelayedSocket waits = heldAt(Stage.RESPONSE, now - 1, 0);
        RelayedSocket answered = heldAt(Stage.IDLE, now - 20, 0);
        RelayedSocket slowHead = heldAt(Stage.HEAD, now - 50, 1);
        RelayedSocket slowBody = heldAt(Stage.BODY, now - 10, 500);
        RelayedSocket quickHead = heldAt(Stage.HEAD, now, 300);
        RelayedSocket newcomer = heldAt(Stage.SILENT, now, 0);
        RelayedSocket upload = heldAt(Stage.BODY, now - 10, 100_000);
        RelayedSocket silent = heldAt(Stage.SILENT, now - 5, 0);
        List<RelayedSocket> order = new ArrayList<>(List.of(waits, answered, upload, newcomer, quickHead, slowBody, slowHead, silent));
        order.sort(bounds.slowestFirst);
        assertEquals(List.of(silent, slowHead, slowBody, answered, newcomer), order.subList(0, 5));
        assertEquals(waits, order.get(7));
    }

    @Test
    void whoWasAnsweredAndWaitsForNothingIsClosedAndNotReset() {
        socket.gate.enter(Stage.IDLE, 0);
        bounds.decideOnce(socket, () -> "many");
        turn();
        assertEquals(List.of(Measure.REFUSE), measures);
    }

    @Test
    void anotherConnectionInTheSameRowIsNotMeant() {
        bounds.decideOnce(socket, () -> "slow");
        socket.id = 2;
        turn();
        assertEquals(List.of(), told);
    }
}
