package org.ringfence.gateway.internal;

/**
 * How long the responses of a listener were, by what was asked for: whoever writes one of that kind again is granted a ring for it, or for its
 * beginning, before he begins, and need not stop so soon and be told of room. Event loop's thread only.
 */
final class ResponseSizes {
    private static final int TARGETS = 256;
    /**
     * More is not granted at a time: what an application writes at once, a page for somebody else waits for (decision 44). A ring
     * that fills grows nevertheless.
     */
    static final int MOST_BYTES = 64 << 10;

    /** By {@link HttpReader#target}: one of a place, the last. */
    private final long[] targets = new long[TARGETS];
    private final int[] bytes = new int[TARGETS];

    /** A response is complete: so many bytes, head and body. */
    void learn(long target, long length) {
        int place = place(target);
        targets[place] = target;
        bytes[place] = (int) Math.min(length, MOST_BYTES);
    }

    /** Bytes of the last response to the same, {@value #MOST_BYTES} at most; 0 if that is not known. */
    int of(long target) {
        int place = place(target);
        return target != 0 && targets[place] == target ? bytes[place] : 0;
    }

    private static int place(long target) {
        return (int) target & TARGETS - 1;
    }
}
