package org.ringfence.ring.region;

import java.util.Arrays;
import java.util.function.LongPredicate;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.layout.Grant;

/**
 * The pool of data rings: a buddy allocator over its pages, kept in the gateway's own memory. Free blocks of an order are taken
 * last-in first-out, so that rings lie on pages that have memory already, if there are any. Event loop's thread only.
 */
final class RingPool {
    private static final int NONE = -1;
    private static final byte INNER = -1; // not the first page of a block
    /** Blocks that are looked at before the time is. */
    private static final int AT_ONCE = 64;

    private static final int FIRST_PAGES = 4096;

    private final int pages;
    /**
     * Order of the block that begins at a page, with {@link #FREE} added if it is free. Those pages that were never wanted are not known yet: this
     * table and the next two become longer when no block is left, by largest blocks.
     */
    private byte[] block;
    private static final byte FREE = 16;
    private int[] next;
    private int[] previous;
    private final int[] first;
    private final int[] last;
    private final WarmPages warm;
    /** Where the look for surplus pages goes on. */
    private int cooling;
    private int freePages;
    private int reservedPages;
    private int epoch;
    /** The region the pool lies in, and where; null where no memory belongs to it. */
    private final SharedMemory shared;
    private final int poolAt;
    /** Asked before the tables become longer by so many bytes. */
    private final LongPredicate heap;

    RingPool(long bytes) {
        this(bytes, null, 0, more -> true);
    }

    RingPool(long bytes, SharedMemory shared, int poolAt, LongPredicate heap) {
        this.shared = shared;
        this.poolAt = poolAt;
        this.heap = heap;
        pages = (int) (bytes / Grant.PAGE_BYTES);
        block = new byte[0];
        next = new int[0];
        previous = new int[0];
        first = new int[Grant.MAX_ORDER + 1];
        last = new int[Grant.MAX_ORDER + 1];
        warm = new WarmPages(pages);
        Arrays.fill(first, NONE);
        Arrays.fill(last, NONE);
        know(firstPages(pages));
        freePages = pages;
    }

    RingPool(HandoverState from, SharedMemory shared, int poolAt, LongPredicate heap) {
        this.shared = shared;
        this.poolAt = poolAt;
        this.heap = heap;
        block = from.bytes("block");
        pages = from.has("pages") ? from.number("pages") : block.length;
        next = from.numbers("next");
        previous = from.numbers("previous");
        first = from.numbers("first");
        last = new int[first.length];
        freePages = from.number("freePages");
        reservedPages = from.number("reservedPages");
        epoch = from.number("epoch");
        warm = from.has("warm") ? new WarmPages(from.state("warm")) : new WarmPages(pages);
        for (int order = 0; order < first.length; order++) {
            last[order] = NONE;
            for (int page = first[order]; page != NONE; page = next[page]) {
                last[order] = page;
                if (!from.has("warm")) { // from a version that did not know
                    warm.given(page, 1 << order);
                }
            }
        }
    }

    HandoverState handOver() {
        return new HandoverState("pool", 1).put("pages", pages).put("block", block).put("next", next).put("previous", previous).put("first", first)
                .put("freePages", freePages).put("reservedPages", reservedPages).put("epoch", epoch).put("warm", warm.handOver());
    }

    static int firstPages(int pages) {
        return Math.min(pages, FIRST_PAGES);
    }

    int knownPages() {
        return block.length;
    }

    /** The first so many pages are known: those that were not are free. */
    private void know(int end) {
        int before = block.length;
        block = Arrays.copyOf(block, end);
        next = Arrays.copyOf(next, end);
        previous = Arrays.copyOf(previous, end);
        Arrays.fill(block, before, end, INNER);
        int largest = 1 << Grant.MAX_ORDER;
        // From the top down, so that the first blocks taken are the lowest.
        for (int page = (end - 1) / largest * largest; page >= before; page -= largest) {
            for (int at = page, to = Math.min(page + largest, end); at < to; ) {
                int order = Math.min(Integer.numberOfTrailingZeros(at == page ? largest : at), 31 - Integer.numberOfLeadingZeros(to - at));
                push(at, order);
                at += 1 << order;
            }
        }
    }

