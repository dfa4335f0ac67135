package org.ringfence.ring.region;

import static org.ringfence.ring.layout.PendingLayout.LEAF;
import static org.ringfence.ring.layout.PendingLayout.SUMMARY;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * One direction's news: the pending bitmap, and the stamps by which its one taker hands slots out in the order in which bytes came into
 * their rings (docs/protocol.md, "Order"; {@code native/region/order.c} is the same). The setter sets the leaf's bit and then the summary's,
 * the taker clears the summary first: no news is lost, and whatever stamps a peer writes, every slot that was set is handed out.
 */
final class PendingSlots {
    /** {@link #take} without a bound. */
    static final long ALL = -1;

    private static final int SLOT_BITS = 16;
    private static final long FARTHEST = 1L << 46;
    /** Looks at the bitmap in one take: a second one for what came after the first one's snapshot. */
    private static final int LOOKS = 2;

    private final ByteBuffer memory;
    private final int at;
    private final int slots;
    private final int summaries;
    private final int countAt;
    private final int stampsAt;

    /** The count when the batch was taken: who has a later stamp waits for the next one. */
    private long snapshot;
    /** Bytes with a later stamp have their turn later. */
    private long horizon;
    /** The batch: stamp, relative to the snapshot, and slot; ascending. It grows to at most twice the number of slots. */
    private long[] keys = new long[64];
    private int first;
    private int end;
    /** Slots that go on in the next turn: a few, of which one may be there twice. */
    private int[] later = new int[16];
    private int laterCount;

    /**
     * @param at where the bitmap lies
     * @param countAt where the direction's count of stamps lies
     * @param stampsAt where the stamp of slot 0 lies
     */
    PendingSlots(ByteBuffer memory, int at, int slots, int countAt, int stampsAt) {
        this.memory = memory;
        this.at = at;
        this.slots = slots;
        this.countAt = countAt;
        this.stampsAt = stampsAt;
        summaries = (slots + 4095) / 4096;
        snapshot = Words.getAcquire(memory, countAt);
        horizon = snapshot;
    }

    PendingSlots from(HandoverState state) {
        // A version that knew no order hands over what it had taken from the bitmap: that goes back.
        int summaryIndex = state.number("summaryIndex");
        setBits(at + SUMMARY + summaryIndex * 8, state.longNumber("summary"));
        int leafIndex = state.number("leafIndex");
        long leaf = state.longNumber("leaf");
        if (leaf != 0) {
            setBits(at + LEAF + leafIndex * 8, leaf);
            setBits(at + SUMMARY + leafIndex / 64 * 8, 1L << leafIndex % 64);
        }
        if (state.has("horizon")) {
            horizon = state.longNumber("horizon");
        }
        return this;
    }

    HandoverState handOver() {
        for (; first < end; first++) {
            set(slotOf(keys[first])); // its stamp is still there
        }
        nextTurn();
        return new HandoverState("pending", 1).put("summaryIndex", 0).put("summary", 0L).put("leafIndex", 0).put("leaf", 0L).put("horizon", horizon);
    }

    private void setBits(int word, long bits) {
        Words.LONG.getAndBitwiseOr(memory, word, bits);
    }

    // ---- the setter ----

    /** Gives the slot the next stamp: its ring is empty, and bytes are about to be published in it. */
    void stamp(int slot) {
        long stamp = Words.getOpaque(memory, countAt) + 1;
        Words.setRelease(memory, countAt, stamp);
        Words.setRelease(memory, stampAt(slot), stamp);
    }

    void set(int slot) {
        setBits(at + LEAF + slot / 64 * 8, 1L << slot % 64);
        int summary = at + SUMMARY + slot / 4096 * 8;
        long bit = 1L << slot / 64 % 64;
        // A taker clears the summary before it clears the leaf: one who finds it set here is one who will find the leaf's bit.
        if (((long) Words.LONG.getVolatile(memory, summary) & bit) == 0) {
            setBits(summary, bit);
        }
    }

    // ---- the taker ----

