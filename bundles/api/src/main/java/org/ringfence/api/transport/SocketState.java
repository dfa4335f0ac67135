package org.ringfence.api.transport;

/** States of a slot and its marks, with the numbers of {@code docs/protocol.md}. */
public final class SocketState {
    public static final int FREE = 0;
    public static final int OPEN = 1;
    public static final int LISTENING = 2;
    public static final int CONNECTING = 3;
    public static final int CONNECTED = 4;
    public static final int FAILED = 5;

    /** Mark: no byte follows in the in ring. */
    public static final int IN_EOF = 1;
    /** Mark: the connection is gone. */
    public static final int RESET = 2;
    /** Mark: sending is over. */
    public static final int OUT_SHUT = 4;

    private SocketState() {
    }
}
