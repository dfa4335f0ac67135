package org.ringfence.api.transport;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;
import org.ringfence.api.handover.HandoverState;

/**
 * A transport at work. One thread, the event loop, calls everything but {@link #wake}: take calls, answers and news from the
 * regions while there is {@link #room}, then {@link #turn}.
 */
@ProviderType
public interface TransportSession extends AutoCloseable {
    /** True if the batch of the present turn has room for the consequences of one more call, answer or piece of news. */
    boolean hasRoom();

    /** True if a region has calls, answers or news to be taken. */
    boolean hasWork();

    /**
     * Rings the doorbells that have to be rung, carries out what was decided, and harvests what has happened; sleeps at most
     * {@code milliseconds} (-1 without end) if no region has work.
     *
     * @return {@link System#nanoTime()} when its sleep ended
     */
    long turn(int milliseconds);

    /** Does the closes that have happened so far; called before BIND, LISTEN and CONNECT are sent on. */
    void harvestCloses();

    /** Ends the present or the next sleep. Any thread. */
    void wake();

    /** Records the journal has: connections that can exist at a time. */
    int maxConnections();

    /** A connection is over: clears its record. */
    void forget(int record);

    /** A new flow of bytes between a slot of an application and a slot of an INS. */
    Flow newFlow(Direction direction);

    /** A new flow of datagrams. */
    Flow newDatagramFlow(Direction direction, DatagramFilter filter);

    /** Ends the region of a peer that broke the protocol; {@link TransportListener} is told in the next turn. */
    void detach(Region region, String reason);

    /** Regions of applications that are attached. */
    List<ApplicationRegion> applications();

    /** Regions of INSs that are attached. */
    List<InsRegion> inss();

    /**
     * All that another version needs to go on, {@link Transport#adopt}. Called between two turns; once the state was adopted, nobody calls
     * this session any more, also not {@link #close}.
     */
    HandoverState handOver();

    /** Closes all regions and descriptors: applications see their connections reset. */
    @Override
    void close();
}
