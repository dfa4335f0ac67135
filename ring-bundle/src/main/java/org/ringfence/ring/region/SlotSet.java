package org.ringfence.ring.region;

import org.ringfence.api.handover.HandoverState;

/** A set of slots, for those few of many that have to be looked at. Event loop's thread only; allocates nothing. */
final class SlotSet {
    private final long[] words;
    private int size;

    SlotSet(int slots) {
        words = new long[(slots + 63) / 64];
    }

    SlotSet(HandoverState from) {
        words = from.longNumbers("words");
        size = from.number("size");
    }

    HandoverState handOver() {
        return new HandoverState("slots", 1).put("words", words).put("size", size);
    }

    /** All slots below {@code end}: from a version that did not know which. */
    static SlotSet below(int end, int slots) {
        SlotSet all = new SlotSet(slots);
        for (int slot = 0; slot < end; slot++) {
            all.add(slot);
        }
        return all;
    }

    void add(int slot) {
        long before = words[slot >> 6];
        long after = before | 1L << slot;
        if (after != before) {
            words[slot >> 6] = after;
            size++;
        }
    }

    void remove(int slot) {
        long before = words[slot >> 6];
        long after = before & ~(1L << slot);
        if (after != before) {
            words[slot >> 6] = after;
            size--;
        }
    }

    boolean has(int slot) {
        return (words[slot >> 6] & 1L << slot) != 0;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The first slot from {@code slot} on that is in the set, or -1. */
    int from(int slot) {
        if (size == 0) {
            return -1;
        }
        int index = slot >> 6;
        if (index >= words.length) {
            return -1;
        }
        long word = words[index] & -1L << slot;
        while (word == 0) {
            if (++index == words.length) {
                return -1;
            }
            word = words[index];
        }
        return index * 64 + Long.numberOfTrailingZeros(word);
    }
}
