package org.ringfence.api.handover;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Carries state from one version of a component to the next, whichever comes first: the new one (make before break) or the old one's end.
 * A service that is never swapped. Any thread.
 */
@ProviderType
public interface Handovers {
    /**
     * A component begins its life under a name, before it is registered as a service.
     *
     * @param name what the state belongs to, for example "policy.block"; the same for all versions
     * @param source gives this component's state to the next one; called on the next one's thread, and in {@link #leave}
     * @param rest gets the state of another one that ends while this one lives and is the last that joined: what it has learned since this
     *     one joined is not in what {@code join} returned. Called on the other's thread, perhaps before {@code join} has returned
     * @return the state of the one that joined last and lives, or that the last one left behind; null if there never was one
     */
    HandoverState join(String name, Supplier<HandoverState> source, Consumer<HandoverState> rest);

    /** As {@link #join(String, Supplier, Consumer)}, for one to whom what others learn later is nothing. */
    default HandoverState join(String name, Supplier<HandoverState> source) {
        return join(name, source, state -> { });
    }

    /** The component ends. Its state is given to the one that joined last and lives; if none lives it is kept for the next. */
    void leave(String name, Supplier<HandoverState> source);
}
