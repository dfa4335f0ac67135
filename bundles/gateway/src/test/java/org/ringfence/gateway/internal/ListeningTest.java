package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** When connections are taken back from an application as soon as they are idle. */
class ListeningTest {
    private static final long MILLISECOND = 1_000_000L;
    private static final int SWEEP = 100;
    private final IdlePeers peers = new IdlePeers();
    private final Listening listening = new Listening(peers.opening());
    private long now = System.nanoTime();
    /** Connections that the application has. */
    private int served = 1;

    /** A sweep finds so many that wait, and idle connections or none. */
    private void sweep(int unread, boolean idle) {
        sweep(unread, idle, false);
    }

    private void sweep(int unread, boolean idle, boolean full) {
        now += SWEEP * MILLISECOND;
        listening.beginCount();
        listening.countedUnread = unread;
        listening.countedOpen = unread + served;
        listening.endCount(now, full);
        if (unread > 0 && idle) {
            listening.mayBeKept(now);
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
        int early = 10 - takingOf(10, 3);
        assertTrue(early > 0, "a first trial within a second");
        int late = 0;
        for (int minute = 0; minute < 4; minute++) {
            late = 600 - takingOf(600, 3);
        }
        assertTrue(late <= 7, late + " sweeps of trials in the fourth minute");
        assertTrue(late > 0, "they go on");
    }

    @Test
    void idleConnectionsOfASilentApplicationEndATrial() {
        takingOf(6, 1);
        assertTrue(listening.takesBack());
        sweep(1, true);
        assertFalse(listening.takesBack(), "a trial");
        listening.waited(now);
        assertTrue(listening.takesBack());
    }

    @Test
    void anApplicationWithoutConnectionsBeginsAnew() {
        sweep(1, true);
        served = 0;
        sweep(0, false);
        assertFalse(listening.takesBack());
    }

    @Test
    void whereItHelpsNothingIsTried() {
        sweep(1, true);
        for (int i = 0; i < 300; i++) {
            sweep(i % 30 == 0 ? 1 : 0, true); // one now and then
            assertTrue(listening.takesBack());
        }
    }

    @Test
    void aTrialThatGoesWellEndsIt() {
        sweep(3, true);
        for (int i = 0; i < 20 && listening.takesBack(); i++) {
            sweep(3, true);
        }
        assertEquals(0, takingOf(20, 0));
    }

    @Test
    void whatIsHeldOrWaitsForClientsIsPressureAndNoOverload() {
        for (int i = 0; i < 30; i++) {
            sweep(0, false, true);
        }
        assertEquals(2, listening.pressure());
        assertEquals(0, listening.overload());
    }

    @Test
    void severalWhoWaitForTheApplicationAreBoth() {
        for (int i = 0; i < 30; i++) {
            sweep(4, false);
        }
        assertEquals(2, listening.pressure());
        assertEquals(2, listening.overload());
    }

    @Test
    void whatATrialHasShownIsRemembered() {
        for (int hiccups = 0; hiccups < 10; hiccups++) {
            int taking = takingOf(9, 3);
            assertTrue(taking <= 6, taking + " sweeps after " + hiccups + " trials that went well");
            assertEquals(0, takingOf(20, 0));
        }
    }

    private boolean isCrowded(int insSlots, int applicationSlots) {
        peers.insSlots = insSlots;
        peers.applicationSlots = applicationSlots;
        return listening.isCrowded();
    }

    @Test
    void whereFewSlotsAreLeftWhoHasMoreOfThemIsCrowdedAndNobodyElse() {
        assertFalse(isCrowded(56, 56), "an eighth is left");
        assertTrue(isCrowded(57, 50));
        assertTrue(isCrowded(57, 8));
        assertFalse(isCrowded(57, 7), "others have taken the slots, and as many are left as it has");
        assertTrue(isCrowded(63, 2));
        assertTrue(isCrowded(57, 57), "its own region is nearly full");
    }
}
