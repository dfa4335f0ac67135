package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.SocketState;

/** Slots of a region, and its tables, which have rows for those that were ever open. */
class SlotsTest {
    private static final int SLOTS = 4096;
    private final TestRegions regions = new TestRegions(SLOTS, 128 << 20);

    @AfterEach
    void close() {
        regions.close();
    }

    private int open() {
        return regions.application.openSlot(2, 1, 6);
    }

    private void openMany(int count) {
        for (int i = 0; i < count; i++) {
            assertTrue(open() >= 0);
        }
    }

    @Test
    void tablesGrowWithTheSlotsThatAreOpenAtOnce() {
        int first = regions.application.rows();
        long bytes = regions.application.heapBytes();
        for (int i = 0; i < 3 * first; i++) {
            regions.application.freeSlot(open());
        }
        assertEquals(first, regions.application.rows());
        openMany(first + 1);
        assertEquals(2 * first, regions.application.rows());
        assertTrue(regions.application.heapBytes() > bytes);
    }

    @Test
    void everySlotCanBeOpenAtOnceAndNoneTwice() {
        BitSet seen = new BitSet();
        for (int slot; (slot = open()) >= 0; ) {
            assertFalse(seen.get(slot));
            seen.set(slot);
        }
        assertEquals(SLOTS, seen.cardinality());
        assertEquals(SLOTS, regions.application.openSlots());
        regions.application.freeSlot(4000);
        assertEquals(4000, open());
    }

    @Test
    void whatIsKnownOfASlotStaysWhenTablesGrow() {
        int slot = open();
        int generation = regions.application.generation(slot);
        regions.application.connected(slot);
        regions.application.endOfFile(slot);
        openMany(2 * regions.application.rows());
        assertTrue(regions.application.isOpen(slot, generation));
        assertTrue(regions.application.isFlowing(slot));
        assertEquals(SocketState.IN_EOF, regions.application.marks(slot));
    }

    @Test
    void aSlotBeyondTheTablesIsNotOpenWhateverAPeerSaysOfIt() {
        assertFalse(regions.application.isOpen(SLOTS - 1, 1));
        assertFalse(regions.application.isOpen(SLOTS, 1));
        assertFalse(regions.application.isOpen(-1, 1));
        regions.application.pendingToBackend().set(SLOTS - 1);
        assertEquals(SLOTS - 1, regions.application.takePending());
        assertEquals(-1, regions.application.takePending());
        assertEquals(0, regions.application.generation(SLOTS - 1));
    }

    @Test
    void noSlotIsOpenedWhenTheHeapHasNoRoomForItsRow() {
        regions.application.heap = 100_000; // enough for more pages of the pool
        int first = regions.application.rows();
        openMany(first);
        assertEquals(-1, open());
        assertEquals(first, regions.application.openSlots());
        regions.application.freeSlot(7);
        assertEquals(7, open());
    }

    @Test
    void aVersionThatTakesOverGoesOnWithTheSameSlots() {
        openMany(regions.application.rows() + 3);
        regions.application.freeSlot(5);
        var after = new TestRegions.Application(regions.application.handOver());
        assertEquals(regions.application.rows(), after.rows());
        assertEquals(5, after.openSlot(2, 1, 6));
        assertEquals(1027, after.openSlot(2, 1, 6));
        assertEquals(1028, after.openSlots());
    }

    @Test
    void aVersionThatTakesOverFromOneWithFullTablesOpensFreedSlotsFirst() {
        int[] generation = new int[SLOTS];
        generation[0] = 1;
        generation[1] = 2;
        generation[2] = 1;
        HandoverState before = new HandoverState("region", 1).put("generation", generation).put("highWater", 3)
                .put("free", new int[] {4, 3, 1, 0}).put("freeCount", 3);
        Slots after = new Slots(SLOTS, before);
        assertEquals(2, after.openCount());
        assertEquals(1, after.next());
        assertEquals(3, after.open());
        assertEquals(3, after.next());
        assertEquals(SLOTS, after.rows());
    }
}
