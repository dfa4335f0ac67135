package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.layout.Grant;

class RingPoolTest {
    private static final int LARGEST = 1 << Grant.MAX_ORDER;

    private static RingPool pool(int pages) {
        return new RingPool((long) pages * Grant.PAGE_BYTES);
    }

    private static int pagesOf(long grant) {
        return 1 << Grant.order(grant);
    }

    /** Takes rings of an order until none is left. */
    private static List<Long> takeAll(RingPool pool, int order) {
        List<Long> taken = new ArrayList<>();
        for (long grant; (grant = pool.take(order)) != 0; ) {
            taken.add(grant);
        }
        return taken;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 255, 256, 257, 511, 1000, 1023, 4096})
    void everyPageOfAPoolOfAnySizeCanBeTaken(int pages) {
        RingPool pool = pool(pages);
        BitSet seen = new BitSet();
        for (long grant : takeAll(pool, 0)) {
            assertFalse(seen.get(Grant.page(grant)), "page " + Grant.page(grant) + " was given twice");
            seen.set(Grant.page(grant));
        }
        assertEquals(pages, seen.cardinality());
        assertEquals(pages, seen.length());
        assertEquals(0, pool.freePages());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 17, 4711})
    void ringsNeverOverlapAndAllPagesComeBack(long seed) {
        Random random = new Random(seed);
        int pages = 3 * LARGEST + 77;
        RingPool pool = pool(pages);
        BitSet used = new BitSet();
        List<Long> held = new ArrayList<>();
        int exhausted = 0;
        for (int step = 0; step < 200_000; step++) {
            if (random.nextInt(5) < 3 || held.isEmpty()) {
                int order = random.nextInt(Grant.MAX_ORDER + 1);
                long grant = pool.take(order);
                if (grant == 0) {
                    exhausted++;
                    continue;
                }
                int page = Grant.page(grant);
                assertEquals(order, Grant.order(grant));
                assertEquals(0, page % pagesOf(grant), "a ring lies at a multiple of its size");
                assertTrue(page + pagesOf(grant) <= pages, "inside the pool");
                int overlap = used.nextSetBit(page);
                assertTrue(overlap < 0 || overlap >= page + pagesOf(grant), "step " + step + ": page " + overlap + " is in two rings");
                used.set(page, page + pagesOf(grant));
                held.add(grant);
            } else {
                long grant = held.remove(random.nextInt(held.size()));
                used.clear(Grant.page(grant), Grant.page(grant) + pagesOf(grant));
                pool.give(grant);
            }
            assertEquals(pages - used.cardinality(), pool.freePages());
        }
        assertTrue(exhausted > 0, "the test has to reach the end of the pool");
        held.forEach(pool::give);
        assertEquals(pages, pool.freePages());
        assertEquals(3, takeAll(pool, Grant.MAX_ORDER).size(), "largest rings after everything came back");
    }

    @Test
    void buddiesGivenBackInAnyOrderBecomeOneRing() {
        RingPool pool = pool(LARGEST);
        List<Long> pages = takeAll(pool, 0);
        java.util.Collections.shuffle(pages, new Random(5));
        pages.forEach(pool::give);
        assertNotEquals(0, pool.take(Grant.MAX_ORDER));
    }

    @Test
    void aSingleHeldPageKeepsItsBlockFromBecomingOneRing() {
        RingPool pool = pool(LARGEST);
        long page = pool.take(0);
        assertEquals(0, pool.take(Grant.MAX_ORDER));
        assertNotEquals(0, pool.take(Grant.MAX_ORDER - 1));
        pool.give(page);
    }

    @Test
    void anExhaustedPoolGives0() {
        RingPool pool = pool(3);
        takeAll(pool, 0);
        assertEquals(0, pool.take(0));
    }

    @Test
    void theRingGivenBackLastIsTakenFirst() {
        RingPool pool = pool(LARGEST);
        takeAll(pool, 0).stream().filter(grant -> Grant.page(grant) % 2 == 0).limit(10).forEach(pool::give);
        long last = Grant.of(101, 0, 0);
        pool.give(last);
        assertEquals(101, Grant.page(pool.take(0)));
    }

    @Test
    void aRingTakenAgainHasAnEpochOfItsOwn() {
        RingPool pool = pool(1);
        long first = pool.take(0);
        pool.give(first);
        long second = pool.take(0);
        assertEquals(Grant.page(first), Grant.page(second));
        assertNotEquals(first, second);
    }

    @Test
    void largeRingsLeaveTheReserveAlone() {
        RingPool pool = pool(2 * LARGEST);
        pool.reserve(LARGEST);
        assertNotEquals(0, pool.takeLarge(Grant.MAX_ORDER));
        assertEquals(0, pool.takeLarge(2));
        assertEquals(LARGEST, takeAll(pool, 0).size(), "smallest rings come out of the reserve");
    }

    /** A pool whose rings lie in memory that records what is punched out of it. */
    private static RingPool punchedInto(BitSet punched, int pages) {
        return new RingPool((long) pages * Grant.PAGE_BYTES, punchedMemory(punched), 0, more -> true);
    }

    private static SharedMemory punchedMemory(BitSet punched) {
        return (SharedMemory) Proxy.newProxyInstance(RingPoolTest.class.getClassLoader(), new Class<?>[] {SharedMemory.class}, (proxy, method, arguments) -> {
            int page = (int) ((long) arguments[0] / Grant.PAGE_BYTES);
            punched.set(page, page + (int) ((long) arguments[1] / Grant.PAGE_BYTES));
            return null;
        });
    }

    private static void lookFor(RingPool pool, int seconds) {
        for (int i = 0; i < seconds; i++) {
            pool.look();
            assertFalse(pool.cool(System.nanoTime() + 10_000_000_000L), "it is done");
        }
    }

    @Test
    void freePagesThatNobodyWantsGiveTheirMemoryBackOnce() {
        BitSet punched = new BitSet();
        RingPool pool = punchedInto(punched, 3 * LARGEST + 7);
        List<Long> taken = takeAll(pool, 3);
        taken.stream().limit(40).forEach(pool::give);
        lookFor(pool, 8);
        assertEquals(0, pool.warmPages());
        taken.stream().limit(40).forEach(grant -> assertTrue(punched.nextClearBit(Grant.page(grant)) >= Grant.page(grant) + 8, "punched"));
        taken.stream().skip(40).forEach(grant -> assertFalse(punched.get(Grant.page(grant)), "in use"));
        punched.clear();
        lookFor(pool, 8);
        assertTrue(punched.isEmpty(), "and not again");
    }

    @Test
    void pagesThatAreWantedAgainAndAgainKeepTheirMemory() {
        BitSet punched = new BitSet();
        RingPool pool = punchedInto(punched, 3 * LARGEST);
        for (int second = 0; second < 20; second++) {
            List<Long> taken = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                taken.add(pool.take(6));
            }
            taken.forEach(pool::give);
            lookFor(pool, 1);
        }
        assertTrue(punched.isEmpty());
    }

    @Test
    void ringsThatGaveTheirMemoryBackAreTakenLast() {
        BitSet punched = new BitSet();
        RingPool pool = punchedInto(punched, 16 * LARGEST);
        List<Long> all = takeAll(pool, Grant.MAX_ORDER);
        all.forEach(pool::give);
        lookFor(pool, 8);
        pool.give(pool.take(Grant.MAX_ORDER));
        int warm = Grant.page(pool.take(Grant.MAX_ORDER));
        pool.give(Grant.of(warm, Grant.MAX_ORDER, 0));
        assertEquals(warm, Grant.page(pool.take(Grant.MAX_ORDER)));
    }

    @Test
    void whatAVersionLeftGoesOnGivingBack() {
        BitSet punched = new BitSet();
        RingPool before = punchedInto(punched, LARGEST);
        long ring = before.take(5);
        before.give(ring);
        RingPool after = new RingPool(before.handOver(), punchedMemory(punched), 0, more -> true);
        lookFor(after, 8);
        assertEquals(0, after.warmPages());
        assertTrue(punched.nextClearBit(Grant.page(ring)) >= Grant.page(ring) + 32);
    }

    @Test
    void aPoolKnowsMorePagesOnlyWhenNoneIsLeft() {
        RingPool pool = pool(64 * LARGEST + 5);
        int first = pool.knownPages();
        assertTrue(first < 64 * LARGEST);
        for (int taken = 0; taken < first; taken += LARGEST) {
            assertTrue(Grant.page(pool.take(Grant.MAX_ORDER)) < first);
        }
        assertEquals(first, pool.knownPages());
        assertEquals(first, Grant.page(pool.take(0)));
        assertEquals(2 * first, pool.knownPages());
    }

    @Test
    void aPoolGivesNoMoreThanItsHeapHasRoomFor() {
        RingPool pool = new RingPool(64L * LARGEST * Grant.PAGE_BYTES, null, 0, more -> false);
        List<Long> taken = takeAll(pool, 0);
        assertEquals(pool.knownPages(), taken.size());
        pool.give(taken.get(7));
        assertEquals(Grant.page(taken.get(7)), Grant.page(pool.take(0)));
    }

    @Test
    void aPoolThatKnowsFewPagesGoesOnWithAllOfThem() {
        RingPool before = pool(32 * LARGEST);
        BitSet seen = new BitSet();
        seen.set(Grant.page(before.take(0)));
        RingPool after = new RingPool(before.handOver(), null, 0, more -> true);
        takeAll(after, 0).forEach(grant -> seen.set(Grant.page(grant)));
        assertEquals(32 * LARGEST, seen.cardinality());
    }

    @Test
    void givingARingBackTwiceIsAnError() {
        RingPool pool = pool(8);
        long grant = pool.take(1);
        pool.give(grant);
        assertThrows(IllegalStateException.class, () -> pool.give(grant));
    }

    @Test
    void givingBackNoRingDoesNothing() {
        RingPool pool = pool(8);
        pool.give(0);
        assertEquals(8, pool.freePages());
    }
}
