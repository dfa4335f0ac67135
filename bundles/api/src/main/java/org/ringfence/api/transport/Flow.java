package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ProviderType;

/**
 * One direction of a connection: moves bytes from a ring of one region into the same ring of another, without a detour through
 * the Java heap. Reused for connection after connection; the event loop's thread only.
 */
@ProviderType
public interface Flow {
    /**
     * Connects the rings of two slots that have moved nothing yet.
     *
     * @param record of the journal, 0 to {@link TransportSession#maxConnections()} - 1; the two flows of a connection share one
     */
    void bind(int record, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot);

    void unbind();

    /**
     * Moves as many bytes as there are and fit, and tells the peers.
     *
     * @return bytes moved
     * @throws ProtocolViolation if the words of the source ring are impossible: the source is to be detached
     */
    int move() throws ProtocolViolation;

    /** True if nothing is left in the source ring at this moment. */
    boolean isDrained();

    /** Bytes moved since bind. */
    long moved();

    /** Takes and drops what is in the source ring. */
    void discard();

    /**
     * Goes on where another version's flow stopped, see {@link #position}: bound if that one was, and if there still are two slots.
     *
     * @param applicationSlot -1 if it is freed
     * @param ins null if it is gone
     */
    void resume(long[] position, int record, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot);

    /** Where the flow is, bound or not, for {@link #resume} by the next version. */
    long[] position();
}
