package org.ringfence.api.gateway;

/**
 * A connection, open or ended.
 *
 * @param id counts from 1
 * @param application name of the application
 * @param inbound true if a peer connected to the application
 * @param peer address and port, as {@code 192.0.2.1:1234} or {@code [2001:db8::1]:1234}
 * @param localPort the application's port
 * @param bytesIn from the network to the application
 * @param bytesOut from the application to the network
 * @param bytesInPerSecond in the last second
 * @param bytesOutPerSecond in the last second
 * @param milliseconds since it arrived, or its duration if it has ended
 * @param verdict of the policy chain
 * @param decidedBy name of the policy
 * @param state "open", "held" (by an administrator), "closing", "ended" or "refused"
 */
public record ConnectionReport(long id, String application, boolean inbound, String peer, int localPort, long bytesIn, long bytesOut,
        long bytesInPerSecond, long bytesOutPerSecond, long milliseconds, String verdict, String decidedBy, String state) {
}
