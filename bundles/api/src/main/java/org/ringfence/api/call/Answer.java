package org.ringfence.api.call;

/** The answer to a call, copied out of a reply cell. Mutable and reused like {@link Call}. */
public final class Answer {
    /** Bytes of payload a reply cell holds. */
    public static final int MAX_PAYLOAD = 384;

    public long callNumber;
    /** errno in the ABI of the region the answer is in; 0 for success. */
    public int error;
    public long result;
    public final byte[] payload = new byte[MAX_PAYLOAD];
    /** Used bytes of {@link #payload}, 0 to {@value #MAX_PAYLOAD}. */
    public int payloadLength;

    /** Makes this an answer without payload. */
    public Answer set(int error, long result) {
        this.error = error;
        this.result = result;
        payloadLength = 0;
        return this;
    }
}
