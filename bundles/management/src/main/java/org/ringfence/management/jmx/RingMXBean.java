package org.ringfence.management.jmx;

/** {@code org.ringfence:type=Ring,region=N}: the region of an application or an INS. */
public interface RingMXBean {
    /** "application" or "ins". */
    String getPeer();

    String getName();

    int getPid();

    int getOpenSlots();

    int getSlots();

    int getCommandsWaiting();

    int getCommands();

    long getPoolUsedBytes();

    long getPoolBytes();

    long getWakesSentPerSecond();

    long getWakesReceivedPerSecond();
}
