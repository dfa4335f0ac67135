package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** What the slots of a region say of the application's ends that are lent (docs/readiness.md, "Lent"). Event loop's thread only. */
public final class LentWords {
    private final MappedRegion region;
    private final ByteBuffer memory;

    public LentWords(MappedRegion region) {
        this.region = region;
        memory = region.memory;
    }

    private static final int KNOWN = SlotLayout.LENT_BLOCKING | SlotLayout.LENT_NONBLOCKING;

    /**
     * The slot's end is about to be sent, and a copy is here.
     *
     * @param blocking as {@link #blocking} had it when the end came back; of one that was just made, {@link SlotLayout#LENT_BLOCKING}
     */
    public void lend(int slot, int blocking) {
        set(slot, SlotLayout.LENT_NOW | blocking);
    }

    /** What the application says has become of O_NONBLOCK: one of two bits, or 0. */
    public int blocking(int slot) {
        return region.intWord(slot, SlotLayout.BLOCKING) & KNOWN;
    }

    /** The copy is gone. */
    public void end(int slot) {
        set(slot, region.intWord(slot, SlotLayout.LENT) & KNOWN);
    }

    /** The end was not sent. */
    public void withdraw(int slot) {
        set(slot, 0);
    }

    private void set(int slot, int bits) {
        Words.setIntRelease(memory, region.at(slot) + SlotLayout.LENT, bits);
    }

    /** True if the application says that its end is closed, and nowhere else. */
    public boolean isReturned(int slot) {
        return region.intWord(slot, SlotLayout.RETURNED) == region.generation(slot);
    }

    /** True if the application says that its end may be in several places. */
    public boolean isKept(int slot) {
        return region.intWord(slot, SlotLayout.KEPT) == region.generation(slot);
    }

    /** True if nothing lies in the pair, as far as its two sides have said: no packet that was told of, and no stuffing. */
    public boolean isEmpty(int slot) {
        return region.intWord(slot, SlotLayout.TOLD) == region.intWord(slot, SlotLayout.HEARD)
                && Words.getIntOpaque(memory, region.at(slot) + SlotLayout.OUT_BLOCKED) == 0;
    }
}
