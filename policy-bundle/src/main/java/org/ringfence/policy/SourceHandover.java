package org.ringfence.policy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.ringfence.api.handover.HandoverState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the account of sources passes from one version to the next. The next one takes what there is when it joins, and begins to count when it is asked; what
 * the one before has counted between the two, its end tells: the difference of what it gave and what it has. So it is the other way round if the next one
 * fails. Normal values go along. Any thread, where nothing else is said.
 */
final class SourceHandover {
    static final String NAME = "policy.sources";

    private static final Logger LOG = LoggerFactory.getLogger(SourceHandover.class);
    private static final int VERSION = 1;

    /** Differs among versions that live at the same time. */
    private final long id = System.nanoTime();
    private final Supplier<SourceCounts> counts;
    private final Supplier<SourceLedger.Settings> settings;
    private final Map<String, Normal> normals = new LinkedHashMap<>();
    private final Map<String, Double> learned = new LinkedHashMap<>();
    private final Queue<SourceCounts> late = new ConcurrentLinkedQueue<>();

    /** Whose counts were taken, and which; 0 and null if nobody's were. */
    private long from;
    private SourceCounts taken;
    /** What was given last. */
    private SourceCounts given;
    private boolean joined;
    private HandoverState early;
    private volatile boolean awaited;
    private boolean ended;

    /** @param counts as they are; the event loop may be changing them, so that one or the other may be of a moment ago */
    SourceHandover(Supplier<SourceCounts> counts, Supplier<SourceLedger.Settings> settings) {
        this.counts = counts;
        this.settings = settings;
    }

    /** The state for another version. */
    synchronized HandoverState give() {
        given = counts.get();
        SourceLedger.Settings bits = settings.get();
        String[] names = normals.keySet().toArray(String[]::new);
        double[] values = new double[names.length];
        for (int i = 0; i < names.length; i++) {
            values[i] = normals.get(names[i]).value();
        }
        return given.into(new HandoverState(NAME, VERSION)).put("ledger", id).put("from", from).put("ended", ended)
                .put("bits", new int[] {bits.ipv4Bits(), bits.ipv6Bits()}).put("normals", names).put("values", values);
    }

    /** What the version before knows of sources; null if nothing is known, or it cannot be read. */
    synchronized SourceCounts take(HandoverState state) {
        SourceCounts known = null;
        try {
            known = state == null ? null : read(state.expect(NAME, VERSION));
        } catch (IllegalArgumentException e) {
            LOG.warn("what another version knows of sources is not taken over: {}", e.getMessage());
        }
        joined = true;
        if (early != null) {
            takeRest(early);
        }
        return known;
    }

    private SourceCounts read(HandoverState state) {
        String[] names = state.get("normals", String[].class);
        double[] values = state.get("values", double[].class);
        for (int i = 0; i < names.length; i++) {
            learned.put(names[i], values[i]);
        }
        if (!isOfMySources(state)) {
            return null;
        }
        SourceCounts known = SourceCounts.of(state);
        if (state.flag("ended")) {
            return known.withoutOpen();
        }
        taken = known;
        from = state.longNumber("ledger");
        awaited = true;
        return known;
    }

    private boolean isOfMySources(HandoverState state) {
        int[] bits = state.numbers("bits");
        return bits[0] == settings.get().ipv4Bits() && bits[1] == settings.get().ipv6Bits();
    }

    /** Another version has ended. */
    synchronized void takeRest(HandoverState state) {
        if (!joined) {
            early = state;
            return;
        }
        try {
            state.expect(NAME, VERSION);
            SourceCounts before = state.longNumber("ledger") == from ? taken : state.longNumber("from") == id ? given : null;
            if (before != null && isOfMySources(state)) {
                late.add(SourceCounts.of(state).since(before));
            }
        } catch (IllegalArgumentException e) {
            LOG.warn("what another version has counted is not taken over: {}", e.getMessage());
        }
        taken = null;
    }

    /** What another version has counted and this one has not heard of; null if there is nothing. Event loop only. */
    SourceCounts next() {
        SourceCounts counted = late.poll();
        if (counted != null) {
            awaited = false;
        }
        return counted;
    }

    /** The version before, whose counts were taken, lives and may have counted more. */
    boolean isAwaited() {
        return awaited;
    }

    /** What was taken is what a living version counted, to the last connection. */
    synchronized boolean isFromTheLiving() {
        return from != 0;
    }

    synchronized Normal normal(String of) {
        return normals.computeIfAbsent(of, name -> new Normal(learned.getOrDefault(name, 0.0)));
    }

    /** From now on nobody counts here. */
    synchronized void end() {
        ended = true;
    }
}