    /** More pages are known; false if all were, or the heap has no room for them. */
    private boolean knowMore() {
        int more = Math.min(block.length, pages - block.length);
        if (more == 0 || !heap.test((long) more * Tables.PAGE_BYTES)) {
            return false;
        }
        know(block.length + more);
        return true;
    }

    /** A ring of {@code 4096 << order} bytes as a grant with an epoch of its own, or 0 if the pool has none. */
    long take(int order) {
        int from = orderWithFree(order);
        while (from > Grant.MAX_ORDER && knowMore()) {
            from = orderWithFree(order);
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
        warm.taken(page, 1 << order);
        freePages -= 1 << order;
        return Grant.of(page, order, ++epoch);
    }

    /** The smallest order from {@code order} on that has a free block; beyond the last if there is none. */
    private int orderWithFree(int order) {
        int from = order;
        while (from <= Grant.MAX_ORDER && first[from] == NONE) {
            from++;
        }
        return from;
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
        warm.given(page, 1 << order);
        freePages += 1 << order;
        while (order < Grant.MAX_ORDER) {
            int buddy = page ^ 1 << order;
            if (buddy + (1 << order) > block.length || block[buddy] != order + FREE) {
                break;
            }
            unlink(buddy, order);
            block[Math.max(page, buddy)] = INNER;
            page = Math.min(page, buddy);
            order++;
        }
        push(page, order);
    }

    /** The same, and gives its memory back to the kernel. */
    void giveWithMemory(long grant) {
        punch(grant);
        give(grant);
        int page = Grant.page(grant);
        int order = Grant.order(grant);
        warm.taken(page, 1 << order);
        if (block[page] == order + FREE) { // else it has become part of a larger one
            unlink(page, order);
            append(page, order);
        }
    }

    /** Gives the memory of a ring that nobody is at back to the kernel: it reads as zeros from then on. */
    void punch(long grant) {
        shared.punch(poolAt + (long) Grant.page(grant) * Grant.PAGE_BYTES, Grant.bytes(grant));
    }

    /** A look for free pages that have memory and are not wanted begins, to be gone on with by {@link #cool}; about once a second. */
    void look() {
        warm.look();
    }

    /**
     * Goes on with the look: surplus memory goes back to the kernel, and its pages are taken last.
     *
     * @param until when it is to stop, if it is not done by then, as {@link System#nanoTime}
     * @return true if there is more
     */
    boolean cool(long until) {
        for (int looked = 1; warm.surplus() > 0; looked++) {
            if (looked % AT_ONCE == 0 && System.nanoTime() - until > 0) {
                return true;
            }
            cooling = head(cooling);
            int order = block[cooling] & FREE - 1;
            if (block[cooling] >= FREE && warm.warm(cooling, 1 << order) > 0) {
                shared.punch(poolAt + (long) cooling * Grant.PAGE_BYTES, (long) Grant.PAGE_BYTES << order);
                warm.cooled(cooling, 1 << order);
                unlink(cooling, order);
                append(cooling, order);
                looked = -1; // that has taken time
            }
            cooling += 1 << order;
        }
        return false;
    }

    /** The first page of the block that a page lies in: blocks lie at multiples of their size. */
    private int head(int page) {
        int head = page < block.length ? page : 0;
        for (int order = 0; block[head] == INNER; order++) {
            head &= -1 << order;
        }
        return head;
    }

    /** Free pages that may have memory. */
    int warmPages() {
        return warm.count();
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
        } else {
            last[order] = page;
        }
        first[order] = page;
    }

    /** A block is to be taken after all others of its order. */
    private void append(int page, int order) {
        if (last[order] == NONE) {
            push(page, order);
            return;
        }
        block[page] = (byte) (order + FREE);
        previous[page] = last[order];
        next[page] = NONE;
        next[last[order]] = page;
        last[order] = page;
    }

    private void unlink(int page, int order) {
        if (previous[page] == NONE) {
            first[order] = next[page];
        } else {
            next[previous[page]] = next[page];
        }
        if (next[page] != NONE) {
            previous[next[page]] = previous[page];
        } else {
            last[order] = previous[page];
        }
        block[page] = INNER;
    }
}
