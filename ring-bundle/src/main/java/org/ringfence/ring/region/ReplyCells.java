package org.ringfence.ring.region;

import static org.ringfence.ring.layout.CellLayout.ANSWERED;
import static org.ringfence.ring.layout.CellLayout.BYTES;
import static org.ringfence.ring.layout.CellLayout.ERROR;
import static org.ringfence.ring.layout.CellLayout.EXPECTED;
import static org.ringfence.ring.layout.CellLayout.PAYLOAD;
import static org.ringfence.ring.layout.CellLayout.PAYLOAD_LENGTH;
import static org.ringfence.ring.layout.CellLayout.RESULT;
import static org.ringfence.ring.layout.CellLayout.WAITING;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.api.call.Answer;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.Words;

/** The reply cells of a region, from one side. */
final class ReplyCells {
    private final ByteBuffer memory;
    private final int at;
    private final int cells;

    // frontend only
    private final int[] free;
    private int freeCount;
    private final boolean[] claimed;
    private final long[] expected;
    private int word;
    private long bits;

    ReplyCells(ByteBuffer memory, int at, int cells) {
        this.memory = memory;
        this.at = at;
        this.cells = cells;
        free = new int[cells];
        claimed = new boolean[cells];
        expected = new long[cells];
        for (int cell = cells - 1; cell >= 0; cell--) {
            free[freeCount++] = cell;
        }
    }

    ReplyCells(ByteBuffer memory, int at, HandoverState from) {
        this.memory = memory;
        this.at = at;
        free = from.numbers("free");
        freeCount = from.number("freeCount");
        claimed = from.flags("claimed");
        expected = from.longNumbers("expected");
        word = from.number("word");
        bits = from.longNumber("bits");
        cells = free.length;
    }

    HandoverState handOver() {
        return new HandoverState("cells", 1).put("free", free).put("freeCount", freeCount).put("claimed", claimed).put("expected", expected)
                .put("word", word).put("bits", bits);
    }

    int cells() {
        return cells;
    }

    /** Cells the gateway has claimed as frontend. */
    int claimedCells() {
        return cells - freeCount;
    }

    // ---- backend ----

    /** Answers a call; the offset of the futex word to wake, or -1 if nobody sleeps on it. */
    int answer(int cell, long callNumber, Answer answer) {
        if (cell < 0 || cell >= cells) {
            return -1;
        }
        int c = at + cell * BYTES;
        if (Words.getAcquire(memory, c + EXPECTED) != callNumber) {
            return -1; // its caller died, and another one may have the cell
        }
        memory.putInt(c + ERROR, answer.error).putLong(c + RESULT, answer.result).putInt(c + PAYLOAD_LENGTH, answer.payloadLength);
        memory.put(c + PAYLOAD, answer.payload, 0, answer.payloadLength);
        Words.setRelease(memory, c + ANSWERED, callNumber);
        VarHandle.fullFence();
        return Words.getIntOpaque(memory, c + WAITING) != 0 ? c + ANSWERED : -1;
    }

    // ---- frontend ----

    int claim() {
        if (freeCount == 0) {
            return -1;
        }
        int cell = free[--freeCount];
        claimed[cell] = true;
        return cell;
    }

    void expect(int cell, long callNumber) {
        expected[cell] = callNumber;
    }

    void release(int cell) {
        claimed[cell] = false;
        free[freeCount++] = cell;
    }

    boolean any() {
        if (bits != 0) {
            return true;
        }
        for (int i = 0; i < cells / 64; i++) {
            if (Words.getOpaque(memory, HeaderLayout.ANSWERED + i * 8) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * The next answered cell, copied out and free again; -1 if none. A bit that no answer explains is ignored, and an INS that sets such
     * bits without end cannot hold the taker, who looks at each word at most once a call.
     */
    int take(Answer into) {
        for (int look = 0; look <= cells / 64; look++) {
            while (bits != 0) {
                int cell = word * 64 + Long.numberOfTrailingZeros(bits);
                bits &= bits - 1;
                if (claimed[cell] && Words.getAcquire(memory, at + cell * BYTES + ANSWERED) == expected[cell]) {
                    copy(cell, into);
                    release(cell);
                    return cell;
                }
            }
            if (!takeWord()) {
                return -1;
            }
        }
        return -1;
    }

    private boolean takeWord() {
        for (int i = 1; i <= cells / 64; i++) {
            int index = (word + i) % (cells / 64);
            if (Words.getOpaque(memory, HeaderLayout.ANSWERED + index * 8) != 0) {
                word = index;
                bits = (long) Words.LONG.getAndSet(memory, HeaderLayout.ANSWERED + index * 8, 0L);
                return true;
            }
        }
        return false;
    }

    private void copy(int cell, Answer into) {
        int c = at + cell * BYTES;
        into.callNumber = expected[cell];
        into.error = memory.getInt(c + ERROR);
        into.result = memory.getLong(c + RESULT);
        int length = memory.getInt(c + PAYLOAD_LENGTH);
        into.payloadLength = Math.max(0, Math.min(length, Answer.MAX_PAYLOAD));
        memory.get(c + PAYLOAD, into.payload, 0, into.payloadLength);
    }
}
