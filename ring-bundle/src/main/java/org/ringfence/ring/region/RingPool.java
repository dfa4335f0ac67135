package org.ringfence.ring.region;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.layout.Grant;

/**
 * The pool of data rings: a buddy allocator over its pages, kept in the gateway's own memory. Free blocks of an order are taken
 * last-in first-out, so that few pages stay warm. Event loop's thread only.
 */
final class RingPool {
    private static final int NONE = -1;
    private static final byte INNER = -1; // not the first page of a block

    private final int pages;
    /** Order of the block that begins at a page, with {@link #FREE} added if it is free. */
    private final byte[] block;
    private static final byte FREE = 16;
    private final int[] next;
    private final int[] previous;
    private final int[] first;
    private int freePages;
    private int reservedPages;
    private int epoch;
    /** The region the pool lies in, and where; null where no memory belongs to it. */
    private final SharedMemory shared;
    private final int poolAt;

    RingPool(long bytes) {
        this(bytes, null, 0);
    }

    RingPool(long bytes, SharedMemory shared, int poolAt) {
        this.shared = shared;
        this.poolAt = poolAt;
        pages = (int) (bytes / Grant.PAGE_BYTES);
        block = new byte[pages];
        next = new int[pages];
        previous = new int[pages];
        first = new int[Grant.MAX_ORDER + 1];
        Arrays.fill(block, INNER);
        Arrays.fill(first, NONE);
        int largest = 1 << Grant.MAX_ORDER;
        // From the top down, so that the first blocks taken lie at the beginning of the pool.
        for (int page = (pages - 1) / largest * largest; page >= 0; page -= largest) {
            for (int at = page, end = Math.min(page + largest, pages); at < end; ) {
                int order = Math.min(Integer.numberOfTrailingZeros(at == page ? largest : at), 31 - Integer.numberOfLeadingZeros(end - at));
                push(at, order);
                at += 1 << order;
            }
        }
        freePages = pages;
    }

    RingPool(HandoverState from, SharedMemory shared, int poolAt) {
        this.shared = shared;
        this.poolAt = poolAt;
        block = from.bytes("block");
        pages = block.length;
        next = from.numbers("next");
        previous = from.numbers("previous");
        first = from.numbers("first");
        freePages = from.number("freePages");
        reservedPages = from.number("reservedPages");
        epoch = from.number("epoch");
    }

    HandoverState handOver() {
        return new HandoverState("pool", 1).put("block", block).put("next", next).put("previous", previous).put("first", first)
                .put("freePages", freePages).put("reservedPages", reservedPages).put("epoch", epoch);
    }

    /** A ring of {@code 4096 << order} bytes as a grant with an epoch of its own, or 0 if the pool has none. */
    long take(int order) {
        int from = order;
        while (from <= Grant.MAX_ORDER && first[from] == NONE) {
            from++;
        }
        if (from > Grant.MAX_ORDER) {
            return 0;
        }
        int page = first[from];
        unlink(page, from);
        while (from > order) {
            from--;
            push(page + (1 << from), from);
        }
        block[page] = (byte) order;
        freePages -= 1 << order;
        return Grant.of(page, order, ++epoch);
    }

    /** Gives a ring back. 0 is no ring. */
    void give(long grant) {
        if (grant == 0) {
            return;
        }
        int page = Grant.page(grant);
        int order = Grant.order(grant);
        if (block[page] != order) {
            throw new IllegalStateException("ring at page " + page + " of order " + order + " is not taken");
        }
        freePages += 1 << order;
        while (order < Grant.MAX_ORDER) {
            int buddy = page ^ 1 << order;
            if (buddy + (1 << order) > pages || block[buddy] != order + FREE) {
                break;
            }
            unlink(buddy, order);
            block[Math.max(page, buddy)] = INNER;
            page = Math.min(page, buddy);
            order++;
        }
        push(page, order);
    }

    /** Gives the memory of a ring that nobody is at back to the kernel: it reads as zeros from then on. */
    void punch(long grant) {
        shared.punch(poolAt + (long) Grant.page(grant) * Grant.PAGE_BYTES, Grant.bytes(grant));
    }

    /** Has the bytes of a ring {@code from} an offset {@code to} another, whole pages, mapped at once before they are touched. */
    void populate(long grant, int from, int to, boolean written) {
        shared.populate(poolAt + (long) Grant.page(grant) * Grant.PAGE_BYTES + from, to - from, written);
    }

    /** Pages that only smallest rings may use, so that every slot can still be opened. */
    void reserve(int count) {
        reservedPages = count;
    }

    /** A ring of more than one page, or 0 if that would touch the reserve. */
    long takeLarge(int order) {
        return freePages - (1 << order) < reservedPages ? 0 : take(order);
    }

    int freePages() {
        return freePages;
    }

    int pages() {
        return pages;
    }

    private void push(int page, int order) {
        block[page] = (byte) (order + FREE);
        previous[page] = NONE;
        next[page] = first[order];
        if (first[order] != NONE) {
            previous[first[order]] = page;
        }
        first[order] = page;
    }

    private void unlink(int page, int order) {
        if (previous[page] == NONE) {
            first[order] = next[page];
        } else {
            next[previous[page]] = next[page];
        }
        if (next[page] != NONE) {
            previous[next[page]] = previous[page];
        }
        block[page] = INNER;
    }
}
