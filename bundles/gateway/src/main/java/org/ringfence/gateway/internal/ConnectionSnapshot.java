package org.ringfence.gateway.internal;

import java.util.Locale;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.policy.Verdict;

/**
 * What there was to know about a connection at one moment. Made on the event loop, turned into text by whoever asks; what somebody was given
 * stays as it is.
 */
final class ConnectionSnapshot {
    private final Timeline timeline = new Timeline();
    private long id;
    private String application;
    private boolean inbound;
    private byte[] peer = new byte[4];
    private int peerPort;
    private int localPort;
    private long bytesIn;
    private long bytesOut;
    private long inPerSecond;
    private long outPerSecond;
    private long since;
    private long age;
    private Verdict verdict;
    private String decidedBy;
    private String state;
    private boolean datagrams;
    private int region;
    private int slot;
    private int insRegion;
    private int insSlot;

    /** Forgets what it knew, and learns what there is to know of a connection now, in nanoseconds; nothing is allocated but for another family. */
    ConnectionSnapshot of(RelayedSocket socket, String is, long now) {
        id = socket.id;
        application = socket.application();
        inbound = socket.inbound;
        byte[] address = socket.peerAddress();
        peer = peer.length == address.length ? peer : new byte[address.length];
        System.arraycopy(address, 0, peer, 0, address.length);
        peerPort = socket.peerPort;
        localPort = socket.localPort;
        bytesIn = socket.bytesIn();
        bytesOut = socket.bytesOut();
        inPerSecond = socket.rateIn.perSecond();
        outPerSecond = socket.rateOut.perSecond();
        since = socket.since;
        age = now - since;
        verdict = socket.verdict;
        decidedBy = socket.decidedBy;
        state = is;
        datagrams = socket.datagrams;
        region = socket.region().id();
        slot = socket.slot;
        insRegion = socket.ins == null ? -1 : socket.ins.region.id();
        insSlot = socket.insSlot;
        timeline.copy(socket.timeline);
        return this;
    }

    long id() {
        return id;
    }

    ConnectionReport report() {
        boolean over = state.equals("ended") || state.equals("refused");
        return new ConnectionReport(id, application, inbound, Addresses.text(peer, peerPort), localPort, bytesIn, bytesOut,
                over ? 0 : inPerSecond, over ? 0 : outPerSecond, age / 1_000_000, verdict(), decidedBy, state);
    }

    ConnectionDetail detail() {
        return new ConnectionDetail(report(), datagrams ? "udp" : "tcp", (CallTrace.epoch() + since / 1000) / 1000, region, slot, insRegion,
                insSlot, timeline.moments("judged: " + verdict() + " by " + decidedBy));
    }

    private String verdict() {
        return String.valueOf(verdict).toLowerCase(Locale.ROOT);
    }
}
