package org.ringfence.api.policy;

/**
 * A blocked prefix.
 *
 * @param prefix as text
 * @param configured true if it is from configuration, false if {@link Blocks#block} made it
 * @param secondsLeft until it ends, rounded up; -1 if it has no end
 */
public record BlockReport(String prefix, boolean configured, long secondsLeft) {
}
