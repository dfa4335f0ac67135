package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What the network stack of an INS has counted of connections that come to it, since it started: what no connection shows, since none came about. An
 * INS without a network namespace of its own counts those of the host. On the INS's word; event loop only.
 */
@ProviderType
public interface Stack {
    /** Name of the INS. */
    String ins();

    /** {@link System#nanoTime()} of the look. */
    long lookedAt();

    /** Connection requests for which there was no room among the half-open ones, answered with a cookie. */
    long cookies();

    /** Connection requests dropped for lack of that room. */
    long dropped();

    /** Answers to connection requests that were sent again because nothing came back. */
    long repeated();

    /** Connections from outside that came about. */
    long opened();

    /** Connections that came about when their listener's queue was full. */
    long overflows();
}
