package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** What the slots of a region say of the application's ends that are lent (docs/readiness.md, "Lent"). Event loop's thread only. */
public final class LentWords {
    private static final int KNOWN = SlotLayout.LENT_BLOCKING | SlotLayout.LENT_NONBLOCKING;
    /** Of no socket: the kernel counts from 1. */
    private static final long NO_COOKIE = -1;

    private final MappedRegion region;
    private final ByteBuffer memory;

    public LentWords(MappedRegion region) {
        this.region = region;
        memory = region.memory;
    }

    /** The slot's end, which was just made, is about to be sent, and a copy is here. */
    public void lend(int slot) {
        set(slot, SlotLayout.LENT_NOW | SlotLayout.LENT_BLOCKING);
    }

    /** So is one that has served before; {@code blocking} is what {@link #blocking} was when it came back. */
    public void lendAgain(int slot, int blocking) {
        set(slot, SlotLayout.LENT_NOW | SlotLayout.LENT_BEFORE | blocking);
    }

    /** What the application says has become of O_NONBLOCK: one of two bits, or 0. */
    public int blocking(int slot) {
        return region.intWord(slot, SlotLayout.BLOCKING) & KNOWN;
    }

    /** The copy is gone. */
    public void end(int slot) {
        set(slot, region.intWord(slot, SlotLayout.LENT) & ~SlotLayout.LENT_NOW);
    }

    /** The end was not sent: who receives another one is to recognise it by that one's cookie. */
    public void withdraw(int slot) {
        set(slot, 0);
        setCookie(slot, 0);
    }

    /** The slot's end is another slot's soon, which alone is to be recognised by it. */
    public void forgetCookie(int slot) {
        setCookie(slot, NO_COOKIE);
    }

    private void setCookie(int slot, long cookie) {
        Words.setRelease(memory, region.at(slot) + SlotLayout.COOKIE, cookie);
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
