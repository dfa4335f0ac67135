package org.ringfence.ring.layout;

/**
 * A bitmap of slots with news, {@code struct rf_pending}.
 *
 * <pre>
 * 0    summary u64[16]: bit w of all says that leaf w is not zero
 * 128  leaf u64[1024]: bit n of all says that slot n has news
 * </pre>
 */
public final class PendingLayout {
    public static final int SUMMARY = 0;
    public static final int LEAF = 128;
    public static final int BYTES = 128 + 8192;

    private PendingLayout() {
    }
}
