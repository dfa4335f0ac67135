package org.ringfence.api.gateway;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The running gateway, for administrators. A service. Any thread may ask; the event loop answers between two turns, within 5 s or with
 * an IllegalStateException that says why not.
 */
@ProviderType
public interface Gateway {
    /** Applications that are attached. */
    List<ApplicationReport> applications();

    /** INSs that are attached. */
    List<InsReport> inss();

    /** Open connections, and the last ones that ended, by number. */
    List<ConnectionReport> connections();

    /** The last calls the gateway has answered, oldest first; at most {@code limit}. */
    List<CallReport> trace(int limit);

    /** Calls answered since the gateway started. */
    long calls();

    /** The versions of the services the gateway needs: several of one role while one replaces another. */
    List<ServiceReport> services();

    /** Pauses since the start, or since the last reset. */
    List<PauseReport> pauses();

    /** Forgets the pauses so far. */
    void resetPauses();
}
