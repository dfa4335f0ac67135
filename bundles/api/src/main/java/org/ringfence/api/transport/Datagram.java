package org.ringfence.api.transport;

/** What a filter sees of a datagram: its addresses. Mutable and reused; valid during the call it is passed to. */
public final class Datagram {
    /** Bytes of its payload. */
    public int length;
    /** Who sent it (in), or whom it is for (out). A socket address in the ABI of the region it comes from. */
    public final byte[] name = new byte[28];
    /** Bytes of {@link #name}; 0 if it is for the connected peer. */
    public int nameLength;
    /** The local address it came to, or is to leave from. */
    public final byte[] via = new byte[28];
    /** Bytes of {@link #via}; 0 if none is named. */
    public int viaLength;
}
