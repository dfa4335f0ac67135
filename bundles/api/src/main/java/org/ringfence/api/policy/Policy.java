package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * One defence. A service; the chain asks policies by falling {@code service.ranking}. Called on the event loop: it must not
 * block, and the chain measures its time.
 */
@ConsumerType
public interface Policy {
    /** One word, for people and logs; unique in a chain. */
    String name();

    /** Judges a connection as it arrives, before the application learns of it. */
    Verdict admit(Connection connection);

    /** Told once when an admitted connection has ended. */
    default void closed(Connection connection) {
    }
}
