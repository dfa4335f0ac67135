package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.CellLayout;
import org.ringfence.ring.layout.CommandLayout;
import org.ringfence.ring.layout.CommandLayout;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.Words;

/** Both sides of the ring on the memory of one region. */
class CommandRingTest {
    private final TestRegions regions = new TestRegions();
    private final ByteBuffer memory = regions.application.memory;
    private final CommandRing producer = regions.application.commandRing();
    private final CommandRing consumer = regions.application.commandRing();
    private final Call call = new Call();
    private final Call taken = new Call();

    @AfterEach
    void close() {
        regions.close();
    }

    private void publishTail(long tail) {
        Words.setRelease(memory, HeaderLayout.COMMAND_TAIL, tail);
    }

    @Test
    void aCallArrivesAsItWasPut() throws ProtocolViolation {
        Random random = new Random(3);
        for (int i = 0; i < 10 * TestRegions.COMMANDS; i++) {
            call.clear(Operation.of(1 + random.nextInt(12)), random.nextInt(), random.nextInt());
            call.cell = i % 2 == 0 ? -1 : random.nextInt(TestRegions.CELLS);
            Arrays.setAll(call.arguments, n -> n == CommandLayout.STAMP ? 0 : random.nextLong());
            random.nextBytes(call.payload);
            call.payloadLength = random.nextInt(Call.MAX_PAYLOAD + 1);
            assertTrue(producer.put(call));
            assertEquals(i + 1, call.callNumber, "calls count from 1");
            assertTrue(consumer.take(taken));
            assertEquals(call.operation, taken.operation);
            assertEquals(call.slot, taken.slot);
            assertEquals(call.generation, taken.generation);
            assertEquals(call.cell, taken.cell);
            assertEquals(call.callNumber, taken.callNumber);
            assertArrayEquals(call.arguments, taken.arguments);
            assertEquals(call.payloadLength, taken.payloadLength);
            assertArrayEquals(Arrays.copyOf(call.payload, call.payloadLength), Arrays.copyOf(taken.payload, taken.payloadLength));
        }
    }

    @Test
    void aCallSaysWhatWasWrittenBeforeIt() throws ProtocolViolation {
        Words.setRelease(memory, HeaderLayout.OUT_COUNT, 4711);
        call.clear(Operation.LISTEN, 0, 1);
        producer.put(call);
        Words.setRelease(memory, HeaderLayout.OUT_COUNT, 4712);
        assertEquals(4711, consumer.stamp());
        consumer.take(taken);
        assertEquals(0, taken.arguments[CommandLayout.STAMP], "nobody else knows of it");
    }

    @Test
    void anEmptyRingHasNoCall() throws ProtocolViolation {
        assertFalse(consumer.any());
        assertFalse(consumer.take(taken));
    }

    @Test
    void aFullRingTakesNoMoreUntilTheConsumerHasTakenOne() throws ProtocolViolation {
        call.clear(Operation.LISTEN, 0, 1);
        for (int i = 0; i < TestRegions.COMMANDS; i++) {
            assertTrue(producer.put(call));
        }
        assertFalse(producer.put(call));
        assertTrue(consumer.take(taken));
        assertTrue(producer.put(call));
        assertFalse(producer.put(call));
    }

    @Test
    void aCallThatFoundNoRoomUsesUpNoNumber() throws ProtocolViolation {
        call.clear(Operation.LISTEN, 0, 1);
        while (producer.put(call)) {
            assertTrue(call.callNumber <= TestRegions.COMMANDS);
        }
        consumer.take(taken);
        producer.put(call);
        assertEquals(TestRegions.COMMANDS + 1, call.callNumber);
    }

    @Test
    void theCellExpectsTheCallBeforeTheCallIsPublished() throws ProtocolViolation {
        call.clear(Operation.LISTEN, 0, 1);
        call.cell = 5;
        int expected = regions.application.places().cellsAt() + 5 * CellLayout.BYTES + CellLayout.EXPECTED;
        for (int i = 0; i < TestRegions.COMMANDS; i++) {
            assertTrue(producer.put(call));
            assertEquals(call.callNumber, Words.getAcquire(memory, expected));
        }
    }

