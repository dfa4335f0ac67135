package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ProviderType;

/**
 * One region from the gateway's side, which owns the region's slots and its pool of data rings. Everything the peer writes is
 * copied out and checked; what does not fit is a {@link ProtocolViolation}. Event loop's thread only; nothing allocates once a
 * slot has been used.
 */
@ProviderType
public interface Region {
    /** Unique in the life of a gateway; counts from 1. */
    int id();

    /** For people: the application's or the INS's name. */
    String name();

    /** Process id of the peer that attached first. */
    int pid();

    int slots();

    /**
     * Takes the slot that was freed last, makes its generation odd, resets the gateway's words in it and grants two small rings.
     *
     * @return the slot, or -1 if none, or no memory, is left
     */
    int openSlot(int domain, int type, int protocol);

    /**
     * The slot's socket is a datagram socket: its rings carry records from now on, and are large enough for them. Before anything was moved.
     *
     * @return false if no memory is left
     */
    boolean carryDatagrams(int slot);

    /** Frees a slot and its rings; its generation becomes even. */
    void freeSlot(int slot);

    /** Slots in use. */
    int openSlots();

    /** How full it is. Allocates: for administrators, not for each turn. */
    RegionUsage usage();

    /** Times the peer was woken since the region was made: doorbells, readiness packets and reply cells' futexes. */
    long wakesSent();

    /** Times the peer's doorbell woke the gateway. */
    long wakesReceived();

    /** The gateway's own copy of a slot's generation; odd while it is in use. */
    int generation(int slot);
}
