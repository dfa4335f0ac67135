package org.ringfence.api.gateway;

/**
 * An attached INS.
 *
 * @param region number of its region
 * @param pid its process
 * @param abi "linux" or "netbsd"
 * @param sockets slots in use, those posted for accepting included
 * @param connections connected sockets
 * @param bytesInPerSecond bytes towards applications in the last second
 * @param bytesOutPerSecond bytes towards the network in the last second
 * @param silentMilliseconds since its heartbeat last moved; the gateway rings it every second, so that more than a few seconds mean
 *     that it hangs
 * @param name what it calls itself, and applications are started for
 */
public record InsReport(int region, int pid, String abi, int sockets, int connections, long bytesInPerSecond, long bytesOutPerSecond,
        long silentMilliseconds, String name) {
}
