package org.ringfence.api.gateway;

/**
 * An attached application.
 *
 * @param region number of its region
 * @param name as given to {@code ringfence run}
 * @param pid process that attached first
 * @param sockets slots in use, the pool of fresh sockets included
 * @param listeners listening sockets
 * @param connections connected sockets
 * @param callsPerSecond calls in the last second
 * @param bytesInPerSecond bytes towards the application in the last second
 * @param bytesOutPerSecond bytes towards the network in the last second
 */
public record ApplicationReport(int region, String name, int pid, int sockets, int listeners, int connections, long callsPerSecond,
        long bytesInPerSecond, long bytesOutPerSecond) {
}
