package org.ringfence.api.policy;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The blocked prefixes. A service; any thread. A prefix is written {@code 192.0.2.7}, {@code 192.0.2.0/24} or {@code 2001:db8::/32}.
 */
@ProviderType
public interface Blocks {
    /**
     * Blocks a prefix, in place of an earlier block of the same one.
     *
     * @param seconds for how long; 0 until the gateway ends
     * @throws IllegalArgumentException saying what is wrong with the prefix or the time, and what to write
     */
    BlockReport block(String prefix, long seconds);

    /**
     * Ends a block that {@link #block} made.
     *
     * @throws IllegalArgumentException if there is none for exactly this prefix, saying where it may be
     */
    BlockReport unblock(String prefix);

    /** Blocks in force. */
    List<BlockReport> blocks();

    /** What is wrong with the configured ones, one sentence each. */
    List<String> errors();
}
