package org.ringfence.gateway.internal;

import org.ringfence.api.call.Answer;

/**
 * A listener's ACCEPTs: how many it uses, and their order. An INS answers them in the order they were posted, which is that of the connections; but answers are
 * found by the number of their reply cell. One that is found before its predecessors is held here until they are: accept() gives the
 * connections in the order they came, as programs that open several expect (iperf3 does). Event loop's thread only.
 */
final class AcceptOrder {
    /** So many are posted for a listener at first. */
    private static final int FEW = 4;

    /** So many are to be posted at a time: more when they are used. */
    int wanted;
    /** Fewer are than could be: it is tried again. */
    boolean starved;
    private final int capacity;
    private final int kept;
    private final boolean[] held;
    private final int[] newSlots;
    private final int[] errors;
    private final int[] lengths;
    private final byte[] payloads;
    private long posted;
    private long delivered;

    /**
     * @param capacity ACCEPTs under way at a time, held ones included
     * @param kept bytes of an answer's payload that matter
     */
    AcceptOrder(int capacity, int kept) {
        this.capacity = capacity;
        this.kept = kept;
        held = new boolean[capacity];
        newSlots = new int[capacity];
        errors = new int[capacity];
        lengths = new int[capacity];
        payloads = new byte[capacity * kept];
        reset();
    }

    /** For another listener. */
    void reset() {
        java.util.Arrays.fill(held, false);
        posted = 0;
        delivered = 0;
        wanted = Math.min(FEW, capacity);
        starved = false;
    }

    /** The number of the ACCEPT that is being posted. */
    long post() {
        return posted++;
    }

    /** A connection has come. */
    void used() {
        wanted = Math.min(wanted + 1, capacity);
    }

    /** ACCEPTs that were posted and not delivered. */
    int underWay() {
        return (int) (posted - delivered);
    }

    /** True if the answer is the next to deliver: then it counts as delivered. Otherwise it has to be held. */
    boolean isNext(long number) {
        if (number != delivered) {
            return false;
        }
        delivered++;
        return true;
    }

    void hold(long number, int newSlot, Answer answer) {
        int at = (int) (number % capacity);
        held[at] = true;
        newSlots[at] = newSlot;
        errors[at] = answer.error;
        lengths[at] = Math.min(answer.payloadLength, kept);
        System.arraycopy(answer.payload, 0, payloads, at * kept, lengths[at]);
    }

    /** Takes the next answer to deliver, if it is held. Returns the INS's slot for the new connection, or -1. */
    int takeNext(Answer answer) {
        int at = (int) (delivered % capacity);
        if (!held[at]) {
            return -1;
        }
        held[at] = false;
        delivered++;
        answer.set(errors[at], 0);
        answer.payloadLength = lengths[at];
        System.arraycopy(payloads, at * kept, answer.payload, 0, lengths[at]);
        return newSlots[at];
    }
}
