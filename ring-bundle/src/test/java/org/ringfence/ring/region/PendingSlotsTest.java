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
import org.ringfence.api.handover.HandoverState;
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

    // ---- order ----

    private void news(PendingSlots setter, int slot) {
        setter.stamp(slot);
        setter.set(slot);
    }

    @Test
    void slotsComeInTheOrderInWhichBytesCameIntoTheirEmptyRings() {
        PendingSlots setter = side(65536);
        PendingSlots taker = side(65536);
        java.util.Random random = new java.util.Random(1);
        for (int round = 0; round < 100; round++) {
            int[] slots = random.ints(0, 65536).distinct().limit(1 + random.nextInt(200)).toArray();
            for (int slot : slots) {
                news(setter, slot);
            }
            for (int slot : slots) {
                assertEquals(slot, taker.take());
                assertFalse(taker.isLate(slot));
            }
            assertEquals(-1, taker.take());
        }
    }

    @Test
    void aSlotKeepsItsPlaceWhenItIsSetAgainWithoutAStamp() {
        PendingSlots setter = side(4096);
        PendingSlots taker = side(4096);
        news(setter, 70);
        news(setter, 3);
        setter.set(70);
        assertEquals(70, taker.take());
        assertEquals(3, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void bytesThatCameAfterTheBatchWasTakenHaveTheirTurnInTheNextOne() {
        PendingSlots setter = side(4096);
        PendingSlots taker = side(4096);
        news(setter, 70);
        news(setter, 3);
        assertEquals(70, taker.take());
        assertTrue(taker.isLate(3), "bytes of a slot whose turn comes after this one's");
        news(setter, 200);
        news(setter, 70);
        assertTrue(taker.isLate(70), "bytes behind those of 200");
        assertEquals(3, taker.take());
        assertFalse(taker.isLate(3));
        assertEquals(200, taker.take());
        assertEquals(70, taker.take());
        assertFalse(taker.isLate(70));
    }

    @Test
    void upToAStampOnlyWhatCameBeforeIsHandedOut() {
        PendingSlots setter = side(4096);
        PendingSlots taker = side(4096);
        news(setter, 70);
        news(setter, 3);
        news(setter, 200);
        assertTrue(taker.find(2));
        assertEquals(70, taker.take(2));
        assertEquals(3, taker.take(2));
        assertEquals(-1, taker.take(2));
        assertFalse(taker.find(2));
        assertTrue(taker.any());
        assertEquals(200, taker.take());
    }

    @Test
    void whateverTheStampsAreEverySlotIsHandedOutOnce() {
        java.util.Random random = new java.util.Random(7);
        long[] values = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, random.nextLong(), random.nextLong()};
        for (int round = 0; round < 50; round++) {
            PendingSlots taker = side(4096);
            BitSet taken = new BitSet();
            for (int slot = 0; slot < 4096; slot++) {
                Words.setOpaque(memory, STAMPS + slot * SlotLayout.BYTES, values[random.nextInt(values.length)]);
                taker.set(slot);
            }
            for (int i = 0, slot; i < 5000 && (slot = taker.take()) >= 0; i++) {
                assertFalse(taken.get(slot), "slot " + slot + " was taken twice");
                taken.set(slot);
                Words.setOpaque(memory, COUNT, values[random.nextInt(values.length)]);
            }
            assertEquals(4096, taken.cardinality());
            assertFalse(taker.any());
        }
    }

    @Test
    void aSlotWhoseStampIsAheadOfTheCountIsHandedOutBehindTheOthersAndNoLater() {
        PendingSlots taker = side(4096);
        Words.setOpaque(memory, STAMPS + 5 * SlotLayout.BYTES, Long.MAX_VALUE);
        taker.set(5);
        news(side(4096), 9);
        assertEquals(9, taker.take());
        assertEquals(5, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void whatWasTakenAndNotHandedOutGoesToTheNextVersionInItsOrder() {
        PendingSlots setter = side(4096);
        PendingSlots old = side(4096);
        news(setter, 70);
        news(setter, 200);
        news(setter, 3);
        assertEquals(70, old.take());
        PendingSlots next = side(4096).from(old.handOver());
        assertTrue(next.any());
        assertEquals(200, next.take());
        assertTrue(next.isLate(3) || next.take() == 3);
        assertEquals(-1, old.take());
    }

    @Test
    void aSlotThatIsToGoOnIsHandedOutInTheNextTurn() {
        PendingSlots taker = side(4096);
        for (int round = 0; round < 3; round++) {
            for (int slot = 0; slot < 100; slot++) {
                taker.again(slot);
            }
            taker.again(99); // as well as by another flow of the slot
            news(side(4096), 200);
            assertEquals(200, taker.take());
            assertEquals(-1, taker.take());
            assertTrue(taker.any(), "the turn would sleep");
            taker.nextTurn();
            for (int slot = 0; slot < 100; slot++) {
                assertEquals(slot, taker.take());
                assertFalse(taker.isLate(slot));
            }
            assertEquals(-1, taker.take());
            assertFalse(taker.any());
            taker.nextTurn();
            assertEquals(-1, taker.take());
        }
    }

    @Test
    void aSlotThatIsToGoOnDoesSoInTheNextVersion() {
        PendingSlots old = side(4096);
        old.again(70);
        PendingSlots next = side(4096).from(old.handOver());
        assertTrue(next.any());
        assertEquals(70, next.take());
        assertEquals(-1, old.take());
        assertFalse(old.any());
    }

    @Test
    void whatAVersionWithoutOrderHadTakenIsHandedOut() {
        side(65536).set(4096 + 64 * 3 + 1); // the leaf that its summary, which it has taken, tells of
        Words.setOpaque(memory, AT + PendingLayout.SUMMARY + 8, 0L);
        PendingSlots taker = side(65536).from(new HandoverState("pending", 1).put("summaryIndex", 1).put("summary", 1L << 3)
                .put("leafIndex", 2).put("leaf", 1L << 7));
        assertEquals(64 * 2 + 7, taker.take());
        assertEquals(4096 + 64 * 3 + 1, taker.take());
        assertEquals(-1, taker.take());
    }

    @Test
    void whoTakesWhileAnotherWritesSeesTheWritersOrder() throws InterruptedException {
        int slots = 4096;
        int rounds = 3000;
        java.util.concurrent.atomic.AtomicReference<int[]> asked = new java.util.concurrent.atomic.AtomicReference<>();
        Thread writer = new Thread(() -> {
            PendingSlots setter = side(slots);
            for (int round = 0; round < rounds; round++) {
                int[] order;
                while ((order = asked.getAndSet(null)) == null) {
                    Thread.onSpinWait();
                }
                for (int slot : order) {
                    news(setter, slot);
                }
            }
        });
        writer.start();
        PendingSlots taker = side(slots);
        java.util.Random random = new java.util.Random(3);
        for (int round = 0; round < rounds; round++) {
            int[] order = random.ints(0, slots).distinct().limit(1 + random.nextInt(20)).toArray();
            asked.set(order);
            for (int i = 0; i < order.length; ) {
                int slot = taker.take();
                if (slot >= 0 && !taker.isLate(slot)) {
                    assertEquals(order[i++], slot, "round " + round);
                }
            }
        }
        writer.join();
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
