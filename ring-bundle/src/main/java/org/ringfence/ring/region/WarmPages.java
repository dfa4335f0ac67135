package org.ringfence.ring.region;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;

/**
 * Free pages of a pool that may still have memory, since they were part of a ring. The next ring has them without a fault; those that no ring has wanted
 * for a while are surplus, and their memory goes back to the kernel. Event loop's thread only; allocates nothing.
 */
final class WarmPages {
    /** Looks, one a second, in which so many pages have been free all the time: they are surplus. */
    private static final int LOOKS = 4;

    private final long[] words;
    private int count;
    /** The fewest there were since the surplus was reckoned. */
    private int least;
    private int surplus;
    private int looks;

    WarmPages(int pages) {
        words = new long[(pages + 63) / 64];
    }

    WarmPages(HandoverState from) {
        words = from.longNumbers("words");
        count = from.number("count");
        least = from.number("least");
        surplus = from.number("surplus");
        looks = from.number("looks");
    }

    HandoverState handOver() {
        return new HandoverState("warm", 1).put("words", words).put("count", count).put("least", least).put("surplus", surplus).put("looks", looks);
    }

    /** Pages of a ring that was given back. Pages are so many as a power of 2, and {@code page} a multiple of that. */
    void given(int page, int pages) {
        count -= warm(page, pages);
        count += pages;
        set(page, pages, -1L);
    }

    /** Pages that are not free any more. */
    void taken(int page, int pages) {
        count -= warm(page, pages);
        least = Math.min(least, count);
        surplus = Math.min(surplus, count);
        set(page, pages, 0);
    }

    /** Pages that are free and have no memory any more. */
    void cooled(int page, int pages) {
        surplus = Math.max(0, surplus - warm(page, pages));
        taken(page, pages);
    }

    /** How many of those are warm. */
    int warm(int page, int pages) {
        if (pages < 64) {
            return Long.bitCount(words[page >> 6] & mask(page, pages));
        }
        int warm = 0;
        for (int word = page >> 6, end = page + pages >> 6; word < end; word++) {
            warm += Long.bitCount(words[word]);
        }
        return warm;
    }

    private void set(int page, int pages, long bits) {
        if (pages < 64) {
            long mask = mask(page, pages);
            words[page >> 6] = words[page >> 6] & ~mask | bits & mask;
        } else {
            Arrays.fill(words, page >> 6, page + pages >> 6, bits);
        }
    }

    private static long mask(int page, int pages) {
        return (1L << pages) - 1 << page;
    }

    int count() {
        return count;
    }

    /** About once a second. */
    void look() {
        if (++looks >= LOOKS) {
            looks = 0;
            surplus = least;
            least = count;
        }
    }

    /** So many pages are to give their memory back; at most as many as there are. */
    int surplus() {
        return surplus;
    }
}
