package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.JournalLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** A flow between two regions, with far sides that follow the protocol, and with ones that do not. */
class StreamFlowTest {
    private static final int RECORD = 3;
    private final TestRegions regions = new TestRegions(8 << 20);
    private MappedRegion source;
    private MappedRegion target;
    private int sourceSlot;
    private int targetSlot;
    private RingOffsets words;
    private StreamFlow flow;
    private FarProducer producer;
    private FarConsumer consumer;

    private void open(Direction direction) {
        regions.ins.openSlot(2, 1, 0); // so that the two slots have different numbers
        int applicationSlot = regions.application.openSlot(2, 1, 0);
        int insSlot = regions.ins.openSlot(2, 1, 0);
        boolean inwards = direction == Direction.IN;
        source = inwards ? regions.ins : regions.application;
        target = inwards ? regions.application : regions.ins;
        sourceSlot = inwards ? insSlot : applicationSlot;
        targetSlot = inwards ? applicationSlot : insSlot;
        words = RingOffsets.of(direction);
        flow = new StreamFlow(direction, regions.journal);
        flow.bind(RECORD, regions.application, applicationSlot, regions.ins, insSlot);
        producer = new FarProducer(source, sourceSlot, words);
        consumer = new FarConsumer(target, targetSlot, words);
    }

    @AfterEach
    void close() {
        regions.close();
    }

    private long sourceWord(int offset) {
        return Words.getAcquire(source.memory, source.at(sourceSlot) + offset);
    }

    private long targetWord(int offset) {
        return Words.getAcquire(target.memory, target.at(targetSlot) + offset);
    }

    private void setSourceWord(int offset, long value) {
        Words.setRelease(source.memory, source.at(sourceSlot) + offset, value);
    }

    @Test
    void whatMayWaitForMoreIsLetGoWhenNothingIsToFollow() throws ProtocolViolation {
        open(Direction.OUT);
        setSourceWord(SlotLayout.OUT_MORE, SlotLayout.MORE_ALL);
        producer.produce(10);
        assertEquals(10, flow.move());
        assertEquals(SlotLayout.MORE_ALL, targetWord(SlotLayout.OUT_MORE));
        PendingSlots news = regions.ins.pendingToBackend();
        assertEquals(targetSlot, news.take());
        setSourceWord(SlotLayout.OUT_MORE, 0);
        assertEquals(0, flow.move());
        assertEquals(0, targetWord(SlotLayout.OUT_MORE));
        assertEquals(targetSlot, news.take());
        assertEquals(0, flow.move());
        assertEquals(-1, news.take());
    }

    @Test
    void whatIsToGoBeforeOthersThatMayWaitIsToldInTheTargetsPositions() throws ProtocolViolation {
        open(Direction.OUT);
        setSourceWord(SlotLayout.OUT_MORE, SlotLayout.MORE_ALL);
        producer.produce(10);
        assertEquals(10, flow.move());
        PendingSlots news = regions.ins.pendingToBackend();
        assertEquals(targetSlot, news.take());
        setSourceWord(SlotLayout.OUT_MORE, SlotLayout.MORE_ALL | 10);
        assertEquals(0, flow.waiting());
        assertEquals(0, targetWord(SlotLayout.OUT_MORE));
        assertEquals(targetSlot, news.take());
        producer.produce(5);
        assertEquals(5, flow.move());
        assertEquals(SlotLayout.MORE_ALL | 10, targetWord(SlotLayout.OUT_MORE));
    }

    @Test
    void theBytesThatMoreIsToFollowAreThoseOfTheTarget() throws ProtocolViolation {
        open(Direction.OUT);
        producer.produce(10);
        assertEquals(10, flow.move());
        setSourceWord(SlotLayout.OUT_MORE, 15);
        producer.produce(5);
        assertEquals(5, flow.move());
        assertEquals(15, targetWord(SlotLayout.OUT_MORE));
        producer.produce(1);
        assertEquals(1, flow.move());
        assertEquals(0, targetWord(SlotLayout.OUT_MORE));
    }

    @ParameterizedTest
    @EnumSource
    void manyMebibytesOfRandomSizesArriveUnchangedWhileRingsWrapAndGrow(Direction direction) throws ProtocolViolation {
        open(direction);
        Random random = new Random(11);
        while (consumer.position() < 24 << 20) {
            producer.produce(1 << random.nextInt(21));
            flow.move();
            consumer.consume(1 << random.nextInt(21));
        }
        assertEquals(Grant.MAX_ORDER, producer.largestOrder);
        assertEquals(Grant.MAX_ORDER, consumer.largestOrder);
        assertTrue(producer.wraps > 3, producer.wraps + " wraps");
        assertTrue(consumer.unblocked, "the flow was never blocked");
    }

