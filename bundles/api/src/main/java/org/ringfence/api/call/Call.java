package org.ringfence.api.call;

/**
 * One call on a socket, copied out of a command ring. Mutable and reused: the event loop fills it, a translator
 * rewrites it in place, the event loop sends it on. Not thread-safe; nobody may keep it.
 */
public final class Call {
    /** Bytes of payload a command entry holds. */
    public static final int MAX_PAYLOAD = 52;
    /** Value of {@link #payloadLength} for a call that claims more than an entry holds: it is answered EMSGSIZE. */
    public static final int PAYLOAD_TOO_LONG = MAX_PAYLOAD + 1;
    public static final int ARGUMENTS = 6;

    /** Number of the {@link Operation}; anything, until checked. */
    public int operation;
    public int slot;
    public int generation;
    /** Reply cell, or -1 if no answer is wanted. */
    public int cell;
    public long callNumber;
    /** Integer arguments in the order of the POSIX call, without the descriptor and pointers. */
    public final long[] arguments = new long[ARGUMENTS];
    /** Address or option value in the ABI of the region the call came from. */
    public final byte[] payload = new byte[MAX_PAYLOAD];
    /** Used bytes of {@link #payload}, 0 to {@value #MAX_PAYLOAD}; or {@link #PAYLOAD_TOO_LONG}, until checked. */
    public int payloadLength;

    /** Empties the call and names what it is about. */
    public Call clear(Operation operation, int slot, int generation) {
        this.operation = operation.number();
        this.slot = slot;
        this.generation = generation;
        cell = -1;
        callNumber = 0;
        payloadLength = 0;
        java.util.Arrays.fill(arguments, 0);
        return this;
    }
}
