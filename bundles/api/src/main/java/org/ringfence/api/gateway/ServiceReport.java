package org.ringfence.api.gateway;

/**
 * One version of a service the gateway needs.
 *
 * @param role "transport", "policies", or "translator" with its ABI
 * @param bundle id of the bundle it is from
 * @param name the bundle's symbolic name
 * @param version the bundle's
 * @param state "in charge", "standby" (another version is in charge) or "rejected"
 * @param problem why it was rejected, in one line; empty otherwise
 */
public record ServiceReport(String role, long bundle, String name, String version, String state, String problem) {
}