    @ParameterizedTest
    @EnumSource
    void farSidesInThreadsOfTheirOwnSeeOnlyWhatWasCopied(Direction direction) throws Exception {
        open(direction);
        long total = 24 << 20;
        AtomicLong consumed = new AtomicLong();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread producing = new Thread(() -> {
            Random random = new Random(1);
            while (producer.position() < total && failure.get() == null) {
                if (producer.produce((int) Math.min(1 + random.nextInt(30_000), total - producer.position())) == 0) {
                    Thread.onSpinWait();
                }
            }
        });
        Thread consuming = new Thread(() -> {
            Random random = new Random(2);
            while (consumer.position() < total) {
                consumer.consume(1 + random.nextInt(30_000));
                consumed.set(consumer.position());
            }
        });
        for (Thread thread : new Thread[] {producing, consuming}) {
            thread.setUncaughtExceptionHandler((t, e) -> failure.compareAndSet(null, e));
            thread.start();
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try {
            while (consumed.get() < total && failure.get() == null && System.nanoTime() < deadline) {
                flow.move();
            }
        } finally {
            failure.compareAndSet(null, consumed.get() < total ? new AssertionError("only " + consumed + " bytes arrived") : null);
        }
        assertEquals(null, failure.get());
        producing.join();
        consuming.join();
    }

    @Test
    void anEmptyRingIsRewoundToItsFirstPage() throws ProtocolViolation {
        open(Direction.OUT);
        for (int i = 1; i <= 10; i++) {
            producer.produce(100);
            assertEquals(100, flow.move());
            assertEquals((i - 1) * 100L, targetWord(words.base()));
            assertEquals(100, consumer.consume(100));
        }
    }

    @Test
    void aFullSourceIsGrantedARingFourTimesAsLargeUpToOneMebibyte() throws ProtocolViolation {
        open(Direction.OUT);
        for (int order : new int[] {2, 4, 6, 8, 8}) {
            assertEquals(order, Grant.order(source.grants(Direction.OUT).used(sourceSlot)));
            producer.produce(2 << 20);
            while (flow.move() + consumer.consume(1 << 20) > 0) {
                Thread.onSpinWait();
            }
            producer.produce(1);
            flow.move();
            consumer.consume(1);
        }
    }

    @Test
    void anEmptyTargetIsExchangedForOneThatTakesAllThereIs() throws ProtocolViolation {
        open(Direction.OUT);
        producer.produce(10_000);
        assertEquals(10_000, flow.move());
        assertEquals(10_000, consumer.consume(1 << 20));
        assertEquals(2, consumer.largestOrder);
    }

    @Test
    void aFlowOfLimitedRingsGrowsThemToTheLimitAndNoFurther() throws ProtocolViolation {
        open(Direction.OUT);
        flow.growAtMost(40_000);
        for (int i = 0; i < 100; i++) {
            producer.produce(1 << 20);
            flow.move();
            consumer.consume(1 << 20);
        }
        assertEquals(3, producer.largestOrder);
        assertEquals(3, consumer.largestOrder);
    }

    @Test
    void aFlowLimitedToLessThanAPageKeepsItsFirstRings() throws ProtocolViolation {
        open(Direction.OUT);
        flow.growAtMost(1);
        for (int i = 0; i < 100; i++) {
            producer.produce(1 << 20);
            flow.move();
            consumer.consume(1 << 20);
        }
        assertEquals(RingGrants.PEERS_ORDER, producer.largestOrder);
        assertEquals(0, consumer.largestOrder);
    }

    @Test
    void growingGivesTheOldRingsPagesBack() throws ProtocolViolation {
        RingPool pool = new RingPool(1 << 20);
        RingGrants grants = new RingGrants(regions.application.memory, pool, RingOffsets.OUT, regions.application.at(0), 512, 0, 64);
        grants.open(0);
        int free = pool.freePages();
        grants.grow(0, Grant.MAX_ORDER);
        assertTrue(grants.isMoving(0));
        assertEquals(free - 4, pool.freePages());
        grants.adopt(0);
        assertEquals(free - 3, pool.freePages());
        grants.free(0);
        assertEquals(pool.pages(), pool.freePages());
    }

    @Test
    void aFullTargetBlocksTheFlowUntilItsConsumerHasTaken() throws ProtocolViolation {
        open(Direction.OUT);
        producer.produce(4096);
        assertEquals(4096, flow.move());
        producer.produce(1000);
        assertEquals(0, flow.move());
        assertEquals(1, (int) targetWord(words.blocked()));
        assertFalse(flow.isDrained());
        assertEquals(4096, consumer.consume(4096));
        assertTrue(consumer.unblocked, "the consumer has to tell the flow");
        assertEquals(1000, flow.move());
        assertTrue(flow.isDrained());
        assertEquals(1000, consumer.consume(5000));
        assertEquals(5096, flow.moved());
    }

    @Test
    void theJournalHoldsWhatWasMoved() throws ProtocolViolation {
        open(Direction.IN);
        producer.produce(777);
        flow.move();
        ByteBuffer journal = regions.journalMemory;
        int r = RECORD * JournalLayout.BYTES;
        assertEquals(777, journal.getLong(r + JournalLayout.IN_TAKEN));
        assertEquals(777, journal.getLong(r + JournalLayout.IN_GIVEN));
        assertEquals(0, journal.getLong(r + JournalLayout.OUT_TAKEN));
        assertEquals(targetSlot, journal.getInt(r + JournalLayout.A_SLOT));
        assertEquals(sourceSlot, journal.getInt(r + JournalLayout.B_SLOT));
        assertEquals(source.generation(sourceSlot), journal.getInt(r + JournalLayout.B_GENERATION));
    }

    @Test
    void discardedBytesAreTakenAndNotGiven() throws ProtocolViolation {
        open(Direction.IN);
        producer.produce(3000);
        flow.discard();
        assertTrue(flow.isDrained());
        assertEquals(3000, sourceWord(words.head()));
        assertEquals(0, targetWord(words.tail()));
    }

    // ---- far sides that break the protocol ----

    private void assertViolation(MappedRegion who, String why) {
        byte[] before = copyOfTarget();
        long taken = sourceWord(words.head());
        ProtocolViolation violation = assertThrows(ProtocolViolation.class, flow::move);
        assertSame(who, violation.region());
        assertTrue(violation.getMessage().contains(why), violation.getMessage());
        assertEquals(-1, Arrays.mismatch(before, copyOfTarget()), "the target was touched");
        assertEquals(taken, sourceWord(words.head()));
    }

    @ParameterizedTest
    @EnumSource
    void aTailBeyondTheRingIsAViolationOfTheSource(Direction direction) {
        open(direction);
        setSourceWord(words.tail(), 16_385);
        assertViolation(source, "slot " + sourceSlot + ": its producer is 16385 bytes ahead, beyond 16384");
    }

    @Test
    void aTailThatGoesBackIsAViolationOfTheSource() throws ProtocolViolation {
        open(Direction.OUT);
        producer.produce(100);
        flow.move();
        setSourceWord(words.tail(), 99);
        assertViolation(source, "its producer is -1 bytes ahead");
    }

    @Test
    void aTailAtTheEndOfAllNumbersIsAViolationOfTheSource() {
        open(Direction.OUT);
        for (long tail : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1, 1L << 32}) {
            setSourceWord(words.tail(), tail);
            assertViolation(source, "bytes ahead, beyond 16384");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRingThatWasNeverGrantedIsAViolationOfTheSource(Direction direction) {
        open(direction);
        setSourceWord(words.tail(), 10);
        for (long used : new long[] {0, -1, Grant.of(0, 8, 1), Grant.of(1 << 30, 0, 1), sourceWord(words.used()) + 1}) {
            setSourceWord(words.used(), used);
            assertViolation(source, "its producer uses ring 0x" + Long.toHexString(used) + ", which it was not granted");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHeadBeyondTheTailIsAViolationOfTheTarget(Direction direction) {
        open(direction);
        producer.produce(10);
        Words.setRelease(target.memory, target.at(targetSlot) + words.head(), 5);
        assertViolation(target, "slot " + targetSlot + ": its consumer took 5 bytes more than it was given");
    }

    @ParameterizedTest
    @EnumSource
    void aHeadThatIsNowhereNearTheTailIsAViolationOfTheTarget(Direction direction) {
        open(direction);
        producer.produce(10);
        for (long head : new long[] {Long.MIN_VALUE, Long.MIN_VALUE + 4096, Long.MAX_VALUE, 1L << 32, -4097, -1L << 32}) {
            Words.setRelease(target.memory, target.at(targetSlot) + words.head(), head);
            assertViolation(target, "slot " + targetSlot + ": its consumer took ");
        }
    }

    @Test
    void aHeadAmongBytesThatAreHeldIsAViolationOfTheTarget() throws ProtocolViolation {
        open(Direction.IN);
        flow.release(5);
        producer.produce(10);
        assertEquals(10, flow.move());
        producer.produce(10);
        Words.setRelease(target.memory, target.at(targetSlot) + words.head(), 6);
        ProtocolViolation violation = assertThrows(ProtocolViolation.class, flow::move);
        assertSame(target, violation.region());
    }

    @Test
    void anyBaseLeavesTheFlowInsideItsRings() throws ProtocolViolation {
        open(Direction.OUT);
        Random random = new Random(9);
        RingGrants from = source.grants(Direction.OUT);
        RingGrants to = target.grants(Direction.OUT);
        for (int i = 0; i < 200; i++) {
            byte[] before = copyOfTarget();
            setSourceWord(words.tail(), flow.moved() + 1 + random.nextInt(Grant.bytes(from.used(sourceSlot))));
            setSourceWord(words.used(), from.used(sourceSlot));
            setSourceWord(words.base(), random.nextLong());
            Words.setRelease(target.memory, target.at(targetSlot) + words.head(), targetWord(words.tail()));
            flow.move();
            byte[] after = copyOfTarget();
            int start = target.poolAt() + Grant.page(to.used(targetSlot)) * Grant.PAGE_BYTES;
            int end = start + Grant.bytes(to.used(targetSlot));
            assertEquals(-1, Arrays.mismatch(before, target.poolAt(), start, after, target.poolAt(), start), "before the ring");
            assertEquals(-1, Arrays.mismatch(before, end, before.length, after, end, after.length), "behind the ring");
        }
    }

    private byte[] copyOfTarget() {
        byte[] copy = new byte[target.memory.capacity()];
        target.memory.get(0, copy);
        return copy;
    }
}
