package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.ringfence.api.gateway.LatencyReport;

/**
 * How long the stages of the event loop take, in histograms of fixed size: recording allocates nothing. Event loop's thread only;
 * {@link #report} is of a copy.
 */
final class Stages {
    /** What is measured. */
    enum Stage {
        CALLS("all calls that waited in a turn"),
        RELAY("all bytes that waited in a turn"),
        JUDGE("the policy chain on a connection"),
        INS("a call in the INS, and back"),
        CALL("a call, from taking to answering it");

        private final String meaning;

        Stage(String meaning) {
            this.meaning = meaning;
        }
    }

    private static final Stage[] STAGES = Stage.values();
    private static final long LONGEST = 3_600_000_000_000L; // an hour: a connect may wait long
    private static final int DIGITS = 2;

    private final Histogram[] histograms = new Histogram[STAGES.length];

    Stages() {
        for (int i = 0; i < histograms.length; i++) {
            histograms[i] = new Histogram(LONGEST, DIGITS);
        }
    }

    void record(Stage stage, long nanoseconds) {
        histograms[stage.ordinal()].recordValue(Math.max(0, Math.min(nanoseconds, LONGEST)));
    }

    /** A copy for another thread to read. */
    Stages copy() {
        Stages copy = new Stages();
        for (int i = 0; i < histograms.length; i++) {
            histograms[i].copyInto(copy.histograms[i]);
        }
        return copy;
    }

    List<LatencyReport> report() {
        List<LatencyReport> reports = new ArrayList<>();
        for (Stage stage : STAGES) {
            reports.add(report(stage.name().toLowerCase(java.util.Locale.ROOT), stage.meaning, histograms[stage.ordinal()]));
        }
        return reports;
    }

    static LatencyReport report(String stage, String meaning, Histogram h) {
        return new LatencyReport(stage, meaning, h.getTotalCount(), h.getValueAtPercentile(50), h.getValueAtPercentile(90),
                h.getValueAtPercentile(99), h.getValueAtPercentile(99.9), h.getMaxValue());
    }
}
