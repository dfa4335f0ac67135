package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** When connections are taken back from an application as soon as they are idle. */
class ListeningTest {
    private static final long MILLISECOND = 1_000_000L;
    private static final int SWEEP = 50;
    private final Listening listening = new Listening(new IdlePeers().opening());
    private long now = System.nanoTime();

    /** A sweep finds so many that wait, and idle connections or none. */
    private void sweep(int unread, boolean idle) {
        now += SWEEP * MILLISECOND;
        listening.beginCount();
        listening.countedUnread = unread;
        listening.countedOpen = unread;
        listening.endCount(now, false);
        if (unread > 0 && idle) {
            listening.isKept(now);
        }
    }

    private int takingOf(int sweeps, int unread) {
        int taking = 0;
        for (int i = 0; i < sweeps; i++) {
            sweep(unread, true);
            taking += listening.takesBack() ? 1 : 0;
        }
        return taking;
    }

    @Test
    void whoeverWaitsOnceWhileNothingIsIdleTakesNothingBack() {
        sweep(3, false);
        for (int i = 0; i < 8; i++) {
            sweep(0, false);
            assertFalse(listening.takesBack());
        }
    }

    @Test
    void whoeverWaitsTwiceDoesSo() {
        sweep(1, false);
        sweep(0, false);
        sweep(1, false);
        assertTrue(listening.takesBack());
    }

    @Test
    void idleConnectionsWhileSomebodyWaitsAreTakenBackUntilNobodyHasForSeconds() {
        sweep(1, true);
        assertTrue(listening.takesBack());
        for (int i = 0; i < 8; i++) {
            sweep(0, true);
            assertTrue(listening.takesBack());
        }
        takingOf(100, 0);
        assertFalse(listening.takesBack());
    }

    @Test
    void fromTimeToTimeItIsTriedWhatHappensWithoutAndEverMoreSeldom() {
        sweep(1, true);
        int early = 20 - takingOf(20, 1);
        assertTrue(early > 0, "a first trial within a second");
        int late = 0;
        for (int minute = 0; minute < 4; minute++) {
            late = 1200 - takingOf(1200, 1);
        }
        assertTrue(late <= 14, late + " sweeps of trials in the fourth minute");
        assertTrue(late > 0, "they go on");
    }

    @Test
    void whereItHelpsNothingIsTried() {
        sweep(1, true);
        for (int i = 0; i < 100; i++) {
            sweep(0, true);
            sweep(0, true);
            listening.waited(now);
            assertTrue(listening.takesBack());
        }
    }

    @Test
    void aTrialThatGoesWellEndsIt() {
        sweep(1, true);
        for (int i = 0; i < 20 && listening.takesBack(); i++) {
            sweep(1, true);
        }
        assertEquals(0, takingOf(40, 0));
    }
}
