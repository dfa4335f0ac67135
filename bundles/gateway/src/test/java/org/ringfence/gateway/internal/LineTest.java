package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.HoldRule;

/** When it is time to look who waits in a line. */
class LineTest {
    private static final long MILLISECOND = 1_000_000L;

    private final IdlePeers peers = new IdlePeers();
    private final Listening listening = new Listening(peers.opening());
    private final long given = System.nanoTime() + 1000 * MILLISECOND;

    @BeforeEach
    void oneStandsInLine() {
        RelayedSocket socket = peers.connected();
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, listening, given);
        socket.gate.offeredAt = given;
        listening.line.add(socket);
    }

    @Test
    void theFirstIsDueAfterTenMillisecondsAndTheLoopSleepsNoLonger() {
        assertEquals(6, listening.line.patience(given + 4 * MILLISECOND, 50));
        assertEquals(2, listening.line.patience(given + 4 * MILLISECOND, 2));
        assertFalse(listening.line.isDue(given + 9 * MILLISECOND));
        assertTrue(listening.line.isDue(given + 10 * MILLISECOND));
    }

    @Test
    void anApplicationThatIsHeardOfIsGivenTenMillisecondsMore() {
        peers.application.lastNews = given + 5 * MILLISECOND;
        assertEquals(7, listening.line.patience(given + 8 * MILLISECOND, 50));
        assertFalse(listening.line.isDue(given + 14 * MILLISECOND));
        assertTrue(listening.line.isDue(given + 15 * MILLISECOND));
    }

    @Test
    void itIsLookedEveryTenMillisecondsAndNotAtOnceAgain() {
        listening.relievedAt = given + 10 * MILLISECOND;
        assertEquals(10, listening.line.patience(given + 10 * MILLISECOND, 50));
        assertFalse(listening.line.isDue(given + 19 * MILLISECOND));
    }

    @Test
    void whoHasWaitedForLongIsTheSweeps() {
        assertEquals(50, listening.line.patience(given + 201 * MILLISECOND, 50));
        assertFalse(listening.line.isDue(given + 201 * MILLISECOND));
    }

    @Test
    void whoIsGoneIsInLineNoMore() {
        assertEquals(0, listening.line.late(given + 20 * MILLISECOND));
        assertFalse(listening.line.isDue(given + 20 * MILLISECOND));
    }
}
