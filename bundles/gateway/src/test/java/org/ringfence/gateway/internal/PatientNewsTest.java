package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Stage;

/** Whose news waits until others had their turn. */
class PatientNewsTest {
    private static final long LATER = PatientNews.AFTER_NANOSECONDS + 1;
    private final IdlePeers peers = new IdlePeers();
    private final Listening listening = new Listening(peers.opening());
    private final PatientNews news = new PatientNews();

    private RelayedSocket held(Stage stage) {
        RelayedSocket socket = peers.connected();
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, listening, 0);
        socket.gate.enter(stage, 0);
        socket.gated = true;
        return socket;
    }

    @Test
    void aHeldRequestThatHasTakenLongWaitsInItsOrderAndOnce() {
        RelayedSocket head = held(Stage.HEAD);
        RelayedSocket body = held(Stage.BODY);
        assertTrue(news.putOff(head, LATER));
        assertTrue(news.putOff(body, LATER));
        assertTrue(news.putOff(head, LATER));
        assertSame(head, news.next());
        assertSame(body, news.next());
        assertNull(news.next());
    }

    @Test
    void itWaitsAgainWhenItHadItsTurn() {
        RelayedSocket head = held(Stage.HEAD);
        news.putOff(head, LATER);
        news.next();
        assertTrue(news.putOff(head, LATER));
        assertFalse(news.isEmpty());
    }

    @Test
    void aRequestThatHasJustBegunDoesNotWait() {
        assertFalse(news.putOff(held(Stage.HEAD), PatientNews.AFTER_NANOSECONDS));
        assertTrue(news.isEmpty());
    }

    @Test
    void whoIsBetweenTwoRequestsDoesNotWait() {
        assertFalse(news.putOff(held(Stage.IDLE), LATER));
    }

    @Test
    void whatTheApplicationHasDoesNotWait() {
        RelayedSocket offered = held(Stage.BODY);
        offered.gate.offered = true;
        assertFalse(news.putOff(offered, LATER));
    }

    @Test
    void whatIsNotHeldAtAllDoesNotWait() {
        assertFalse(news.putOff(peers.connected(), LATER));
    }
}
