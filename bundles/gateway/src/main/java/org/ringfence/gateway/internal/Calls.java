package org.ringfence.gateway.internal;

import org.ringfence.api.call.Call;

/** Copies of calls, which belong to whoever made them. */
final class Calls {
    /** What a call asks for, and of whom; not who waits for its answer. */
    static void copy(Call from, Call to) {
        to.operation = from.operation;
        to.slot = from.slot;
        to.generation = from.generation;
        System.arraycopy(from.arguments, 0, to.arguments, 0, Call.ARGUMENTS);
        to.payloadLength = from.payloadLength;
        System.arraycopy(from.payload, 0, to.payload, 0, Math.min(from.payloadLength, Call.MAX_PAYLOAD));
    }

    private Calls() {
    }
}
