package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.system.Geometry;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** Connections that are still for a while give the memory of their rings back, and lose nothing by it. */
class IdleRingsTest {
    private static final int ENOUGH_LOOKS = 7;
    private static final byte WRITTEN = 77;
    private final TestRegions regions = new TestRegions();
    private final MappedRegion region = regions.application;
    private final int slot = region.openSlot(2, 1, 0);

    @AfterEach
    void close() {
        regions.close();
    }

    private int place(long grant) {
        return region.poolAt() + Grant.page(grant) * Grant.PAGE_BYTES;
    }

    private long used(Direction direction) {
        return region.grants(direction).used(slot);
    }

    /** So many bytes have gone through a ring, and nothing is left in it. */
    private void passed(Direction direction, long bytes) {
        RingOffsets words = RingOffsets.of(direction);
        region.memory.put(place(used(direction)), WRITTEN);
        Words.setRelease(region.memory, region.at(slot) + words.tail(), bytes);
        Words.setRelease(region.memory, region.at(slot) + words.head(), bytes);
        region.used(slot);
    }

    private void look() {
        region.lookForIdleRings();
        region.restIdleRings(System.nanoTime() + 10_000_000_000L);
    }

    private void rest() {
        for (int i = 0; i < ENOUGH_LOOKS; i++) {
            look();
        }
    }

    private long granted(Direction direction) {
        return Words.getAcquire(region.memory, region.at(slot) + RingOffsets.of(direction).grant());
    }

    @Test
    void aRingOfTheGatewaysOwnIsGivenBackInPlace() {
        long before = used(Direction.IN);
        passed(Direction.IN, 100);
        rest();
        assertEquals(before, granted(Direction.IN));
        assertEquals(0, region.memory.get(place(before)));
    }

    @Test
    void aPeersRingIsGivenBackWhenAnotherWasGrantedInItsPlace() {
        long before = used(Direction.OUT);
        passed(Direction.OUT, 100);
        rest();
        assertNotEquals(before, granted(Direction.OUT));
        assertEquals(RingGrants.PEERS_ORDER, Grant.order(granted(Direction.OUT)));
        assertEquals(0, region.memory.get(place(before)));
    }

    @Test
    void aPeerThatIsAtItsRingKeepsWhatItHasWritten() {
        long before = used(Direction.OUT);
        passed(Direction.OUT, 100);
        Words.setIntRelease(region.memory, region.at(slot) + SlotLayout.OUT_BUSY, 1);
        rest();
        assertEquals(WRITTEN, region.memory.get(place(before)));
    }

    @Test
    void aRingThatAPeerIsToLeaveGivesItsMemoryBackThoughThePeerNeverDoes() {
        long before = used(Direction.OUT);
        region.grants(Direction.OUT).growTo(slot, 40_000);
        passed(Direction.OUT, 100);
        rest();
        assertNotEquals(before, used(Direction.OUT));
        assertEquals(granted(Direction.OUT), used(Direction.OUT));
        assertEquals(0, region.memory.get(place(before)));
    }

    @Test
    void aLargeRingOfAPeerIsTheNextOnesWithItsMemoryAfterASecond() {
        region.grants(Direction.OUT).growTo(slot, 200_000);
        assertTrue(region.grants(Direction.OUT).accept(slot, granted(Direction.OUT)));
        long large = used(Direction.OUT);
        passed(Direction.OUT, 100);
        look();
        look();
        assertNotEquals(large, used(Direction.OUT), "though the peer has not said yet that it left it");
        int other = region.openSlot(2, 1, 0);
        region.grants(Direction.OUT).growTo(other, 200_000);
        long next = Words.getAcquire(region.memory, region.at(other) + SlotLayout.OUT_GRANT);
        assertEquals(Grant.page(large), Grant.page(next));
        assertEquals(WRITTEN, region.memory.get(place(next)));
    }

    @Test
    void aPeerThatGoesOnInARingItHasLeftIsFound() {
        passed(Direction.OUT, 100);
        long before = used(Direction.OUT);
        rest();
        assertFalse(region.grants(Direction.OUT).accept(slot, before));
    }