    /** True if something waits, in the bitmap or in what was taken from it and not handed out, or for the next turn. */
    boolean any() {
        if (first < end || laterCount > 0) {
            return true;
        }
        for (int i = 0; i < summaries; i++) {
            if (Words.getOpaque(memory, at + SUMMARY + i * 8) != 0) {
                return true;
            }
        }
        return false;
    }

    /** The next slot with news, or -1 when there is none. */
    int take() {
        return take(ALL);
    }

    /** The next slot with news whose stamp is at most {@code until}, or -1 when there is none. Who sets bits without end cannot hold the taker. */
    int take(long until) {
        if (!find(until)) {
            return -1;
        }
        long key = keys[first++];
        pass(snapshot + distanceOf(key));
        return slotOf(key);
    }

    /** The slot goes on in the next turn. In the bitmap this one's loop would find it at once, before the others have their turn. */
    void again(int slot) {
        if (laterCount == later.length) {
            later = Arrays.copyOf(later, laterCount * 2);
        }
        later[laterCount++] = slot;
    }

    /** A turn begins. */
    void nextTurn() {
        while (laterCount > 0) {
            set(later[--laterCount]);
        }
    }

    /** True if {@link #take} would find something. */
    boolean find(long until) {
        for (int looks = 0;; looks++) {
            if (first < end && distanceOf(keys[first]) <= 0) {
                return until == ALL || snapshot + distanceOf(keys[first]) - until <= 0;
            }
            pass(snapshot);
            if (looks == LOOKS || looks > 0 && first == end || until != ALL && snapshot - until >= 0) {
                return false;
            }
            takeBatch();
        }
    }

    /** True if the bytes in the slot's ring have their turn later, by a bit that is set or will be. Called after a look at the ring's tail. */
    boolean isLate(int slot) {
        return Words.getAcquire(memory, stampAt(slot)) - horizon > 0;
    }

    private void pass(long stamp) {
        if (stamp - horizon > 0) {
            horizon = stamp;
        }
    }

    /**
     * A new batch: what the last one left because it came after its snapshot, and all that is pending. The count is read before the bits
     * are taken: who had set a bit before he took a stamp that is in the snapshot has his bit found.
     */
    private void takeBatch() {
        int left = end - first;
        long before = snapshot;
        snapshot = (long) Words.LONG.getVolatile(memory, countAt);
        for (int i = 0; i < left; i++) {
            long key = keys[first + i];
            // Nobody waits twice: a stamp that is ahead still is none.
            keys[i] = key(Math.min(0, distanceOf(key) - (snapshot - before)), slotOf(key));
        }
        first = 0;
        end = left;
        for (int i = 0; i < summaries; i++) {
            if (Words.getOpaque(memory, at + SUMMARY + i * 8) != 0) {
                long summary = (long) Words.LONG.getAndSet(memory, at + SUMMARY + i * 8, 0L);
                for (; summary != 0; summary &= summary - 1) {
                    takeLeaf(i * 64 + Long.numberOfTrailingZeros(summary));
                }
            }
        }
        if (end > 1) {
            Arrays.sort(keys, 0, end);
        }
    }

    private void takeLeaf(int index) {
        long leaf = (long) Words.LONG.getAndSet(memory, at + LEAF + index * 8, 0L);
        if (end + 64 > keys.length) {
            keys = Arrays.copyOf(keys, keys.length * 2);
        }
        for (; leaf != 0; leaf &= leaf - 1) {
            int slot = index * 64 + Long.numberOfTrailingZeros(leaf);
            if (slot < slots) {
                keys[end++] = key(Words.getAcquire(memory, stampAt(slot)) - snapshot, slot);
            }
        }
    }

    private int stampAt(int slot) {
        return stampsAt + slot * SlotLayout.BYTES;
    }

    private static long key(long distance, int slot) {
        return Math.max(-FARTHEST, Math.min(distance, FARTHEST)) << SLOT_BITS | slot;
    }

    private static long distanceOf(long key) {
        return key >> SLOT_BITS;
    }

    private static int slotOf(long key) {
        return (int) key & (1 << SLOT_BITS) - 1;
    }
}
