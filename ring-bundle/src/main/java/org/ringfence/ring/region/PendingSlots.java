package org.ringfence.ring.region;

import static org.ringfence.ring.layout.PendingLayout.LEAF;
import static org.ringfence.ring.layout.PendingLayout.SUMMARY;

import java.nio.ByteBuffer;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.layout.Words;

/**
 * One pending bitmap. The setter sets the leaf's bit and then the summary's, the taker clears the summary first: no news is lost.
 * One side sets, one thread of the other side takes.
 */
final class PendingSlots {
    private final ByteBuffer memory;
    private final int at;
    private final int slots;
    private final int summaries;

    private int summaryIndex;
    private long summary;
    private int leafIndex;
    private long leaf;

    PendingSlots(ByteBuffer memory, int at, int slots) {
        this.memory = memory;
        this.at = at;
        this.slots = slots;
        summaries = (slots + 4095) / 4096;
    }

    PendingSlots from(HandoverState state) {
        summaryIndex = state.number("summaryIndex");
        summary = state.longNumber("summary");
        leafIndex = state.number("leafIndex");
        leaf = state.longNumber("leaf");
        return this;
    }

    HandoverState handOver() {
        return new HandoverState("pending", 1).put("summaryIndex", summaryIndex).put("summary", summary).put("leafIndex", leafIndex).put("leaf", leaf);
    }

    void set(int slot) {
        Words.LONG.getAndBitwiseOrRelease(memory, at + LEAF + slot / 64 * 8, 1L << slot % 64);
        Words.LONG.getAndBitwiseOrRelease(memory, at + SUMMARY + slot / 4096 * 8, 1L << slot / 64 % 64);
    }

    /** True if something waits, in the bitmap or in what was taken from it and not handed out. */
    boolean any() {
        if ((summary | leaf) != 0) {
            return true;
        }
        for (int i = 0; i < summaries; i++) {
            if (Words.getOpaque(memory, at + SUMMARY + i * 8) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * The next slot with news, or -1 when there is none. A peer that sets bits faster than they are taken cannot hold the taker: after
     * as many looks as there are leaves it gives up for now, and {@link #any} still tells of the rest.
     */
    int take() {
        for (int look = 0; look <= summaries * 64; look++) {
            while (leaf != 0) {
                int slot = leafIndex * 64 + Long.numberOfTrailingZeros(leaf);
                leaf &= leaf - 1;
                if (slot < slots) {
                    return slot;
                }
            }
            if (summary == 0 && !takeSummary()) {
                return -1;
            }
            leafIndex = summaryIndex * 64 + Long.numberOfTrailingZeros(summary);
            summary &= summary - 1;
            leaf = (long) Words.LONG.getAndSet(memory, at + LEAF + leafIndex * 8, 0L);
        }
        return -1;
    }

    private boolean takeSummary() {
        // Goes on where it stopped, so that slots with high numbers get their turn.
        for (int i = 1; i <= summaries; i++) {
            int index = (summaryIndex + i) % summaries;
            if (Words.getOpaque(memory, at + SUMMARY + index * 8) != 0) {
                summaryIndex = index;
                summary = (long) Words.LONG.getAndSet(memory, at + SUMMARY + index * 8, 0L);
                return true;
            }
        }
        return false;
    }
}
