package org.ringfence.policy;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.policy.ChainedPolicy.Counters;

/** What a chain knows of policies by their names, and hands over to the next version of itself: place among equals, and counts. */
final class ChainMemory {
    static final String NAME = "policy.chain";
    private static final int VERSION = 1;

    /** Place among policies of the same ranking, and counts; inherited by whoever has the name next. */
    record Remembered(long order, Counters counters) {
    }

    private final Map<String, Remembered> byName = new HashMap<>();
    private final Set<Long> proven = new HashSet<>();

    /** @param state of a chain before this one, or null */
    ChainMemory(HandoverState state) {
        if (state == null) {
            return;
        }
        state.expect(NAME, VERSION);
        String[] names = state.get("names", String[].class);
        long[] orders = state.longNumbers("orders");
        for (int i = 0; i < names.length; i++) {
            Counters counters = new Counters();
            counters.asked.add(state.longNumbers("asked")[i]);
            counters.allowed.add(state.longNumbers("allowed")[i]);
            counters.refused.add(state.longNumbers("refused")[i]);
            counters.failed.add(state.longNumbers("failed")[i]);
            counters.nanoseconds.add(state.longNumbers("nanoseconds")[i]);
            byName.put(names[i], new Remembered(orders[i], counters));
        }
        for (long id : state.longNumbers("proven")) {
            proven.add(id);
        }
    }

    /** True if the service was asked by the chain before, which may be asking it at this moment. */
    boolean isProven(long serviceId) {
        return proven.contains(serviceId);
    }

    Remembered of(String name, long serviceId) {
        return byName.computeIfAbsent(name, n -> new Remembered(serviceId, new Counters()));
    }

    HandoverState handOver(Collection<ChainedPolicy> asked) {
        int n = byName.size();
        String[] names = new String[n];
        long[] orders = new long[n];
        long[][] counts = new long[5][n];
        int i = 0;
        for (Map.Entry<String, Remembered> entry : byName.entrySet()) {
            Counters counters = entry.getValue().counters;
            names[i] = entry.getKey();
            orders[i] = entry.getValue().order;
            counts[0][i] = counters.asked.sum();
            counts[1][i] = counters.allowed.sum();
            counts[2][i] = counters.refused.sum();
            counts[3][i] = counters.failed.sum();
            counts[4][i++] = counters.nanoseconds.sum();
        }
        return new HandoverState(NAME, VERSION).put("names", names).put("orders", orders).put("asked", counts[0]).put("allowed", counts[1])
                .put("refused", counts[2]).put("failed", counts[3]).put("nanoseconds", counts[4])
                .put("proven", asked.stream().filter(policy -> !policy.isRejected()).mapToLong(policy -> policy.place.serviceId()).toArray());
    }
}
