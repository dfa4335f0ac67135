package org.ringfence.ring.local;

import org.ringfence.ring.region.Tables;

/** What is known of each slot of an application's region, one bit each. Event loop's thread only. */
final class SlotFlags {
    /** A fresh socket that waits in the pool. */
    static final int POOLED = 1;
    /** To be made readable once its end is known. */
    static final int OWED = 4;
    static final int SHOWN_EOF = 8;
    static final int SHOWN_SENDING_OVER = 16;
    static final int SHOWN_BOTH = SHOWN_EOF | SHOWN_SENDING_OVER;
    /** Its close was reported to the session. */
    static final int CLOSED = 32;
    /** The application stuffed its end. */
    static final int HAS_PACKETS = 64;
    /** And so it was at the watchdog's last look. */
    static final int HAD_PACKETS = 128;
    static final int LISTENER = 256;
    /** The listener's queue was full at the last offer. */
    static final int FULL = 512;
    /** The listener's connections are armed as soon as they are accepted. */
    static final int ARMS = 1024;

    private int[] bits;

    /** @param bits of each slot; as {@link #bits} gave them, or zeros */
    SlotFlags(int[] bits) {
        this.bits = bits;
    }

    int[] bits() {
        return bits;
    }

    void grow(int rows) {
        bits = Tables.grown(bits, rows, 0);
    }

    boolean any(int slot, int mask) {
        return (bits[slot] & mask) != 0;
    }

    boolean all(int slot, int mask) {
        return (bits[slot] & mask) == mask;
    }

    void set(int slot, int mask) {
        bits[slot] |= mask;
    }

    void clear(int slot, int mask) {
        bits[slot] &= ~mask;
    }

    void put(int slot, int mask, boolean value) {
        bits[slot] = value ? bits[slot] | mask : bits[slot] & ~mask;
    }

    /** Clears them and says whether one was set. */
    boolean take(int slot, int mask) {
        boolean any = any(slot, mask);
        clear(slot, mask);
        return any;
    }
}
