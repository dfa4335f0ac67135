package org.ringfence.policy;

import java.util.HashMap;
import java.util.Map;
import org.ringfence.api.handover.HandoverState;

/**
 * What is worth handing over of a table of sources, as of a moment: who has connections, penalties, or more than a connection or request a second.
 *
 * @param at {@link System#nanoTime()}
 */
record SourceCounts(long at, long[] keys, int[] open, float[] connections, float[] requests, float[] penalties) {
    static SourceCounts of(HandoverState state) {
        return new SourceCounts(state.longNumber("at"), state.longNumbers("keys"), state.numbers("open"), state.get("connections", float[].class),
                state.get("requests", float[].class), state.get("penalties", float[].class));
    }

    HandoverState into(HandoverState state) {
        return state.put("at", at).put("keys", keys).put("open", open).put("connections", connections).put("requests", requests)
                .put("penalties", penalties);
    }

    int size() {
        return keys.length;
    }

    /** The same without connections: some may have ended unseen. */
    SourceCounts withoutOpen() {
        return new SourceCounts(at, keys, new int[keys.length], connections, requests, penalties);
    }

    /** How many connections more each source has here than there; nothing else. */
    SourceCounts since(SourceCounts before) {
        Map<Long, Integer> more = new HashMap<>();
        for (int i = 0; i < keys.length; i++) {
            more.merge(keys[i], open[i], Integer::sum);
        }
        for (int i = 0; i < before.keys.length; i++) {
            more.merge(before.keys[i], -before.open[i], Integer::sum);
        }
        more.values().removeIf(count -> count == 0);
        long[] changed = more.keySet().stream().mapToLong(Long::longValue).toArray();
        int[] by = new int[changed.length];
        for (int i = 0; i < changed.length; i++) {
            by[i] = more.get(changed[i]);
        }
        return new SourceCounts(at, changed, by, new float[changed.length], new float[changed.length], new float[changed.length]);
    }
}
