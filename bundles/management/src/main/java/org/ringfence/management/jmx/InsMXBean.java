package org.ringfence.management.jmx;

/** {@code org.ringfence:type=Ins,region=N}. */
public interface InsMXBean {
    int getPid();

    String getAbi();

    int getSockets();

    int getConnections();

    long getBytesInPerSecond();

    long getBytesOutPerSecond();

    /** Milliseconds since its heartbeat was last seen to move. */
    long getSilentMilliseconds();
}
