package org.ringfence.ring.layout;

/**
 * A data ring, named by one word: first page in the pool 0..31, order 32..39, valid 40, epoch 48..63. 0 is no grant. The ring has
 * {@code 4096 << order} bytes.
 */
public final class Grant {
    public static final int PAGE_BYTES = 4096;
    /** Largest order: rings of 1 MiB. */
    public static final int MAX_ORDER = 8;
    private static final long VALID = 1L << 40;

    public static long of(int page, int order, int epoch) {
        return page & 0xffffffffL | (long) order << 32 | VALID | (long) (epoch & 0xffff) << 48;
    }

    public static int page(long grant) {
        return (int) grant;
    }

    public static int order(long grant) {
        return (int) (grant >>> 32) & 0xff;
    }

    /** Size of the ring in bytes. */
    public static int bytes(long grant) {
        return PAGE_BYTES << order(grant);
    }

    public static int epoch(long grant) {
        return (int) (grant >>> 48);
    }

    private Grant() {
    }
}
