package org.ringfence.ring.local;

/** The number epoll reports with an event: kind 56..63, region 32..55, slot or descriptor 0..31. */
final class Key {
    private static final int SLOT_BITS = 20;
    static final int WAKE = 1;
    static final int ATTACH_SOCKET = 2;
    static final int INS_SOCKET = 3;
    /** A connection that has not said hello; low half: its descriptor. */
    static final int GREETING = 4;
    /** A connection that has attached to a region; low half: its descriptor. */
    static final int ATTACHED = 5;
    static final int DOORBELL = 6;
    /** The gateway's end of a readiness pair; low half: its slot 0..19 and of that one's generation the last twelve bits, which are never 0. */
    static final int PAIR = 7;
    /** The gateway's end of a region's pool channel. */
    static final int POOL = 8;

    static long of(int kind, int region, int low) {
        return (long) kind << 56 | (long) (region & 0xffffff) << 32 | low & 0xffffffffL;
    }

    /** Of a pair: an end that is about to be closed may be heard of when its slot is another connection's. */
    static long ofPair(int region, int slot, int generation) {
        return of(PAIR, region, slot | generation << SLOT_BITS);
    }

    static int slot(long key) {
        return low(key) & (1 << SLOT_BITS) - 1;
    }

    /** True if the key was made for this generation; versions before this one said none. */
    static boolean isOf(long key, int generation) {
        int said = low(key) >>> SLOT_BITS;
        return said == 0 || said == (generation << SLOT_BITS) >>> SLOT_BITS;
    }

    static int kind(long key) {
        return (int) (key >>> 56);
    }

    static int region(long key) {
        return (int) (key >>> 32) & 0xffffff;
    }

    static int low(long key) {
        return (int) key;
    }

    private Key() {
    }
}
