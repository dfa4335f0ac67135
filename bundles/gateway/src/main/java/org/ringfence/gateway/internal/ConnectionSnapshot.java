package org.ringfence.gateway.internal;

import java.util.Locale;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.gateway.ConnectionReport;

/** What there was to know about a connection at one moment. Made on the event loop, turned into text by whoever asks. */
final class ConnectionSnapshot {
    private final long id;
    private final String application;
    private final boolean inbound;
    private final byte[] peer;
    private final int peerPort;
    private final int localPort;
    private final long bytesIn;
    private final long bytesOut;
    private final long inPerSecond;
    private final long outPerSecond;
    private final long since;
    private final long age;
    private final String verdict;
    private final String decidedBy;
    private final String state;
    private final boolean datagrams;
    private final int region;
    private final int slot;
    private final int insRegion;
    private final int insSlot;
    private final Timeline timeline;

    ConnectionSnapshot(RelayedSocket socket, String state) {
        id = socket.id;
        application = socket.application();
        inbound = socket.inbound;
        peer = socket.peerAddress().clone();
        peerPort = socket.peerPort;
        localPort = socket.localPort;
        bytesIn = socket.bytesIn();
        bytesOut = socket.bytesOut();
        inPerSecond = socket.rateIn.perSecond();
        outPerSecond = socket.rateOut.perSecond();
        since = socket.since;
        age = System.nanoTime() - since;
        verdict = String.valueOf(socket.verdict).toLowerCase(Locale.ROOT);
        decidedBy = socket.decidedBy;
        this.state = state;
        datagrams = socket.datagrams;
        region = socket.region().id();
        slot = socket.slot;
        insRegion = socket.ins == null ? -1 : socket.ins.region.id();
        insSlot = socket.insSlot;
        timeline = socket.timeline.copy();
    }

    long id() {
        return id;
    }

    ConnectionReport report() {
        boolean over = state.equals("ended") || state.equals("refused");
        return new ConnectionReport(id, application, inbound, Addresses.text(peer, peerPort), localPort, bytesIn, bytesOut,
                over ? 0 : inPerSecond, over ? 0 : outPerSecond, age / 1_000_000, verdict, decidedBy, state);
    }

    ConnectionDetail detail() {
        return new ConnectionDetail(report(), datagrams ? "udp" : "tcp", (CallTrace.epoch() + since / 1000) / 1000, region, slot, insRegion,
                insSlot, timeline.moments("judged: " + verdict + " by " + decidedBy));
    }
}
