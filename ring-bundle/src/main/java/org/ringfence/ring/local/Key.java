package org.ringfence.ring.local;

/** The number epoll reports with an event: kind 56..63, region 32..55, slot or descriptor 0..31. */
final class Key {
    static final int WAKE = 1;
    static final int ATTACH_SOCKET = 2;
    static final int INS_SOCKET = 3;
    /** A connection that has not said hello; low half: its descriptor. */
    static final int GREETING = 4;
    /** A connection that has attached to a region; low half: its descriptor. */
    static final int ATTACHED = 5;
    static final int DOORBELL = 6;
    /** The gateway's end of a readiness pair; low half: its slot. */
    static final int PAIR = 7;
    /** The gateway's end of a region's pool channel. */
    static final int POOL = 8;
    /** The largest number of a region. */
    static final int LAST_REGION = 0xffffff;

    static long of(int kind, int region, int low) {
        return (long) kind << 56 | (long) (region & LAST_REGION) << 32 | low & 0xffffffffL;
    }

    static int kind(long key) {
        return (int) (key >>> 56);
    }

    static int region(long key) {
        return (int) (key >>> 32) & LAST_REGION;
    }

    static int low(long key) {
        return (int) key;
    }

    private Key() {
    }
}
