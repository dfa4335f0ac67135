package org.ringfence.ring.region;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;

/**
 * Which slots of a region are open, and in which generation. One that was never open is taken when no other is left, the lowest first: so tables
 * have no more rows than there were slots open at once, rounded up. Event loop's thread only.
 */
final class Slots {
    /** Rows of tables at first; they double. */
    private static final int FIRST_ROWS = 1024;

    private final int most;
    private int[] generation;
    /** Those that were open and are not, the last one first. */
    private int[] freed;
    private int freedCount;
    /** One more than the highest slot ever open. */
    private int highWater;

    Slots(int most) {
        this.most = most;
        generation = new int[firstRows(most)];
        freed = new int[generation.length];
    }

    Slots(int most, HandoverState from) {
        this.most = most;
        generation = from.numbers("generation");
        highWater = from.number("highWater");
        if (from.has("freed")) {
            freed = from.numbers("freed");
            freedCount = from.number("freedCount");
        } else { // a version that had all that are not open, those that never were among them
            int end = highWater;
            int[] all = Arrays.copyOf(from.numbers("free"), from.number("freeCount"));
            int[] were = Arrays.stream(all).filter(slot -> slot < end).toArray();
            freed = Arrays.copyOf(were, generation.length);
            freedCount = were.length;
        }
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("generation", generation).put("freed", freed).put("freedCount", freedCount).put("highWater", highWater);
    }

    static int firstRows(int slots) {
        return Math.min(slots, FIRST_ROWS);
    }

    /** So many rows tables have. */
    int rows() {
        return generation.length;
    }

    /** The one to be opened next, for which tables may have no row yet; -1 if all are open. */
    int next() {
        if (freedCount > 0) {
            return freed[freedCount - 1];
        }
        return highWater < most ? highWater : -1;
    }

    /** So many rows tables are to have next. */
    int nextRows() {
        return Math.min(most, 2 * rows());
    }

    void grow(int rows) {
        generation = Arrays.copyOf(generation, rows);
        freed = Arrays.copyOf(freed, rows);
    }

    /** The next one is open. Returns its generation. */
    int open() {
        int slot = next();
        if (freedCount > 0) {
            freedCount--;
        } else {
            highWater++;
        }
        return ++generation[slot];
    }

    /** Returns the generation that nobody has. */
    int free(int slot) {
        freed[freedCount++] = slot;
        return ++generation[slot];
    }

    /** 0 of a slot that was never open. Any number may be asked for. */
    int generation(int slot) {
        return slot >= 0 && slot < generation.length ? generation[slot] : 0;
    }

    boolean isOpen(int slot) {
        return (generation(slot) & 1) != 0;
    }

    int highWater() {
        return highWater;
    }

    int openCount() {
        return highWater - freedCount;
    }

    int closedCount() {
        return most - openCount();
    }
}
