package org.ringfence.memory.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Component;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;

/** Keeps what versions of components hand to each other. In this bundle, because it is the one that is never swapped. */
@Component(immediate = true) // so that it lives, and remembers, while nobody uses it
public final class HandoverShelf implements Handovers {
    private static final class Shelf {
        /** Who lives, the last to join last. */
        final List<Supplier<HandoverState>> living = new ArrayList<>();
        HandoverState left;
    }

    private final Map<String, Shelf> shelves = new HashMap<>();

    @Override
    public synchronized HandoverState join(String name, Supplier<HandoverState> source) {
        Shelf shelf = shelves.computeIfAbsent(name, n -> new Shelf());
        HandoverState state = shelf.living.isEmpty() ? shelf.left : shelf.living.get(shelf.living.size() - 1).get();
        shelf.left = null;
        shelf.living.add(source);
        return state;
    }

    @Override
    public synchronized void leave(String name, Supplier<HandoverState> source) {
        Shelf shelf = shelves.get(name);
        if (shelf != null && shelf.living.remove(source) && shelf.living.isEmpty()) {
            shelf.left = source.get();
        }
    }
}
