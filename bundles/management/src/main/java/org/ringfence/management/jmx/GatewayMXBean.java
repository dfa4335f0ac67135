package org.ringfence.management.jmx;

import java.util.Map;

/** {@code org.ringfence:type=Gateway}. */
public interface GatewayMXBean {
    /** True if an INS is attached and a policy chain is there. */
    boolean isReady();

    /** Calls taken since the start. */
    long getCalls();

    int getApplications();

    /** Connections that are open. */
    int getOpenConnections();

    /** By stage, in nanoseconds. */
    Map<String, Long> getMedianLatencies();

    /** By stage, in nanoseconds. */
    Map<String, Long> getPercentile99Latencies();
}
