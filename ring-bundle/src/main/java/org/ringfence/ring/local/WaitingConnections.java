package org.ringfence.ring.local;

import java.util.Arrays;

/** Connections that a listener's queue has no room for: a queue for each listener, first in first out, linked through the slots. */
final class WaitingConnections {
    private static final int NONE = -1;

    private final int[] next;
    private final int[] first;
    private final int[] last;
    private final int[] count;

    WaitingConnections(int slots) {
        next = new int[slots];
        first = new int[slots];
        last = new int[slots];
        count = new int[slots];
        Arrays.fill(first, NONE);
    }

    void add(int listener, int slot) {
        next[slot] = NONE;
        if (first[listener] == NONE) {
            first[listener] = slot;
        } else {
            next[last[listener]] = slot;
        }
        last[listener] = slot;
        count[listener]++;
    }

    /** The one that has waited longest; there must be one. */
    int take(int listener) {
        int slot = first[listener];
        first[listener] = next[slot];
        count[listener]--;
        return slot;
    }

    int count(int listener) {
        return count[listener];
    }
}
