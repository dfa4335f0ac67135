package org.ringfence.api.transport;

/** A peer broke the region protocol: it is to be detached, and only it. The message names thing, value and bound. */
public final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Region region;

    public ProtocolViolation(Region region, String message) {
        super("region " + region.id() + ": " + message);
        this.region = region;
    }

    /** The region whose peer broke the protocol. */
    public Region region() {
        return region;
    }
}
