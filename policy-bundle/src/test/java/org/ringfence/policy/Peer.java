package org.ringfence.policy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.ringfence.api.policy.Connection;

/** A connection of a test. */
record Peer(long id, byte[] peerAddress, boolean inbound) implements Connection {

    Peer(long id, byte[] peerAddress) {
        this(id, peerAddress, true);
    }

    static Peer of(String address) {
        try {
            return new Peer(1, InetAddress.getByName(address).getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public String application() {
        return "test";
    }

    /** The same, as a connection the application asks for. */
    Peer asked() {
        return new Peer(id, peerAddress, false);
    }

    @Override
    public int peerPort() {
        return 50_000;
    }

    @Override
    public int localPort() {
        return 80;
    }

    @Override
    public long since() {
        return 0;
    }

    @Override
    public long bytesIn() {
        return 0;
    }

    @Override
    public long bytesOut() {
        return 0;
    }
}
