package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Stage;

/** Whether an application is busy with a stream, of which nobody knows what is asked in it. */
class BusyTest {
    private static final long SECOND = 1_000_000_000L;

    private final Gate gate = new Gate(new HttpReaders());
    private final Listening listening = new Listening(new IdlePeers().opening());

    @BeforeEach
    void aStreamHasBeenRead() {
        gate.begin(HoldRule.NONE, listening, 0);
        gate.enter(Stage.STREAM, 0);
        gate.read = true;
    }

    @Test
    void itIsWhileBytesMoveInEitherDirection() {
        gate.lastIn = 10 * SECOND;
        assertTrue(gate.isBusy(0, 11 * SECOND));
        gate.lastOut = 12 * SECOND;
        assertTrue(gate.isBusy(0, 13 * SECOND));
    }

    @Test
    void aSilentOneKeepsNobody() {
        gate.lastIn = 10 * SECOND;
        gate.lastOut = 10 * SECOND;
        assertFalse(gate.isBusy(0, 13 * SECOND));
    }

    @Test
    void itIsWhileBytesWaitForItOrForItsClient() {
        assertTrue(gate.isBusy(1, 13 * SECOND));
        gate.outWaiting = 1;
        assertTrue(gate.isBusy(0, 13 * SECOND));
    }

    @Test
    void oneThatRestsIsNotCounted() {
        listening.rests(gate, 0, 13 * SECOND);
        listening.beginCount();
        assertEquals(0, listening.countedBusy);
    }
}
