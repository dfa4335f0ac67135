package org.ringfence.gateway.internal;

import org.ringfence.api.transport.ApplicationRegion;

/** An attached application: its region and its sockets by slot. Event loop's thread only. */
final class ApplicationLink {
    /** Exchanged when another version of the transport takes over. */
    ApplicationRegion region;
    final RelayedSocket[] sockets;

    ApplicationLink(ApplicationRegion region) {
        this.region = region;
        sockets = new RelayedSocket[region.slots()];
    }
}
