package org.ringfence.ring.region;

import org.ringfence.api.transport.Direction;

/** Moves the bytes of a stream: as many at a time as there are and fit. A ring that was full is exchanged for a larger one. */
public final class StreamFlow extends RingFlow {
    public StreamFlow(Direction direction, Journal journal) {
        super(direction, journal);
    }

    @Override
    boolean transfer(int filled, int room) {
        int length = Math.min(filled, room);
        copy(0, length);
        advance(length, length);
        return true;
    }

    @Override
    boolean grows() {
        return true;
    }
}
