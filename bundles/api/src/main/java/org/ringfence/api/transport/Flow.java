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

    /** As {@link #move()}, but not more than the first {@code most} bytes of a stream that are {@link #waiting}. */
    int move(int most) throws ProtocolViolation;

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

    /**
     * From now on the target's consumer sees bytes up to this position of {@link #given} only; what was moved beyond it lies in its ring,
     * held. {@link Long#MAX_VALUE}: everything, which is what bind sets.
     */
    void release(long position);

    /** Bytes given to the target since bind or rebind, held ones included. */
    long given();

    /** Bytes the target's consumer has not been shown. */
    long held();

    /** Bytes the target's consumer has been shown and has not taken; as it says, within the ring's bounds. */
    long unread();

    /** Bytes in the source ring that have not been moved. */
    int waiting() throws ProtocolViolation;

    /** Copies {@code length} bytes of those {@link #waiting}, beginning {@code ahead} bytes behind the first of them. */
    void look(int ahead, byte[] into, int length);

    /** Whether rings may be exchanged for larger ones; bind says yes. */
    void mayGrow(boolean may);

    /** No ring is to be exchanged for one of more bytes than this, or than the smallest; bind and resume say as large as they come. */
    void growAtMost(long bytes);

    /** Says that the source is about to produce so many bytes: it is granted a ring for them, if there is one. */
    void expect(long bytes);

    /**
     * Goes on with another slot of an application, which has moved nothing yet; held bytes go along, and stay held. The slot of the INS
     * stays. An IN flow is then released up to 0.
     *
     * @throws IllegalStateException if the region has no ring for the held bytes: nothing has changed
     */
    void rebind(ApplicationRegion application, int applicationSlot);
}
