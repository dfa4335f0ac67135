package org.ringfence.api.policy;

import java.util.List;
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

    /**
     * Told once of each connection that was let pass: when it has ended, or at once if a policy asked later refuses it. Also told of those that were admitted
     * before this policy came, or by one that is asked earlier: of these {@link #admit} was not asked.
     */
    default void closed(Connection connection) {
    }

    /** How connections like this one are held until they have shown something; null: no opinion. Asked when it has been admitted. */
    default HoldRule hold(Connection connection) {
        return null;
    }

    /** Why the last {@link #admit} was as it was, told once; null: there is nothing to say. Asked after each admit. */
    default Finding admission() {
        return null;
    }

    /** Looks at a request before the application sees it; null: nothing to say. */
    default Finding request(Connection connection, Request request) {
        return null;
    }

    /**
     * Looks at an admitted connection from outside, held or not, five times a second; when nothing has happened to it for two seconds, once in
     * 0.4 s if a request has begun, else once in 0.8 s while the application does not keep up and in 6.4 s otherwise. Null: nothing to say.
     */
    default Finding inspect(Connection connection) {
        return null;
    }

    /** Looks at what an INS's stack has counted, each time that has been counted anew; null: nothing to say. Nothing but a note comes of it. */
    default Finding stack(Stack stack) {
        return null;
    }

    /** What is wrong with its configuration, one sentence each; administrators are shown it. Any thread. */
    default List<String> problems() {
        return List.of();
    }
}
