package org.ringfence.ring.region;

import java.util.Arrays;

/** Tables of a region have rows for as many slots as were ever in use, and become longer with them. */
public final class Tables {
    /** Bytes of heap for a row of all tables, for a page that the pool knows, for each slot there can be, and for a region: counted, and rounded up. */
    static final int ROW_BYTES = 160;
    static final int PAGE_BYTES = 10;
    private static final int SLOT_BYTES = 6;
    private static final int REGION_BYTES = 64 << 10;

    private Tables() {
    }

    static long bytes(int slots, int rows, int pages) {
        return REGION_BYTES + (long) slots * SLOT_BYTES + (long) rows * ROW_BYTES + (long) pages * PAGE_BYTES;
    }

    /** Those of a region that has just been made, with so many slots and pages. */
    public static long firstBytes(int slots, int pages) {
        return bytes(slots, Slots.firstRows(slots), RingPool.firstPages(pages));
    }

    /** The table with so many rows; {@code value} is in those that are new. */
    public static int[] grown(int[] table, int rows, int value) {
        int[] longer = Arrays.copyOf(table, rows);
        if (value != 0) {
            Arrays.fill(longer, table.length, rows, value);
        }
        return longer;
    }
}
