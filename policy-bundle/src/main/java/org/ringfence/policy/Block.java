package org.ringfence.policy;

import inet.ipaddr.IPAddress;

/**
 * A blocked prefix.
 *
 * @param prefix a prefix block, or a single address without prefix length
 * @param configured true if from configuration, false if from a command
 * @param forever true if it does not expire
 * @param end when it expires, on the clock of the list (nanoseconds, may wrap around); meaningless if forever
 */
record Block(IPAddress prefix, boolean configured, boolean forever, long end) {
    boolean inForce(long now) {
        return forever || end - now > 0;
    }
}
