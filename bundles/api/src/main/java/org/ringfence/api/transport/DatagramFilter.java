package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ConsumerType;

/** Looks at every datagram of a socket on its way. Event loop's thread; must not block or allocate. */
@ConsumerType
public interface DatagramFilter {
    /**
     * Judges a datagram and rewrites its addresses into the ABI of the region it goes to.
     *
     * @return false to drop it
     */
    boolean pass(Direction direction, Datagram datagram);
}
