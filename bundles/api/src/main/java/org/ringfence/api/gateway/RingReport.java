package org.ringfence.api.gateway;

import org.ringfence.api.transport.RegionUsage;

/**
 * How full a region is, and how often its two sides wake each other.
 *
 * @param region its number
 * @param peer "application" or "ins"
 * @param name the application's or the INS's name
 * @param pid its process
 * @param usage how full it is
 * @param wakesSentPerSecond times the gateway woke the peer in the last second
 * @param wakesReceivedPerSecond times the peer's doorbell woke the gateway in the last second
 */
public record RingReport(int region, String peer, String name, int pid, RegionUsage usage, long wakesSentPerSecond,
        long wakesReceivedPerSecond) {
}
