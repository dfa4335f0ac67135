package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;

/** Hands over from the one that joined before to the next, for one name, and what one learned later when it leaves. */
final class OneShelf implements Handovers {
    private record Living(Supplier<HandoverState> source, Consumer<HandoverState> rest) {
    }

    private final List<Living> living = new ArrayList<>();
    private HandoverState left;

    private Living last() {
        return living.get(living.size() - 1);
    }

    @Override
    public HandoverState join(String name, Supplier<HandoverState> source, Consumer<HandoverState> later) {
        HandoverState state = living.isEmpty() ? left : last().source.get();
        living.add(new Living(source, later));
        return state;
    }

    @Override
    public void leave(String name, Supplier<HandoverState> source) {
        living.removeIf(one -> one.source == source);
        left = source.get();
        if (!living.isEmpty()) {
            last().rest.accept(left);
        }
    }
}
