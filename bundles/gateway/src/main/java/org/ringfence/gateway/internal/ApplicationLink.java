package org.ringfence.gateway.internal;

import org.ringfence.api.transport.ApplicationRegion;

/** An attached application: its region and its sockets by slot. Event loop's thread only. */
final class ApplicationLink {
    /** Exchanged when another version of the transport takes over. */
    ApplicationRegion region;
    final RelayedSocket[] sockets;
    /** Calls taken. */
    long calls;
    final Rate callRate = new Rate();
    final Rate sent = new Rate();
    final Rate received = new Rate();
    /** Sums over its connections. */
    long bytesInPerSecond;
    long bytesOutPerSecond;

    ApplicationLink(ApplicationRegion region) {
        this.region = region;
        sockets = new RelayedSocket[region.slots()];
    }
}
