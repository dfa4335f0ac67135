package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ConsumerType;

/** What the transport tells the event loop, from within {@link TransportSession#turn}. */
@ConsumerType
public interface TransportListener {
    /** The first process of a launch attached. */
    void attached(ApplicationRegion application);

    /** The last process and the last socket of a launch are gone. The region is closed when this returns. */
    void detached(ApplicationRegion application);

    /** The last reference to a socket is gone: close(2), exit or kill. The slot stays open until the listener frees it. */
    void closed(ApplicationRegion application, int slot);

    void attached(InsRegion ins);

    /** The INS is gone, and all its sockets. The region is closed when this returns. */
    void detached(InsRegion ins);
}
