package org.ringfence.ring.local;

import java.util.Arrays;
import java.util.BitSet;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.region.Tables;

/**
 * Which listener a connection came through, and those that a listener's pair has no room for: a queue for each listener, first in first out,
 * linked through the slots. Event loop's thread only.
 */
final class ListenerQueues {
    static final int NONE = -1;

    private int[] listenerOf;
    private int[] next;
    private int[] first;
    private int[] last;
    private int[] count;
    /** Listeners that have room and a queue: the batch had none. */
    private final BitSet unsent;

    ListenerQueues(int rows) {
        listenerOf = new int[rows];
        next = new int[rows];
        first = new int[rows];
        last = new int[rows];
        count = new int[rows];
        unsent = new BitSet();
        Arrays.fill(listenerOf, NONE);
        Arrays.fill(first, NONE);
    }

    /** @param of the region, in whose own state the listeners are */
    ListenerQueues(HandoverState of) {
        HandoverState from = of.state("waiting");
        listenerOf = of.numbers("listenerOf");
        next = from.numbers("next");
        first = from.numbers("first");
        last = from.numbers("last");
        count = from.numbers("count");
        unsent = from.has("unsent") ? BitSet.valueOf(from.longNumbers("unsent")) : new BitSet();
    }

    void save(HandoverState into) {
        into.put("listenerOf", listenerOf).put("waiting",
                new HandoverState("waiting", 1).put("next", next).put("first", first).put("last", last).put("count", count)
                        .put("unsent", unsent.toLongArray()));
    }

    void grow(int rows) {
        listenerOf = Tables.grown(listenerOf, rows, NONE);
        next = Tables.grown(next, rows, 0);
        first = Tables.grown(first, rows, NONE);
        last = Tables.grown(last, rows, 0);
        count = Tables.grown(count, rows, 0);
    }

    /** A connection came through a listener. */
    void came(int listener, int slot) {
        listenerOf[slot] = listener;
    }

    /** The connection's listener, or {@link #NONE} if it has none or is not to have one any more. */
    int listenerOf(int slot) {
        return listenerOf[slot];
    }

    void forget(int slot) {
        listenerOf[slot] = NONE;
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

    /** Takes one out of the middle; false if it is not there. */
    boolean remove(int listener, int slot) {
        int before = NONE;
        int at = count[listener] == 0 ? NONE : first[listener];
        while (at != slot && at != NONE) {
            before = at;
            at = next[at];
        }
        if (at == NONE) {
            return false;
        }
        if (before == NONE) {
            first[listener] = next[slot];
        } else {
            next[before] = next[slot];
        }
        if (last[listener] == slot) {
            last[listener] = before;
        }
        count[listener]--;
        return true;
    }

    int count(int listener) {
        return count[listener];
    }

    // ---- what the batch has no room for ----

    /** The rest of a listener's queue is sent with a later batch. */
    void postpone(int listener) {
        unsent.set(listener);
    }

    boolean hasPostponed() {
        return !unsent.isEmpty();
    }

    /** The listener is gone. */
    void notPostponed(int listener) {
        unsent.clear(listener);
    }

    /** The first postponed listener from a given one on, which is none any more; {@link #NONE} if there is none. */
    int takePostponed(int from) {
        int listener = unsent.nextSetBit(from);
        if (listener >= 0) {
            unsent.clear(listener);
        }
        return listener;
    }
}
