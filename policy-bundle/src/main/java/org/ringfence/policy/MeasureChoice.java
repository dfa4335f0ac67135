package org.ringfence.policy;

import org.ringfence.api.policy.Measure;

/**
 * A detector's measure as configuration has it, mildest first. The names are in lower case because they are what a file says; MetaType
 * offers them, and nothing else is taken.
 */
enum MeasureChoice {
    none(null), note(Measure.NOTE), shrink(Measure.SHRINK), throttle(Measure.THROTTLE), refuse(Measure.REFUSE), reset(Measure.RESET), block(Measure.BLOCK);

    private final Measure measure;

    MeasureChoice(Measure measure) {
        this.measure = measure;
    }

    /** Null: nothing is done or said. */
    Measure measure() {
        return measure;
    }
}
