package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.ring.layout.CellLayout;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.Words;

/** Both sides of the cells on the memory of one region. */
class ReplyCellsTest {
    private final TestRegions regions = new TestRegions();
    private final ByteBuffer memory = regions.ins.memory;
    private final ReplyCells frontend = regions.ins.replyCells();
    private final ReplyCells backend = regions.ins.replyCells();
    private final Answer answer = new Answer();
    private final Answer taken = new Answer();

    @AfterEach
    void close() {
        regions.close();
    }

    private int cellAt(int cell) {
        return regions.ins.places().cellsAt() + cell * CellLayout.BYTES;
    }

    /** What {@link CommandRing#put} does for a cell. */
    private int expect(long callNumber) {
        int cell = frontend.claim();
        Words.setRelease(memory, cellAt(cell) + CellLayout.EXPECTED, callNumber);
        frontend.expect(cell, callNumber);
        return cell;
    }

    /** As an INS answers: the cell, then its bit. */
    private void answer(int cell, long callNumber, int error) {
        backend.answer(cell, callNumber, answer.set(error, error));
        setBit(cell);
    }

    private void setBit(int cell) {
        Words.LONG.getAndBitwiseOrRelease(memory, HeaderLayout.ANSWERED + cell / 64 * 8, 1L << cell % 64);
    }

    @Test
    void anAnswerArrivesAsItWasGiven() {
        int cell = expect(7);
        answer.set(-5, 1L << 40);
        Arrays.setAll(new Object[Answer.MAX_PAYLOAD], i -> answer.payload[i] = (byte) i);
        answer.payloadLength = Answer.MAX_PAYLOAD;
        backend.answer(cell, 7, answer);
        setBit(cell);
        assertEquals(cell, frontend.take(taken));
        assertEquals(7, taken.callNumber);
        assertEquals(-5, taken.error);
        assertEquals(1L << 40, taken.result);
        assertEquals(Answer.MAX_PAYLOAD, taken.payloadLength);
        assertArrayEquals(answer.payload, taken.payload);
        assertEquals(-1, frontend.take(taken));
        assertFalse(frontend.any());
    }

    @Test
    void aLateAnswerToADeadCallersCallIsDropped() {
        int cell = expect(8);
        long before = Words.getAcquire(memory, cellAt(cell) + CellLayout.ANSWERED);
        assertEquals(-1, backend.answer(cell, 7, answer.set(13, 13)));
        assertEquals(before, Words.getAcquire(memory, cellAt(cell) + CellLayout.ANSWERED));
        assertEquals(0, memory.getInt(cellAt(cell) + CellLayout.ERROR));
    }

