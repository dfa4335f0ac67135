package org.ringfence.policy;

import java.util.function.Supplier;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/**
 * What detectors have in common: a measure for each degree of pressure, and saying a thing once. Each connection that is
 * refused or reset is a penalty of its source; one that has earned many is blocked where the measure for hard pressure says so. Event loop only.
 */
abstract class Detector implements Policy {
    /** Measures for calm, pressed and hard pressed listeners, and after how many penalties a block is due. */
    record Measures(Measure calm, Measure pressed, Measure hard, int blockAfter) {
        static Measures of(MeasureChoice calm, MeasureChoice pressed, MeasureChoice hard, int blockAfter) {
            return new Measures(calm.measure(), pressed.measure(), hard.measure(), blockAfter);
        }

        Measure at(int pressure) {
            return pressure == 0 ? calm : pressure == 1 ? pressed : hard;
        }
    }

    private static final long NOTED_NANOSECONDS = 100_000_000;
    private static final int NOTED_BITS = 8;
    private static final long MIX = 0x9E3779B97F4A7C15L; // 2^64 by the golden ratio: Knuth's multiplicative hashing

    private final String name;
    private final SourceLedger sources;
    /** Its place among the detectors of {@link Told}. */
    private final int place;
    /** Sources noted last, by a hash of theirs, and when. */
    private final long[] noted = new long[1 << NOTED_BITS];
    private final long[] notedAt = new long[1 << NOTED_BITS];

    Detector(String name, SourceLedger sources) {
        this.name = name;
        this.sources = sources;
        place = sources.place(name);
    }

    @Override
    public final String name() {
        return name;
    }

    final SourceLedger sources() {
        return sources;
    }

    @Override
    public Verdict admit(Connection connection) {
        return Verdict.PASS;
    }

    /** What is found, with the measure that fits the listener's pressure. Told once for each connection and measure. */
    final Finding found(Connection connection, Measures measures, Supplier<String> evidence) {
        return found(connection, measures.at(pressure(connection)), measures, evidence);
    }

    /**
     * What is found of a source, and so of each of its connections. That it is noted is said ten times a second, and not of thousands of connections, each
     * of which would wait for it.
     */
    final Finding foundOfSource(Connection connection, int pressure, Measures measures, Supplier<String> evidence) {
        Measure measure = measures.at(pressure);
        return measure == Measure.NOTE && wasNoted(sources.key(connection)) ? null : found(connection, measure, measures, evidence);
    }

    /** True if the source was asked for a moment ago. */
    private boolean wasNoted(long source) {
        int at = (int) (source * MIX >>> Long.SIZE - NOTED_BITS);
        long now = System.nanoTime();
        if (noted[at] == source && now - notedAt[at] < NOTED_NANOSECONDS) {
            return true;
        }
        noted[at] = source;
        notedAt[at] = now;
        return false;
    }

    final Finding found(Connection connection, Measure wanted, Measures measures, Supplier<String> evidence) {
        Measure measure = wanted;
        if (measure == null) {
            return null;
        }
        Told told = sources.told();
        int mark = measure.ordinal() + 1;
        if (told.get(connection.id(), place) == mark) {
            return measure == Measure.NOTE ? null : new Finding(measure == Measure.BLOCK ? Measure.RESET : measure, null);
        }
        told.put(connection.id(), place, mark);
        double penalties = measure.compareTo(Measure.REFUSE) < 0 ? 0 : sources.penalize(connection);
        if (measure == Measure.BLOCK && (penalties < measures.blockAfter() || !Sources.isProven(connection))) {
            measure = Measure.RESET;
        }
        return new Finding(measure, evidence.get());
    }

    static int pressure(Connection connection) {
        Listener listener = connection.listener();
        return listener == null ? 0 : listener.pressure();
    }

    /** Degree in which the application does not keep up with requests. */
    static int overload(Connection connection) {
        Listener listener = connection.listener();
        return listener == null ? 0 : listener.overload();
    }

    static double seconds(long sinceNanoseconds) {
        return (System.nanoTime() - sinceNanoseconds) / 1e9;
    }

    static String text(String format, Object... values) {
        return EvidenceText.of(format, values);
    }
}
