package org.ringfence.gateway.internal;

import org.ringfence.api.transport.ApplicationRegion;

/** An attached application: its region and its sockets by slot. Event loop's thread only. */
final class ApplicationLink {
    /** Exchanged when another version of the transport takes over. */
    ApplicationRegion region;
    final RelayedSocket[] sockets;
    final OwnConnections own = new OwnConnections();
    final String name;
    /** The name of the INS it was started for; null: any. */
    final String wish;
    /** Where its sockets are: all of them on one INS, so that it reaches itself on 127.0.0.1. Null before the first, and when it is gone. */
    InsLink ins;
    /** The name of the last one that was gone, and when that was. */
    String lostIns;
    long lostAt;
    /** Nanoseconds: when it last had news of a socket. */
    long lastNews;
    /** Calls taken. */
    long calls;
    /** What it has of what applications share: see {@link Stake}. */
    int listeners;
    int spareAccepts;
    int ownSockets;
    /** It was refused more of it, and the log says so. */
    boolean refusalSaid;
    final Rate callRate = new Rate();
    final Rate sent = new Rate();
    final Rate received = new Rate();
    /** Sums over its connections. */
    long bytesInPerSecond;
    long bytesOutPerSecond;

    ApplicationLink(ApplicationRegion region) {
        this.region = region;
        sockets = new RelayedSocket[region.slots()];
        // "name@ins": docs/protocol.md, "Attaching"
        int at = region.name().indexOf('@');
        name = at < 0 ? region.name() : region.name().substring(0, at);
        wish = at < 0 ? null : region.name().substring(at + 1);
    }

    /** The INS where its sockets are is gone. */
    void loses(InsLink link) {
        ins = null;
        lostIns = link.region.name();
        lostAt = System.nanoTime();
    }
}
