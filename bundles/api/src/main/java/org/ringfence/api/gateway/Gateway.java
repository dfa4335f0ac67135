package org.ringfence.api.gateway;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;
import org.ringfence.api.policy.PolicyReport;

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

    /** One of those connections. */
    Optional<ConnectionDetail> connection(long id);

    /** The last calls, oldest first, answered or not; at most {@code limit}. */
    List<CallReport> trace(int limit);

    /**
     * The calls that were answered after a certain one, in the order of their answers. The gateway remembers some 1000 calls: what a slow
     * reader missed shows as a gap in {@link CallReport#completion()}.
     */
    List<CallReport> answeredAfter(long completion);

    /** Calls taken since the gateway started. */
    long calls();

    /** The versions of the services the gateway needs: several of one role while one replaces another. */
    List<ServiceReport> services();

    /** What the policies of the chain in charge have done; empty while there is none. */
    List<PolicyReport> policies();

    /** Pauses since the start, or since the last reset. */
    List<PauseReport> pauses();

    /** Forgets the pauses so far. */
    void resetPauses();

    /** Calls answered since the gateway started: the {@link CallReport#completion()} of the last one. */
    long answers();

    /** The regions. */
    List<RingReport> rings();

    /** The stages of the event loop. */
    List<LatencyReport> latencies();

    /**
     * Ends a connection: both its ends see a reset.
     *
     * @throws IllegalArgumentException saying why that cannot be done
     */
    void reset(long id);

    /**
     * Moves no more of a connection's bytes in either direction, until it is released; both ends see a slow peer.
     *
     * @throws IllegalArgumentException saying why that cannot be done
     */
    void hold(long id);

    /**
     * Lets a held connection go on.
     *
     * @throws IllegalArgumentException saying why that cannot be done
     */
    void release(long id);
}
