package org.ringfence.api.gateway;

/**
 * An attached INS.
 *
 * @param region number of its region
 * @param pid its process
 * @param abi "linux" or "netbsd"
 * @param sockets slots in use, those posted for accepting included
 * @param connections connected sockets
 */
public record InsReport(int region, int pid, String abi, int sockets, int connections) {
}
