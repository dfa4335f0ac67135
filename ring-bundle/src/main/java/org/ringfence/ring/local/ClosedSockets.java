package org.ringfence.ring.local;

import java.util.Arrays;

/** Closed sockets that the session's listener has not been told of yet: first in, first out. Event loop's thread only. */
final class ClosedSockets {
    private LocalApplicationRegion[] regions = new LocalApplicationRegion[64];
    private int[] slots = new int[64];
    private int taken;
    private int count;
    /** All that were ever taken. */
    private long told;

    void add(LocalApplicationRegion region, int slot) {
        if (count == slots.length && taken > 0) {
            count -= taken;
            System.arraycopy(regions, taken, regions, 0, count);
            System.arraycopy(slots, taken, slots, 0, count);
            Arrays.fill(regions, count, count + taken, null);
            taken = 0;
        } else if (count == slots.length) {
            regions = Arrays.copyOf(regions, count * 2);
            slots = Arrays.copyOf(slots, count * 2);
        }
        regions[count] = region;
        slots[count++] = slot;
    }

    boolean isEmpty() {
        return taken == count;
    }

    int size() {
        return count - taken;
    }

    /** The number of the last one, counted from 1. */
    long last() {
        return told + size();
    }

    /** True if that one was taken, and all before it. */
    boolean isTold(long number) {
        return told >= number;
    }

    /** The region of the oldest one; there must be one. */
    LocalApplicationRegion region() {
        return regions[taken];
    }

    /** Takes the oldest one: its slot. */
    int take() {
        int slot = slots[taken];
        told++;
        regions[taken++] = null;
        if (taken == count) {
            taken = 0;
            count = 0;
        }
        return slot;
    }

    /** For another version: ids of regions and slots in turn. */
    int[] handOver() {
        int[] all = new int[(count - taken) * 2];
        for (int i = taken; i < count; i++) {
            all[(i - taken) * 2] = regions[i].id();
            all[(i - taken) * 2 + 1] = slots[i];
        }
        return all;
    }
}
