package org.ringfence.policy;

import org.ringfence.api.policy.Connection;

/** The connection a new policy is tried with: one that does not exist, see {@link Connection#TRIAL}. */
final class TrialPeer implements Connection {
    @Override
    public long id() {
        return TRIAL;
    }

    @Override
    public String application() {
        return "trial";
    }

    @Override
    public boolean inbound() {
        return true;
    }

    @Override
    public byte[] peerAddress() {
        return new byte[4];
    }

    @Override
    public int peerPort() {
        return 0;
    }

    @Override
    public int localPort() {
        return 0;
    }

    @Override
    public long since() {
        return System.nanoTime();
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
