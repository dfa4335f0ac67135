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
 */
public record ApplicationReport(int region, String name, int pid, int sockets, int listeners, int connections) {
}
