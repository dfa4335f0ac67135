package org.ringfence.management.jmx;

/** {@code org.ringfence:type=Policy,name=NAME}. */
public interface PolicyMXBean {
    int getRanking();

    long getAsked();

    long getAllowed();

    long getRefused();

    /** Time spent in it since the start. */
    long getNanoseconds();
}