    @Test
    void aProducerBeyondTheCapacityIsAViolationThatNamesRegionValueAndBound() {
        publishTail(TestRegions.COMMANDS + 1);
        ProtocolViolation violation = assertThrows(ProtocolViolation.class, () -> consumer.take(taken));
        assertEquals("region 1: command ring producer is 17 entries ahead, beyond capacity 16", violation.getMessage());
        assertSame(regions.application, violation.region());
    }

    @Test
    void aProducerBehindTheConsumerIsAViolation() throws ProtocolViolation {
        publishTail(-1);
        assertThrows(ProtocolViolation.class, () -> consumer.take(taken));
    }

    @Test
    void aConsumerAheadOfTheProducerIsAViolation() {
        Words.setRelease(memory, HeaderLayout.COMMAND_HEAD, 3);
        call.clear(Operation.LISTEN, 0, 1);
        ProtocolViolation violation = assertThrows(ProtocolViolation.class, () -> producer.put(call));
        assertEquals("region 1: command ring consumer is 3 entries ahead of the producer", violation.getMessage());
    }

    @Test
    void aConsumerThatClaimsToBeFarBehindIsAViolation() {
        Words.setRelease(memory, HeaderLayout.COMMAND_HEAD, -100);
        call.clear(Operation.LISTEN, 0, 1);
        assertThrows(ProtocolViolation.class, () -> producer.put(call));
    }

    @Test
    void countersAfterTheirWrapGoOn() throws ProtocolViolation {
        call.clear(Operation.LISTEN, 9, 1);
        for (int i = 0; i < 3 * TestRegions.COMMANDS + 5; i++) {
            call.arguments[0] = i;
            producer.put(call);
            consumer.take(taken);
            assertEquals(i, taken.arguments[0]);
        }
        assertEquals(3 * TestRegions.COMMANDS + 5, Words.getAcquire(memory, HeaderLayout.COMMAND_HEAD));
    }

    @Test
    void aPayloadBeyondTheEntryIsTakenAsTooLongAndTheCallsAfterItAreTaken() throws ProtocolViolation {
        int entries = regions.application.places().commandsAt();
        call.clear(Operation.BIND, 1, 1);
        for (int length : new int[] {53, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            int position = (int) Words.getAcquire(memory, HeaderLayout.COMMAND_TAIL);
            producer.put(call);
            memory.putInt(entries + position * CommandLayout.BYTES + CommandLayout.PAYLOAD_LENGTH, length);
            assertTrue(consumer.take(taken));
            assertEquals(Call.PAYLOAD_TOO_LONG, taken.payloadLength, "length " + length);
        }
        producer.put(call);
        assertTrue(consumer.take(taken));
        assertEquals(0, taken.payloadLength);
    }

    @Test
    void theProducersEntriesAreSeenWholeByAConsumerInAnotherThread() throws Exception {
        int calls = 50_000;
        Thread producing = new Thread(() -> {
            Call mine = new Call();
            mine.clear(Operation.CONNECT, 0, 1);
            try {
                for (int i = 0; i < calls; i++) {
                    Arrays.fill(mine.arguments, 0, CommandLayout.STAMP, i);
                    Arrays.fill(mine.payload, (byte) i);
                    mine.payloadLength = i % (Call.MAX_PAYLOAD + 1);
                    while (!producer.put(mine)) {
                        Thread.onSpinWait();
                    }
                }
            } catch (ProtocolViolation e) {
                throw new AssertionError(e);
            }
        });
        producing.start();
        for (int i = 0; i < calls; ) {
            if (!consumer.take(taken)) {
                Thread.onSpinWait();
                continue;
            }
            assertEquals(i + 1, taken.callNumber);
            for (int at = 0; at < CommandLayout.STAMP; at++) {
                assertEquals(i, taken.arguments[at]);
            }
            assertEquals(i % (Call.MAX_PAYLOAD + 1), taken.payloadLength);
            for (int at = 0; at < taken.payloadLength; at++) {
                assertEquals((byte) i, taken.payload[at]);
            }
            i++;
        }
        producing.join();
    }
}
