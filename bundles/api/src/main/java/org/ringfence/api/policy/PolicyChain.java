package org.ringfence.api.policy;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * All policies in order. The gateway asks this one service; while it is absent nothing is let in. A connection on which no
 * policy has an opinion is refused.
 */
@ProviderType
public interface PolicyChain {
    /**
     * Judges a connection. Never {@link Verdict#PASS}. Called on the event loop. A policy that throws counts as one that
     * refused, and is logged.
     */
    Verdict admit(Connection connection);

    /** The name of the policy whose opinion the last verdict was, or "none". Called on the event loop after admit. */
    String decidedBy();

    /** Tells all policies that an admitted connection has ended. Called on the event loop. */
    void closed(Connection connection);

    /** How connections like this one are held; never null. Event loop. */
    HoldRule hold(Connection connection);

    /** Asks all policies about a request; what is to be done, or null. Event loop. */
    Measure request(Connection connection, Request request);

    /** Asks all policies about a connection; what is to be done, or null. Event loop, as often as {@link Policy#inspect} says. */
    Measure inspect(Connection connection);

    /** Tells all policies what an INS's stack has counted. Event loop. */
    void stack(Stack stack);

    /** The gateway itself had to decide something, such as which connection goes when a bound is hit. False: it is only observed. Event loop. */
    boolean decided(Connection connection, Measure measure, String evidence);

    /** The last decisions, oldest first. Any thread. */
    List<PolicyEvent> events(int limit);

    /** What each policy has done so far, in order of the chain. Any thread. */
    List<PolicyReport> report();
}
