package org.ringfence.api.transport;

/** A peer broke the region protocol: it is to be detached, and only it. The message names thing, value and bound. */
public final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1;

    public ProtocolViolation(String message) {
        super(message);
    }
}
