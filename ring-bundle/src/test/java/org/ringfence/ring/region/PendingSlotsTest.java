package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.ringfence.ring.layout.PendingLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

class PendingSlotsTest {
    private static final int COUNT = 0;
    private static final int AT = 64;
    private static final int STAMPS = AT + PendingLayout.BYTES;
    private final ByteBuffer memory = ByteBuffer.allocateDirect(STAMPS + 65536 * SlotLayout.BYTES + 64).alignedSlice(64).order(ByteOrder.nativeOrder());

    private PendingSlots side(int slots) {
        return new PendingSlots(memory, AT, slots, COUNT, STAMPS);
    }

    @Test
    void everySlotThatWasSetIsTakenOnce() {
        PendingSlots setter = side(65536);
        PendingSlots taker = side(65536);
        BitSet expected = new BitSet();
        for (int slot = 0; slot < 65536; slot += 1 + slot % 97) {
            setter.set(slot);
            setter.set(slot); // idempotent
            expected.set(slot);
        }
        BitSet taken = new BitSet();
        for (int slot; (slot = taker.take()) >= 0; ) {
            assertFalse(taken.get(slot), "slot " + slot + " was taken twice");
            taken.set(slot);
        }
        assertEquals(expected, taken);
        assertFalse(taker.any());
    }

    @Test
    void aSlotSetAgainAfterItWasTakenIsTakenAgain() {
        PendingSlots taker = side(64);
        taker.set(63);
        assertEquals(63, taker.take());
        taker.set(63);
        assertTrue(taker.any());
        assertEquals(63, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void whatWasTakenFromTheBitmapButNotHandedOutIsStillNews() {
        PendingSlots taker = side(4096);
        taker.set(1);
        taker.set(2);
        taker.set(4000);
        assertEquals(1, taker.take());
        assertTrue(taker.any());
        assertEquals(2, taker.take());
        assertTrue(taker.any());
        assertEquals(4000, taker.take());
        assertFalse(taker.any());
    }

    @Test
    void slotsBeyondTheRegionsAreNotHandedOut() {
        side(65536).set(64);
        side(65536).set(200);
        side(65536).set(7);
        PendingSlots taker = side(64);
        assertEquals(7, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void aSummaryBitWithoutALeafDoesNoHarm() {
        Words.setOpaque(memory, AT + PendingLayout.SUMMARY, -1L);
        PendingSlots taker = side(4096);
        taker.set(100);
        assertEquals(100, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void aLeafBitWithoutItsSummaryWaitsForTheNextSetter() {
        // A setter killed between its two steps.
        Words.setOpaque(memory, AT + PendingLayout.LEAF, 1L << 5);
        PendingSlots taker = side(64);
        assertEquals(-1, taker.take());
        taker.set(6);
        assertEquals(5, taker.take());
        assertEquals(6, taker.take());
    }

    @Test
    void highSlotsGetTheirTurnWhileLowOnesAreSetAgainAndAgain() {
        PendingSlots taker = side(65536);
        taker.set(0);
        taker.set(60000);
        boolean seen = false;
        for (int i = 0; i < 16 && !seen; i++) {
            seen = taker.take() == 60000;
            taker.set(0);
        }
        assertTrue(seen, "slot 60000 starves");
    }

    @Test
    void aPeerThatSetsSummaryBitsWithoutEndCannotHoldTheTaker() throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch started = new CountDownLatch(1);
        Thread hostile = new Thread(() -> {
            while (!stop.get()) {
                for (int i = 0; i < 16; i++) {
                    Words.setOpaque(memory, AT + PendingLayout.SUMMARY + i * 8, -1L);
                }
                started.countDown();
            }
        });
        hostile.start();
        try {
            started.await();
            PendingSlots taker = side(65536);
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
                for (int i = 0; i < 20_000; i++) {
                    assertEquals(-1, taker.take());
                }
            });
        } finally {
            stop.set(true);
            hostile.join(); // before the memory goes
        }
    }

    @Test
    void nothingIsLostWhileThreadsSetAndOneTakes() throws InterruptedException {
        int slots = 4096;
        int rounds = 200_000;
        // A setter writes the slot's number of news before it sets the bit; the taker reads it after taking the bit.
        AtomicIntegerArray written = new AtomicIntegerArray(slots);
        int[] read = new int[slots];
        Thread[] setters = new Thread[3];
        for (int t = 0; t < setters.length; t++) {
            int seed = t;
            setters[t] = new Thread(() -> {
                PendingSlots setter = side(slots);
                java.util.Random random = new java.util.Random(seed);
                for (int i = 0; i < rounds; i++) {
                    int slot = random.nextInt(slots);
                    written.incrementAndGet(slot);
                    setter.set(slot);
                }
            });
            setters[t].start();
        }
        PendingSlots taker = side(slots);
        while (setters[0].isAlive() || setters[1].isAlive() || setters[2].isAlive()) {
            int slot = taker.take();
            if (slot >= 0) {
                read[slot] = written.get(slot);
            }
        }
        for (Thread setter : setters) {
            setter.join();
        }
        for (int slot; (slot = taker.take()) >= 0; ) {
            read[slot] = written.get(slot);
        }
        for (int slot = 0; slot < slots; slot++) {
            assertEquals(written.get(slot), read[slot], "news of slot " + slot);
        }
    }
}
