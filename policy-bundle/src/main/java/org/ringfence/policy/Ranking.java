package org.ringfence.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ringfence.api.policy.Blocks;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyReport;

/**
 * Which policies there are, and which of them are asked, in what order. They come and go on any thread; each change makes a new array, and
 * the event loop reads whichever is current, without a lock.
 */
final class Ranking {
    private static final Comparator<ChainedPolicy> ORDER = Comparator
            .comparingInt((ChainedPolicy chained) -> chained.place.ranking()).reversed()
            .thenComparingLong(chained -> chained.place.order())
            .thenComparing(Comparator.comparingLong((ChainedPolicy chained) -> chained.place.serviceId()).reversed());

    /** The newest first. */
    private final List<ChainedPolicy> all = new ArrayList<>();
    private volatile ChainedPolicy[] asked = {};
    private volatile Blocks blocks;

    /** Those that are asked, the first first; not to be changed. */
    ChainedPolicy[] asked() {
        return asked;
    }

    /** The policy "block" that is asked; null if there is none that takes commands. */
    Blocks blocks() {
        return blocks;
    }

    synchronized List<ChainedPolicy> all() {
        return List.copyOf(all);
    }

    synchronized void add(ChainedPolicy policy) {
        all.add(policy);
        arrange();
    }

    synchronized void rank(Policy policy, int ranking) {
        all.replaceAll(chained -> chained.policy == policy ? chained.ranked(ranking) : chained);
        arrange();
    }

    synchronized void remove(Policy policy) {
        all.removeIf(chained -> chained.policy == policy);
        arrange();
    }

    /** True if another one is asked in this one's place. */
    boolean isReplaced(ChainedPolicy policy) {
        return Arrays.stream(asked).anyMatch(chained -> chained.name.equals(policy.name) && chained.policy != policy.policy);
    }

    /** Of each name the newest that passed its trial, or the newest if none did. */
    private void arrange() {
        Map<String, ChainedPolicy> chosen = new HashMap<>();
        all.sort(Comparator.comparingLong((ChainedPolicy chained) -> chained.place.serviceId()).reversed());
        for (ChainedPolicy chained : all) {
            chosen.merge(chained.name, chained, (newer, older) -> newer.isRejected() && !older.isRejected() ? older : newer);
        }
        ChainedPolicy block = chosen.get(BlockPolicy.NAME);
        blocks = block != null && block.policy instanceof Blocks list ? list : null;
        asked = chosen.values().stream().sorted(ORDER).toArray(ChainedPolicy[]::new);
    }

    synchronized List<PolicyReport> report() {
        List<ChainedPolicy> present = List.of(asked);
        return all.stream().sorted(ORDER).map(chained -> chained.report(present.contains(chained))).toList();
    }
}