    @Test
    void answersToCellsThatAreNoneAreDropped() {
        byte[] before = new byte[memory.capacity()];
        memory.get(0, before);
        for (int cell : new int[] {-1, TestRegions.CELLS, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertEquals(-1, backend.answer(cell, 0, answer.set(1, 1)));
        }
        byte[] after = new byte[memory.capacity()];
        memory.get(0, after);
        assertArrayEquals(before, after);
    }

    @Test
    void aCallerThatSleepsHasToBeWoken() {
        int cell = expect(9);
        memory.putInt(cellAt(cell) + CellLayout.WAITING, 1);
        assertEquals(cellAt(cell) + CellLayout.ANSWERED, backend.answer(cell, 9, answer.set(0, 0)));
    }

    @Test
    void aCallerThatDoesNotSleepIsNotWoken() {
        int cell = expect(9);
        assertEquals(-1, backend.answer(cell, 9, answer.set(0, 0)));
    }

    @Test
    void allCellsCanBeClaimedOnce() {
        Set<Integer> claimed = new HashSet<>();
        for (int i = 0; i < TestRegions.CELLS; i++) {
            assertTrue(claimed.add(frontend.claim()));
        }
        assertEquals(-1, frontend.claim());
        frontend.release(17);
        assertEquals(17, frontend.claim());
    }

    @Test
    void aTakenCellIsFreeAgain() {
        for (int call = 1; call <= 5 * TestRegions.CELLS; call++) {
            int cell = expect(call);
            answer(cell, call, call);
            assertEquals(cell, frontend.take(taken));
            assertEquals(call, taken.error);
        }
    }

    @Test
    void bitsThatNoAnswerExplainsAreIgnored() {
        int cell = expect(5);
        Words.setOpaque(memory, HeaderLayout.ANSWERED, -1L);
        assertEquals(-1, frontend.take(taken), "nothing was answered");
        answer(cell, 5, 0);
        assertEquals(cell, frontend.take(taken), "the claimed cell can still be answered");
    }

    @Test
    void anAnswerGivenTwiceIsTakenOnce() {
        int cell = expect(5);
        answer(cell, 5, 0);
        assertEquals(cell, frontend.take(taken));
        setBit(cell);
        assertEquals(-1, frontend.take(taken));
    }

    @Test
    void aPayloadLengthBeyondTheCellIsCut() {
        for (int length : new int[] {385, Integer.MAX_VALUE}) {
            int cell = expect(5);
            backend.answer(cell, 5, answer.set(0, 0));
            memory.putInt(cellAt(cell) + CellLayout.PAYLOAD_LENGTH, length);
            setBit(cell);
            frontend.take(taken);
            assertEquals(Answer.MAX_PAYLOAD, taken.payloadLength);
        }
        int cell = expect(6);
        backend.answer(cell, 6, answer.set(0, 0));
        memory.putInt(cellAt(cell) + CellLayout.PAYLOAD_LENGTH, -1);
        setBit(cell);
        frontend.take(taken);
        assertEquals(0, taken.payloadLength);
    }

    @Test
    void anInsThatSetsBitsWithoutEndCannotHoldTheTaker() throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch started = new CountDownLatch(1);
        Thread hostile = new Thread(() -> {
            while (!stop.get()) {
                Words.setOpaque(memory, HeaderLayout.ANSWERED, -1L);
                started.countDown();
            }
        });
        hostile.start();
        try {
            started.await();
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
                for (int i = 0; i < 20_000; i++) {
                    assertEquals(-1, frontend.take(taken));
                }
            });
        } finally {
            stop.set(true);
            hostile.join(); // before the memory goes
        }
    }

    @Test
    void answersFromAnotherThreadAreSeenWholeAndNoneIsLost() throws InterruptedException {
        int calls = 30_000;
        Thread answering = new Thread(() -> {
            Answer mine = new Answer();
            for (int call = 1; call <= calls; call++) {
                int cell = (call - 1) % TestRegions.CELLS;
                while (Words.getAcquire(memory, cellAt(cell) + CellLayout.EXPECTED) != call) {
                    Thread.onSpinWait();
                }
                mine.set(call, call);
                Arrays.fill(mine.payload, (byte) call);
                mine.payloadLength = call % Answer.MAX_PAYLOAD;
                backend.answer(cell, call, mine);
                setBit(cell);
            }
        });
        // Cells in order, so that the other side knows which one a call has.
        int[] claimed = new int[TestRegions.CELLS];
        Arrays.setAll(claimed, i -> frontend.claim());
        for (int cell : claimed) {
            frontend.release(cell);
        }
        answering.start();
        for (int call = 1; call <= calls; call++) {
            int cell = claimAt((call - 1) % TestRegions.CELLS);
            frontend.expect(cell, call);
            Words.setRelease(memory, cellAt(cell) + CellLayout.EXPECTED, call);
            while (frontend.take(taken) < 0) {
                Thread.onSpinWait();
            }
            assertEquals(call, taken.callNumber);
            assertEquals(call, taken.result);
            assertEquals(call % Answer.MAX_PAYLOAD, taken.payloadLength);
            for (int i = 0; i < taken.payloadLength; i++) {
                assertEquals((byte) call, taken.payload[i]);
            }
        }
        answering.join();
    }

    private int claimAt(int wanted) {
        int cell = frontend.claim();
        if (cell == wanted) {
            return cell;
        }
        int other = claimAt(wanted);
        frontend.release(cell);
        return other;
    }
}
