package org.ringfence.memory.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Component;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;

/** Keeps what versions of components hand to each other. In this bundle, because it is the one that is never swapped. */
@Component(immediate = true) // so that it lives, and remembers, while nobody uses it
public final class HandoverShelf implements Handovers {
    private record Component(Supplier<HandoverState> source, Consumer<HandoverState> rest) {
    }

    private static final class Shelf {
        /** Who lives, the last to join last. */
        final List<Component> living = new ArrayList<>();
        HandoverState left;

        Component last() {
            return living.get(living.size() - 1);
        }
    }

    private final Map<String, Shelf> shelves = new HashMap<>();

    @Override
    public synchronized HandoverState join(String name, Supplier<HandoverState> source, Consumer<HandoverState> rest) {
        Shelf shelf = shelves.computeIfAbsent(name, n -> new Shelf());
        HandoverState state = shelf.living.isEmpty() ? shelf.left : shelf.last().source.get();
        shelf.left = null;
        shelf.living.add(new Component(source, rest));
        return state;
    }

    @Override
    public synchronized void leave(String name, Supplier<HandoverState> source) {
        Shelf shelf = shelves.get(name);
        if (shelf == null || !shelf.living.removeIf(component -> component.source.equals(source))) {
            return;
        }
        HandoverState state = source.get();
        if (shelf.living.isEmpty()) {
            shelf.left = state;
        } else {
            shelf.last().rest.accept(state);
        }
    }
}