    @Test
    void memoryThatNoRingWantsForSecondsIsGivenBack() {
        region.grants(Direction.OUT).growTo(slot, 200_000);
        assertTrue(region.grants(Direction.OUT).accept(slot, granted(Direction.OUT)));
        long large = used(Direction.OUT);
        passed(Direction.OUT, 100);
        rest();
        rest();
        assertEquals(0, region.memory.get(place(large)));
    }

    @Test
    void aPeerThatLeavesItsRingLateHasItsMemoryGivenBackThen() {
        long before = used(Direction.OUT);
        passed(Direction.OUT, 100);
        Words.setIntRelease(region.memory, region.at(slot) + SlotLayout.OUT_BUSY, 1);
        rest();
        Words.setIntRelease(region.memory, region.at(slot) + SlotLayout.OUT_BUSY, 0);
        look();
        assertEquals(0, region.memory.get(place(before)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSocketOfDatagramsKeepsNoRingThatItWasGrantedBefore(boolean moved) {
        region.openSlot(2, 1, 0); // so that a row for the next one is there
        long before = region.usage().poolUsed();
        for (int i = 0; i < 20; i++) {
            int fresh = region.openSlot(2, 2, 0);
            Words.setIntRelease(region.memory, region.at(fresh) + SlotLayout.OUT_BUSY, 1);
            rest();
            long granted = Words.getAcquire(region.memory, region.at(fresh) + SlotLayout.OUT_GRANT);
            assertNotEquals(granted, region.grants(Direction.OUT).used(fresh), "it is to leave its ring");
            if (moved) {
                Words.setRelease(region.memory, region.at(fresh) + SlotLayout.OUT_USED, granted);
            }
            assertTrue(region.carryDatagrams(fresh));
            region.freeSlot(fresh);
        }
        assertEquals(before, region.usage().poolUsed());
    }

    @Test
    void whoWasKilledAtARingIsNotAtThatOfTheNextSocket() {
        for (MappedRegion one : new MappedRegion[] {regions.application, regions.ins}) {
            int killed = one.openSlot(2, 1, 0);
            Words.setIntRelease(one.memory, one.at(killed) + SlotLayout.OUT_BUSY, 1);
            Words.setIntRelease(one.memory, one.at(killed) + SlotLayout.IN_BUSY, 1);
            one.freeSlot(killed);
            int next = one.openSlot(2, 1, 0);
            while (next != killed) {
                next = one.openSlot(2, 1, 0);
            }
            assertEquals(0, Words.getIntAcquire(one.memory, one.at(next) + SlotLayout.OUT_BUSY));
            assertEquals(0, Words.getIntAcquire(one.memory, one.at(next) + SlotLayout.IN_BUSY));
        }
    }

    @Test
    void bytesThatAreHeldKeepTheirRing() throws ProtocolViolation {
        StreamFlow flow = new StreamFlow(Direction.IN, regions.journal);
        int held = regions.application.openSlot(2, 1, 0);
        int from = regions.ins.openSlot(2, 1, 0);
        flow.bind(0, regions.application, held, regions.ins, from);
        flow.release(0);
        new FarProducer(regions.ins, from, RingOffsets.IN).produce(2);
        assertEquals(2, flow.move());
        region.memory.put(place(region.grants(Direction.IN).used(held)), WRITTEN);
        rest();
        assertEquals(WRITTEN, region.memory.get(place(region.grants(Direction.IN).used(held))));
        flow.release(Long.MAX_VALUE);
        Words.setRelease(region.memory, region.at(held) + SlotLayout.IN_HEAD, 2);
        rest();
        assertEquals(0, region.memory.get(place(region.grants(Direction.IN).used(held))), "they were let go, and read");
    }

    @Test
    void bytesThatWaitKeepTheirRing() {
        passed(Direction.IN, 100);
        passed(Direction.OUT, 100);
        Words.setRelease(region.memory, region.at(slot) + SlotLayout.IN_HEAD, 99);
        Words.setRelease(region.memory, region.at(slot) + SlotLayout.OUT_HEAD, 99);
        long before = used(Direction.OUT);
        rest();
        assertEquals(WRITTEN, region.memory.get(place(used(Direction.IN))));
        assertEquals(WRITTEN, region.memory.get(place(before)));
        assertEquals(before, granted(Direction.OUT));
    }

    @Test
    void aConnectionThatIsNotStillKeepsItsRings() {
        for (int i = 1; i <= 3 * ENOUGH_LOOKS; i++) {
            passed(Direction.IN, i);
            passed(Direction.OUT, i);
            look();
        }
        assertEquals(WRITTEN, region.memory.get(place(used(Direction.IN))));
        assertEquals(used(Direction.OUT), granted(Direction.OUT));
    }

    @Test
    void aPeerGoesOnInTheRingItWasGranted() {
        passed(Direction.OUT, 100);
        long before = used(Direction.OUT);
        rest();
        long next = granted(Direction.OUT);
        assertFalse(region.grants(Direction.OUT).accept(slot, before + (1L << 48)), "a ring that was never granted");
        assertTrue(region.grants(Direction.OUT).accept(slot, next));
        assertEquals(next, used(Direction.OUT));
        region.memory.put(place(next), WRITTEN);
        look();
        assertEquals(WRITTEN, region.memory.get(place(next)), "the first look after it begins the count anew");
    }

    @Test
    void whatAPeerWritesWhileItsRingIsTakenBackStays() throws Exception {
        SharedMemory memory = TestRegions.SYSTEM.createRegion("test-c", new Geometry(1, TestRegions.SLOTS, TestRegions.COMMANDS, TestRegions.CELLS, 16 << 20), 3);
        LongConsumer[] punched = {offset -> { }};
        SharedMemory watched = (SharedMemory) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {SharedMemory.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("punch")) {
                punched[0].accept((Long) arguments[0]);
            }
            return method.invoke(memory, arguments);
        });
        TestRegions.Application own = new TestRegions.Application(watched);
        try {
            int somebodys = own.openSlot(2, 1, 0);
            int written = own.openSlot(2, 1, 0);
            own.freeSlot(somebodys);
            int ring = own.poolAt() + Grant.page(own.grants(Direction.OUT).used(written)) * Grant.PAGE_BYTES;
            int inRing = own.poolAt() + Grant.page(own.grants(Direction.IN).used(written)) * Grant.PAGE_BYTES;
            punched[0] = offset -> {
                if (offset != inRing && own.memory.get(ring) != WRITTEN) { // the look found it empty, the other ring is about to be granted
                    own.memory.put(ring, WRITTEN);
                    Words.setRelease(own.memory, own.at(written) + SlotLayout.OUT_TAIL, 1);
                }
            };
            for (int i = 0; i < ENOUGH_LOOKS; i++) {
                own.lookForIdleRings();
                own.restIdleRings(System.nanoTime() + 10_000_000_000L);
            }
            assertEquals(WRITTEN, own.memory.get(ring));
        } finally {
            own.close();
        }
    }

    @Test
    void aRingThatWasWantedAgainKeepsItsMemoryForLonger() {
        passed(Direction.IN, 100);
        rest();
        passed(Direction.IN, 200);
        rest();
        assertEquals(WRITTEN, region.memory.get(place(used(Direction.IN))), "who comes every ten seconds finds it");
        for (int i = 0; i < 2 * ENOUGH_LOOKS; i++) {
            look();
        }
        assertEquals(0, region.memory.get(place(used(Direction.IN))), "and in the end it is given back");
    }

    @Test
    void aLookThatTakesTooLongGoesOnLater() {
        int other = region.openSlot(2, 1, 0);
        region.memory.put(place(region.grants(Direction.IN).used(other)), WRITTEN);
        passed(Direction.IN, 100);
        int looks = 0;
        while (region.memory.get(place(used(Direction.IN))) == WRITTEN && looks++ < ENOUGH_LOOKS) {
            region.lookForIdleRings();
            region.restIdleRings(System.nanoTime());
        }
        assertEquals(WRITTEN, region.memory.get(place(region.grants(Direction.IN).used(other))), "there was time for one only");
        region.restIdleRings(System.nanoTime());
        assertEquals(0, region.memory.get(place(region.grants(Direction.IN).used(other))), "the same look goes on");
    }
}
