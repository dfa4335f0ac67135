package org.ringfence.policy;

import java.util.function.Supplier;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;

/** Hands over from the one that joined before to the next, for one name. */
final class OneShelf implements Handovers {
    private Supplier<HandoverState> living;
    private HandoverState left;

    @Override
    public HandoverState join(String name, Supplier<HandoverState> source) {
        HandoverState state = living == null ? left : living.get();
        living = source;
        return state;
    }

    @Override
    public void leave(String name, Supplier<HandoverState> source) {
        if (living == source) {
            left = source.get();
            living = null;
        }
    }
}
