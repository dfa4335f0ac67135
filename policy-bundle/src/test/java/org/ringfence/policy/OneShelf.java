package org.ringfence.policy;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;

/** Hands over from the one that joined before to the next, for one name, and what it learned later when it leaves. */
final class OneShelf implements Handovers {
    private Supplier<HandoverState> living;
    private Consumer<HandoverState> rest;
    private HandoverState left;

    @Override
    public HandoverState join(String name, Supplier<HandoverState> source, Consumer<HandoverState> later) {
        HandoverState state = living == null ? left : living.get();
        living = source;
        rest = later;
        return state;
    }

    @Override
    public void leave(String name, Supplier<HandoverState> source) {
        if (living == source) {
            left = source.get();
            living = null;
        } else if (living != null) {
            rest.accept(source.get());
        }
    }
}
